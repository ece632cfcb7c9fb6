/**
 * The state of one run and its display.
 *
 * Owns the one place where inputs change the state, and the redrawing. `model/reducer.ts` decides what inputs mean;
 * `requests.ts` and `event-follower.ts` produce them.
 */
import type { Display } from '../../display/display.js';
import {
  advance,
  initialRun,
  type Fact,
  type Goal,
  type Input,
  type RunState,
  type ServerName,
} from '../../model/reducer.js';
import { Stages } from '../../model/stages.js';
import { stamp, type Context } from '../../runtime/context.js';

export class Run {
  readonly context: Context;
  readonly display: Display;
  /** Where the time goes. */
  readonly stages: Stages;
  #state: RunState;
  #stopTicking: () => void = () => undefined;

  constructor(context: Context, display: Display, goal: Goal, server: ServerName) {
    this.context = context;
    this.display = display;
    const started = stamp(context.clock);
    this.#state = initialRun(goal, started, server);
    this.stages = new Stages(started.at);
    this.#tick();
  }

  get state(): RunState {
    return this.#state;
  }

  /** Stops redrawing; the display is the caller's. */
  close(): void {
    this.#stopTicking();
  }

  /** Adds the time to a fact and applies it to the state. */
  advance(fact: Fact): Input {
    const input: Input = { ...stamp(this.context.clock), ...fact };
    this.take(input);
    return input;
  }

  /** The one way in which the run's state changes. */
  take(input: Input): void {
    this.#state = advance(this.#state, input);
    this.stages.take(input);
  }

  show(input: Input): void {
    // A display reports retries only when they last, so the trace has the reasons.
    if (input.kind === 'connection' && input.state === 'retrying') {
      const reason = input.reason ?? 'the connection was lost';
      this.context.trace(1, `retrying, attempt ${input.attempt}: ${reason}`);
    }
    this.display.show(this.#state, input);
  }

  #tick(): void {
    const every = this.display.tickEvery;
    if (every === null) return;
    this.display.tick(this.#state);
    const again = (): void => {
      this.#stopTicking = this.context.clock.after(every, again);
      this.display.tick(this.#state);
    };
    this.#stopTicking = this.context.clock.after(every, again);
  }
}
