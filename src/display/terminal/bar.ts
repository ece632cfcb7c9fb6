/**
 * Progress for a person at a terminal: a spinner while there is no percentage, then a bar, with the messages above.
 *
 * ora and cli-progress draw, through one live line and never both at once; this module decides what and
 * when. Drawing happens on ticks only, so its rate is bounded however fast events come. The process draws nothing in the
 * background: the messages follow with the next drawing, or at the end. At the end, the bar disappears.
 */
import cliProgress, { type SingleBar } from 'cli-progress';
import ora, { type Ora } from 'ora';
import type { Clock, JobControl, Output } from '../../runtime/context.js';
import { exitCode } from '../../model/outcome.js';
import type { EventInput, Input, RunState } from '../../model/reducer.js';
import { elapsed, logText } from '../../model/text.js';
import { ConnectionReports } from '../connection.js';
import { SilentDisplay } from '../display.js';
import { asItIs, healthText, skippedMessage, warningMessage, type Message } from '../messages.js';
import type { Theme } from '../theme.js';
import { LiveLine } from './live.js';
import { PendingLines } from './pending.js';
import { cut, displayWidth } from './width.js';

/** The values that a bar shows. */
export interface Snapshot {
  percent: number;
  elapsedMs: number;
  message: string;
  /** Green or red when the run is over. */
  color: 'cyan' | 'green' | 'red';
}

/** The bar's line: percent, bar, elapsed time and as much of the message as fits, narrower than `columns`. */
export function barLine(columns: number, snapshot: Snapshot, theme: Theme): string {
  const { color, symbols } = theme;
  const percent = `${String(snapshot.percent).padStart(3)}%`;
  const time = elapsed(snapshot.elapsedMs);
  // The last column stays free: some terminals wrap as soon as it is written.
  const room = columns - 1;
  const fixed = percent.length + time.length + 2;
  const cells = Math.max(0, Math.min(30, Math.floor((room - fixed) / 3)));
  // Rounded down: only 100 % looks like 100 %.
  const full = Math.floor((cells * snapshot.percent) / 100);
  const bar =
    color[snapshot.color](symbols.full.repeat(full)) + color.dim(symbols.empty.repeat(cells - full));
  const left = room - fixed - cells - 2;
  const message = left < 4 ? '' : `  ${cut(theme.safe(snapshot.message), left, symbols.ellipsis)}`;
  return `${percent} ${bar} ${time}${message}`;
}

/** The spinner's text: what the run waits for, and for how long. */
export function spinnerText(columns: number, text: string, elapsedMs: number, theme: Theme): string {
  const time = elapsed(elapsedMs);
  const room = columns - 1 - 2 - displayWidth(time) - 1;
  return `${cut(theme.safe(text), room, theme.symbols.ellipsis)} ${time}`;
}

/** The percentage to show: 100 only on success, regardless of the events. */
export function shownPercent(state: RunState): number {
  if (state.outcome !== null && exitCode(state.outcome) === 0) return 100;
  return Math.min(state.percent ?? 0, 99);
}

/** How often cli-progress redraws by itself, per second: once a day, because `tick` does all the drawing. */
const never = 1 / 86_400;

export class BarDisplay extends SilentDisplay {
  override readonly tickEvery: number;
  readonly #live: LiveLine;
  readonly #theme: Theme;
  readonly #clock: Clock;
  readonly #jobs: JobControl;
  readonly #started: number;
  readonly #unsubscribe: () => void;
  readonly #connection = new ConnectionReports();
  readonly #pending: PendingLines;
  #spinner: Ora | null = null;
  #bars: cliProgress.MultiBar | null = null;
  #bar: SingleBar | null = null;
  #state: RunState | null = null;
  #lastMessage = '';
  /** A terminal event. It gets a line only if the end of the run does not say the same. */
  #terminalEvent: EventInput | null = null;
  /** The bar as it was last drawn; a bar that looks the same is not drawn again. */
  #drawn = '';
  #closed = false;

