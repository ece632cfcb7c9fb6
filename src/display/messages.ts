/**
 * The messages of the displays for people: events, warnings, the connection's health, and the end of a run.
 *
 * Owns the wording, and sanitises all untrusted text. Each display decides where a line begins, how it is wrapped, and
 * when it is written. Changes of the connection are in `connection.ts`.
 */
import { longest, type Stage } from '../model/stages.js';
import type { Event } from '../model/event.js';
import type { Outcome } from '../model/outcome.js';
import type { EventInput, Input, RunState } from '../model/reducer.js';
import { elapsed, inWords, logText } from '../model/text.js';
import type { Theme } from './theme.js';

/** One message, sanitised and without colour. */
export interface Message {
  /** The kind of message, as in `error:`; empty if no word is needed. */
  word: string;
  text: string;
  /** Colours the word or, if there is none, the text. */
  paint: (text: string) => string;
}

/** The message as one line. */
export function lineOf({ word, text, paint }: Message): string {
  return word === '' ? paint(text) : `${paint(word)} ${text}`;
}

/** An event. `limit`: how much of its message is kept, in UTF-16 units. */
export function eventMessage({ type, message }: Event, theme: Theme, limit?: number): Message {
  const text = logText(message, limit);
  return type === 'info'
    ? { word: '', text, paint: asItIs }
    : { word: `${type}:`, text, paint: painter(type, theme) };
}

export function warningMessage(text: string, { color }: Theme, word: string): Message {
  return { word, text: logText(text), paint: color.yellow };
}

/** A frame that is not an Event, and why. */
export function skippedMessage({ frame, reason }: Input & { kind: 'skipped' }, { color }: Theme): Message {
  const shown = frame === null ? '' : `: ${logText(`${frame.event ?? ''} ${frame.data}`.trim(), 200)}`;
  return { word: 'skipped:', text: `${logText(reason, 200)}${shown}`, paint: color.yellow };
}

export function asItIs(text: string): string {
  return text;
}

/** The colour of an event type. */
function painter(type: Event['type'], { color }: Theme): (text: string) => string {
  switch (type) {
    case 'info':
      return color.cyan;
    case 'complete':
      return color.green;
    case 'error':
    case 'failed':
      return color.red;
  }
}

/** The progress of an event, right-aligned in four columns. */
export function percentColumn(progress: number | null): string {
  return progress === null ? '    ' : `${progress}%`.padStart(4);
}

/** An event as a line of the raw stream, where each has its type. */
export function typedEventLine({ type, progress, message }: Event, theme: Theme): string {
  return typedLine(type, painter(type, theme), progress, logText(message));
}

/** A line of the raw stream: a type, the progress and a text, in columns. */
export function typedLine(
  type: string,
  paint: (text: string) => string,
  progress: number | null,
  text: string,
): string {
  return `${paint(type.padEnd(8))} ${percentColumn(progress)}  ${text}`;
}

/** After this long without an event (ms), the display explains why. */
const longSilence = 10_000;

/** Why no events arrive at a moment in monotonic milliseconds; null if nothing is wrong. */
export function healthText(state: RunState, now: number): string | null {
  const { retrying, reachable, lastContactAt, lastEventAt } = state;
  if (retrying !== null) return `retrying, attempt ${retrying}`;
  if (!reachable || now - lastEventAt < longSilence) return null;
  const since = (at: number): string => inWords(Math.floor((now - at) / 1000) * 1000);
  return lastContactAt > lastEventAt
    ? `no events; last ping ${since(lastContactAt)} ago`
    : `no data for ${since(lastEventAt)}`;
}

/** The last event and when it arrived, in a run that began at `started`, in monotonic milliseconds. */
export function lastEventText({ event, at }: EventInput, started: number): string {
  return `last event, at ${elapsed(at - started)}: ${event.type}: ${logText(event.message, 500)}`;
}

/** What is known about a run when it ends, apart from its outcome. */
export interface Finish {
  /** The command; null if none has begun. */
  command: string | null;
  elapsedMs: number;
  /** Whether a person reads it at a terminal. In a log, the events before it have times. */
  isAtTerminal: boolean;
  /** An error that is on the screen just above, so that it need not be repeated. */
  shownError: string | null;
  /** Where the time went. */
  stages?: readonly Stage[] | undefined;
}

/** The end of a run: what happened, and below it what to do about that. */
export function endMessages(outcome: Outcome, finish: Finish, theme: Theme): Message[] {
  const { symbols, color } = theme;
  const time = hasTotal(outcome, finish) ? ` (${elapsed(finish.elapsedMs)}${mostOf(outcome, finish)})` : '';
  const text = `${logText(sentenceFor(outcome, finish))}${time}`;
  if (!('error' in outcome)) {
    const { kind } = outcome;
    // A count, or a state that is not final, gets no success mark.
    if (kind === 'ok' || kind === 'pending') return [{ word: '', text, paint: asItIs }];
    return [{ word: symbols.done, text, paint: color.green }];
  }
  // A run that was left early has not failed.
  const isEarly = outcome.kind === 'interrupted' || outcome.kind === 'timeout';
  const word = isEarly ? symbols.warning : symbols.failed;
  const paint = isEarly ? color.yellow : color.red;
  const { hint } = outcome.error;
  if (hint === null) return [{ word, text, paint }];
  // A usage error is one line. Some of commander's messages end with a full stop.
  if (outcome.kind === 'usage')
    return [{ word, text: `${text.replace(/\.$/, '')}. ${logText(hint)}`, paint }];
  return [{ word, text, paint }, detail(hint)];
}

/** What took most of the time of a lab that runs now. */
function mostOf({ kind }: Outcome, { stages = [], elapsedMs }: Finish): string {
  const most = kind === 'complete' || kind === 'running' ? longest(stages, elapsedMs) : null;
  return most === null ? '' : `, of which ${elapsed(most.ms)} ${most.doing}`;
}

/** A detail line below its message. */
export function detail(text: string): Message {
  return { word: ' ', text: logText(text), paint: asItIs };
}

/** Commands that follow an operation to its end, so that the duration is worth reporting. */
const followingCommands: readonly (string | null)[] = ['spawn', 'wait', 'stop', 'events'];

function hasTotal({ kind }: Outcome, { command, isAtTerminal }: Finish): boolean {
  if (!followingCommands.includes(command)) return false;
  switch (kind) {
    case 'complete':
    case 'running':
    case 'absent':
      return true;
    case 'failed':
    case 'timeout':
    case 'unknown':
    case 'interrupted':
      return isAtTerminal;
    default:
      return false;
  }
}

function sentenceFor(outcome: Outcome, { command, shownError }: Finish): string {
  const { kind, message } = outcome;
  switch (kind) {
    case 'complete':
      // The event's own message is in the JSON and in the log. An old stream does not say that the lab still runs.
      return command === 'events' ? 'Operation complete' : 'Lab is running';
    case 'running':
    case 'absent':
    case 'detached':
      return capitalised(message.replace(/^the (?=lab is )/, ''));
    case 'failed': {
      const repeated = shownError === null ? '' : `: ${shownError}`;
      return repeated !== '' && message.endsWith(repeated) ? message.slice(0, -repeated.length) : message;
    }
    default:
      return message;
  }
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
