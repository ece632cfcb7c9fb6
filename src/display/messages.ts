/**
 * Events and other inputs as lines for people, and the words for an ending.
 *
 * Shared by every human display. Everything from outside is made harmless here.
 */
import type { Event } from '../model/event.js';
import type { Outcome } from '../model/outcome.js';
import type { EventInput, Input, RunState } from '../model/reducer.js';
import { elapsed, inWords, logText } from '../model/text.js';
import type { Theme } from './theme.js';

/** An event's type, progress and message in columns, as one line. */
export function eventLine(event: Event, theme: Theme): string {
  return eventColumns(event, theme) + logText(event.message);
}

/** What stands before the message. */
export function eventColumns({ type, progress }: Pick<Event, 'type' | 'progress'>, theme: Theme): string {
  const percent = progress === null ? '' : `${progress}%`;
  return `${paint(type.padEnd(8), type, theme)} ${percent.padStart(4)}  `;
}

/** A word in the colour of its event type. */
function paint(text: string, type: Event['type'], { color }: Theme): string {
  switch (type) {
    case 'info':
      return color.cyan(text);
    case 'complete':
      return color.green(text);
    case 'error':
    case 'failed':
      return color.red(text);
  }
}

/** A frame that is no Event, said as such. */
export function skippedLine(input: Input & { kind: 'skipped' }, theme: Theme): string {
  const { frame, reason } = input;
  const shown = frame === null ? '' : `: ${logText(`${frame.event ?? ''} ${frame.data}`.trim(), 200)}`;
  return `${theme.color.yellow('skipped'.padEnd(8))}       ${logText(reason, 200)}${shown}`;
}

/** What a change of the connection means to a person; null where it is none of their business. */
export function connectionLine(input: Input & { kind: 'connection' }): string | null {
  const because = input.reason === null ? '' : `: ${logText(input.reason, 500)}`;
  switch (input.state) {
    case 'open':
      return null;
    case 'lost':
      return `the event stream was lost${because}`;
    case 'retrying':
      return `reconnecting, attempt ${input.attempt}${because}`;
    case 'resumed':
      return 'the event stream is back';
    case 'replaced':
      return 'a new operation has begun; progress starts over';
  }
}

/** Without an event for this long, a person wants to know why, in milliseconds. */
const longSilence = 10_000;

/** What keeps the events from coming, at a moment in monotonic milliseconds; null where nothing does. */
export function healthText(state: RunState, now: number): string | null {
  const { retrying, heard, lastHeardAt, lastEventAt } = state;
  if (retrying !== null) return `reconnecting, attempt ${retrying}`;
  if (!heard || now - lastEventAt < longSilence) return null;
  const seconds = (since: number): string => inWords(Math.floor((now - since) / 1000) * 1000);
  return lastHeardAt > lastEventAt
    ? `alive, last ping ${seconds(lastHeardAt)} ago`
    : `silent for ${seconds(lastEventAt)}`;
}

/** What was heard last, and when, of a run that began at `started`, in monotonic milliseconds. */
export function lastEventLine({ event, at }: EventInput, started: number): string {
  return `  last event, at ${elapsed(at - started)}: ${event.type}: ${logText(event.message, 500)}`;
}

/** The lines that tell a person how it ended. */
export function endingLines(outcome: Outcome, theme: Theme): string[] {
  const { color, symbols } = theme;
  switch (outcome.kind) {
    case 'ok':
    case 'complete':
    case 'running':
    case 'detached':
    case 'absent':
      return [`${color.green(symbols.done)} ${logText(outcome.message)}`];
    case 'pending':
      // Not over yet, and perhaps never: no success to be ticked off.
      return [logText(outcome.message)];
    default: {
      const { hint } = outcome.error;
      // Leaving early is no failure of the lab's.
      const early = outcome.kind === 'interrupted' || outcome.kind === 'timeout';
      const symbol = early ? color.yellow(symbols.warning) : color.red(symbols.failed);
      const line = `${symbol} ${logText(outcome.message)}`;
      if (hint === null) return [line];
      if (outcome.kind !== 'usage') return [line, `  ${logText(hint)}`];
      // Some of commander's messages are sentences.
      return [`${line.replace(/\.$/, '')}. ${logText(hint)}`];
    }
  }
}