  constructor(out: Output, theme: Theme, clock: Clock, jobs: JobControl) {
    super();
    this.#live = new LiveLine(out);
    this.#jobs = jobs;
    this.#theme = theme;
    this.#clock = clock;
    this.#started = clock.monotonic();
    this.#pending = new PendingLines(theme, this.#started);
    this.tickEvery = theme.spinner.interval;
    this.#unsubscribe = jobs.subscribe({
      suspend: () => {
        this.#live.release();
        this.#drawn = '';
      },
      resume: () => {
        if (this.#state !== null) this.tick(this.#state);
      },
    });
  }

  override show(state: RunState, input: Input): void {
    this.#state = state;
    const news = this.#connection.report(input);
    if (news !== null) {
      const { text, isWarning } = news;
      const message = isWarning ? this.#warning(text) : { word: '', text, paint: asItIs };
      this.#pending.add(message, input.at);
    }
    if (input.kind === 'event') this.#showEvent(input);
    else if (input.kind === 'skipped') this.#pending.add(skippedMessage(input, this.#theme), input.at);
  }

  override warn(text: string): void {
    this.#pending.add(this.#warning(text), null);
  }

  override note(text: string): void {
    this.#pending.add({ word: '', text: logText(text), paint: this.#theme.color.dim }, null);
  }

  override tick(state: RunState): void {
    if (this.#closed) return;
    this.#state = state;
    if (this.#isAway()) return;
    this.#live.hold();
    if (state.percent === null) this.#drawSpinner(state);
    else this.#drawBar(state);
  }

  override close(state: RunState | null): void {
    if (this.#closed) return;
    if (!isSaidAtEnd(this.#terminalEvent, state)) this.#addTerminalEvent();
    if (this.#isAway()) this.#live.print(this.#takePending());
    else if (state !== null && (state.percent !== null || this.#bar !== null)) this.#drawBar(state);
    else this.#printAboveSpinner();
    this.#closed = true;
    this.#spinner?.clear();
    this.#bars?.stop();
    this.#live.release();
    this.#unsubscribe();
  }

  #showEvent(input: EventInput): void {
    this.#addTerminalEvent();
    const { type, message } = input.event;
    // The message may be megabytes, and the last one is read at every drawing.
    this.#lastMessage = message.slice(0, 1000);
    if (type === 'complete' || type === 'failed') this.#terminalEvent = input;
    else this.#pending.addEvent(input);
  }

  #addTerminalEvent(): void {
    if (this.#terminalEvent !== null) this.#pending.addEvent(this.#terminalEvent);
    this.#terminalEvent = null;
  }

  #warning(text: string): Message {
    return warningMessage(text, this.#theme, this.#theme.symbols.warning);
  }

  #takePending(): string {
    return this.#pending.take(this.#clock.monotonic(), this.#live.columns);
  }

  #isAway(): boolean {
    const away = !this.#jobs.isInForeground();
    this.#live.setAway(away);
    if (away) this.#drawn = '';
    return away;
  }

  #drawSpinner(state: RunState): void {
    this.#printAboveSpinner();
    this.#spinner ??= ora({
      stream: this.#live.asStream(),
      isEnabled: true,
      // Its raw mode would swallow a typed Ctrl-C and Ctrl-Z.
      discardStdin: false,
      hideCursor: false,
      color: false,
      spinner: this.#theme.spinner,
    });
    const waiting = state.reachable ? 'Waiting for the first event' : `Contacting ${state.server}`;
    const text = this.#lastMessage === '' ? waiting : this.#lastMessage;
    const health = healthText(state, this.#clock.monotonic());
    this.#spinner.text = spinnerText(this.#live.columns, health ?? text, this.#elapsed(), this.#theme);
    // Never started, only rendered: its own timer and its hooks on the streams are not needed.
    this.#spinner.render();
    this.#live.park();
  }

  #printAboveSpinner(): void {
    if (this.#pending.isEmpty) return;
    this.#spinner?.clear();
    this.#live.write(this.#takePending());
  }

  #drawBar(state: RunState): void {
    const snapshot: Snapshot = {
      percent: shownPercent(state),
      elapsedMs: this.#elapsed(),
      message: this.#message(state),
      color: colorFor(state),
    };
    const line = barLine(this.#live.columns, snapshot, this.#theme);
    if (line === this.#drawn && this.#pending.isEmpty) return;
    this.#drawn = line;
    if (this.#bars === null) {
      this.#spinner?.clear();
      this.#spinner = null;
      const options: cliProgress.Options & { terminal: unknown } = {
        terminal: this.#live.asTerminal(),
        fps: never,
        forceRedraw: true,
        // Only the line that reports how the run ended stays on the screen.
        clearOnComplete: true,
        format: (_options, params, payload) =>
          barLine(params.maxWidth, { ...(payload as Snapshot), percent: params.value }, this.#theme),
      };
      this.#bars = new cliProgress.MultiBar(options);
      this.#bar = this.#bars.create(100, snapshot.percent, snapshot);
    }
    this.#bar?.update(snapshot.percent, snapshot);
    if (!this.#pending.isEmpty) this.#bars.log(this.#takePending());
    this.#bars.update();
  }

  #message(state: RunState): string {
    const health = state.outcome === null ? healthText(state, this.#clock.monotonic()) : null;
    return [health, this.#lastMessage].filter((part) => part !== null && part !== '').join('; ');
  }

  #elapsed(): number {
    return this.#clock.monotonic() - this.#started;
  }
}

/** Whether the end of a run says what its terminal event says. */
function isSaidAtEnd(input: EventInput | null, state: RunState | null): boolean {
  const { outcome } = state ?? { outcome: null };
  if (input === null || outcome === null) return false;
  const { type, message } = input.event;
  return type === 'complete' ? exitCode(outcome) === 0 : outcome.message.startsWith(message);
}

function colorFor({ outcome }: RunState): Snapshot['color'] {
  if (outcome === null) return 'cyan';
  return exitCode(outcome) === 0 ? 'green' : 'red';
}
