/**
 * Progress for a person at a terminal: a spinner while nothing is numeric, then a bar, messages above.
 *
 * ora and cli-progress draw, through one live line and never both at once; this module decides what and
 * when. Drawing happens on ticks only, so its rate is bounded however fast events come. In the background nothing is
 * drawn: what would have been shown comes with the next drawing, or at the end.
 */
import cliProgress, { type SingleBar } from 'cli-progress';
import ora, { type Ora } from 'ora';
import type { Clock, JobControl, Output } from '../../runtime/context.js';
import { exitCode } from '../../model/outcome.js';
import type { Input, RunState } from '../../model/reducer.js';
import { SilentDisplay } from '../display.js';
import { LiveLine } from './live.js';
import { connectionLine, healthText, skippedLine } from '../messages.js';
import { PendingLines } from './pending.js';
import { elapsed, logText } from '../../model/text.js';
import type { Theme } from '../theme.js';
import { cut, displayWidth } from './width.js';

/** What a bar is drawn from. */
export interface Snapshot {
  percent: number;
  elapsedMs: number;
  message: string;
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
  const bar = color.cyan(symbols.full.repeat(full)) + color.dim(symbols.empty.repeat(cells - full));
  const left = room - fixed - cells - 2;
  const message = left < 4 ? '' : `  ${cut(theme.safe(snapshot.message), left, symbols.ellipsis)}`;
  return `${percent} ${bar} ${time}${message}`;
}

/** The spinner's text: what is being waited for, and for how long. */
export function spinnerText(columns: number, text: string, elapsedMs: number, theme: Theme): string {
  const time = elapsed(elapsedMs);
  const room = columns - 1 - 2 - displayWidth(time) - 1;
  return `${cut(theme.safe(text), room, theme.symbols.ellipsis)} ${time}`;
}

/** How far the bar may go: to 100 only on success, whatever an event says. */
export function shownPercent(state: RunState): number {
  if (state.outcome !== null && exitCode(state.outcome) === 0) return 100;
  return Math.min(state.percent ?? 0, 99);
}

/** cli-progress redraws by itself as often as this; drawing is ours, so: once a day. */
const never = 1 / 86_400;

export class BarDisplay extends SilentDisplay {
  override readonly tickEvery: number;
  readonly #live: LiveLine;
  readonly #theme: Theme;
  readonly #clock: Clock;
  readonly #jobs: JobControl;
  readonly #unsubscribe: () => void;
  #spinner: Ora | null = null;
  #bars: cliProgress.MultiBar | null = null;
  #bar: SingleBar | null = null;
  readonly #pending: PendingLines;
  #state: RunState | null = null;
  #lastMessage = '';
  /** The bar as it was last drawn; a bar that looks the same is not drawn again. */
  #drawn = '';
  #closed = false;

  constructor(out: Output, theme: Theme, clock: Clock, jobs: JobControl) {
    super();
    this.#live = new LiveLine(out);
    this.#jobs = jobs;
    this.#theme = theme;
    this.#pending = new PendingLines(theme, clock.monotonic());
    this.tickEvery = theme.spinner.interval;
    this.#clock = clock;
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
    switch (input.kind) {
      case 'event':
        // It may be megabytes long, and it is looked at again and again.
        this.#lastMessage = input.event.message.slice(0, 1000);
        this.#pending.addEvent(input.event);
        break;
      case 'skipped':
        this.#pending.addLine(skippedLine(input, this.#theme));
        break;
      case 'connection': {
        // An attempt is told by the bar itself, as long as it lasts.
        const line = input.state === 'retrying' ? null : connectionLine(input);
        if (line !== null) this.warn(line);
        break;
      }
      default:
        break;
    }
  }

  override warn(message: string): void {
    this.#pending.addLine(`${this.#theme.color.yellow(this.#theme.symbols.warning)} ${logText(message)}`);
  }

  override note(message: string): void {
    this.#pending.addLine(this.#theme.color.dim(logText(message)));
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
    if (this.#isAway()) this.#live.print(this.#pending.take(this.#clock.monotonic()));
    else if (state !== null && (state.percent !== null || this.#bar !== null)) this.#drawBar(state);
    else this.#printAboveSpinner();
    this.#closed = true;
    this.#spinner?.clear();
    this.#bars?.stop();
    this.#live.release();
    this.#unsubscribe();
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
    const waiting = state.heard ? 'Waiting for the first event' : 'Asking the controller';
    const text = this.#lastMessage === '' ? waiting : this.#lastMessage;
    const health = healthText(state, this.#clock.monotonic());
    this.#spinner.text = spinnerText(this.#live.columns, health ?? text, this.#elapsed(state), this.#theme);
    // Never started, only rendered: its own timer and its hooks on the streams are not needed.
    this.#spinner.render();
    this.#live.park();
  }

  #printAboveSpinner(): void {
    if (this.#pending.isEmpty) return;
    this.#spinner?.clear();
    this.#live.write(this.#pending.take(this.#clock.monotonic()));
  }

  #drawBar(state: RunState): void {
    const snapshot: Snapshot = {
      percent: shownPercent(state),
      elapsedMs: this.#elapsed(state),
      message: this.#message(state),
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
        format: (_options, params, payload) =>
          barLine(params.maxWidth, { ...(payload as Snapshot), percent: params.value }, this.#theme),
      };
      this.#bars = new cliProgress.MultiBar(options);
      this.#bar = this.#bars.create(100, snapshot.percent, snapshot);
    }
    this.#bar?.update(snapshot.percent, snapshot);
    if (!this.#pending.isEmpty) this.#bars.log(this.#pending.take(this.#clock.monotonic()));
    this.#bars.update();
  }

  #message(state: RunState): string {
    const health = state.outcome === null ? healthText(state, this.#clock.monotonic()) : null;
    return [health, this.#lastMessage].filter((part) => part !== null && part !== '').join('; ');
  }

  #elapsed(state: RunState): number {
    return this.#clock.monotonic() - state.started.at;
  }
}
