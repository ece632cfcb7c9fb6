/**
 * Results for scripts: `json` prints one object at the end, `ndjson` prints every input as it arrives, and the result last.
 */
import type { Clock, Output } from '../runtime/context.js';
import { exitCode, isByDeadline } from '../model/outcome.js';
import { toOutputJson } from '../model/json.js';
import type { OutputObject } from '../model/output.js';
import type { EventInput, Input, RunState, Stamp } from '../model/reducer.js';
import { stamp } from '../runtime/context.js';
import { Batch } from './lines/batch.js';
import { SilentDisplay, type Ending, type StartInfo } from './display.js';

/** An object without the fields that all objects have. */
type Body = OutputObject extends infer O
  ? O extends OutputObject
    ? Omit<O, 'schema' | 'time' | 'elapsed_ms'>
    : never
  : never;

export interface JsonOptions {
  /** Whether inputs are printed as they arrive, or only the result. */
  stream: boolean;
  /** Whether heartbeats are printed too. */
  comments: boolean;
  /** The event types to print. */
  types: ReadonlySet<string> | null;
}

export class JsonDisplay extends SilentDisplay {
  readonly #lines: Batch;
  readonly #clock: Clock;
  readonly #options: JsonOptions;
  readonly #started: number;
  /** The time of the last line and its text; most lines of a batch have the same. */
  #time = NaN;
  #timeText = '';
  /** The lab's state that was printed last. */
  #state: string | null = null;

  constructor(out: Output, clock: Clock, options: JsonOptions) {
    super();
    this.#lines = new Batch(out);
    this.#clock = clock;
    this.#options = options;
    this.#started = clock.monotonic();
  }

  override start(info: StartInfo): void {
    const { command, user, request, address } = info;
    const { controller, hub, name } = address;
    const start = { command, user, controller, hub, server: name, request };
    if (this.#options.stream) this.#add(stamp(this.#clock), { kind: 'start', ...start });
    this.flush();
  }

  override show(state: RunState, input: Input): void {
    if (!this.#options.stream) return;
    const body = this.#body(state, input);
    if (body !== null) this.#add(input, body);
  }

  override flush(): void {
    this.#lines.flush();
  }

  override finish({ outcome, events, lab, lastEvent, stages, more }: Ending): void {
    this.#add(stamp(this.#clock), {
      kind: 'result',
      outcome: outcome.kind,
      exit_code: exitCode(outcome),
      message: outcome.message,
      events,
      lab: lab === null ? null : lab.raw,
      ...(isByDeadline(outcome) ? { last_event: this.#lastEvent(lastEvent ?? null) } : {}),
      ...(stages === undefined ? {} : { stages: [...stages] }),
      ...more,
      ...('error' in outcome ? { error: outcome.error } : {}),
    });
    this.flush();
  }

  #body(state: RunState, input: Input): Body | null {
    switch (input.kind) {
      case 'event':
        if (this.#options.types?.has(input.event.type) === false) return null;
        return { kind: 'event', seq: state.events, event: input.event };
      case 'heartbeat':
        return this.#options.comments ? { kind: 'comment', comment: input.comment } : null;
      case 'connection':
        return {
          kind: 'connection',
          state: input.state,
          attempt: input.attempt,
          reason: input.reason,
        };
      case 'skipped':
        return { kind: 'skipped', reason: input.reason, frame: input.frame };
      case 'state':
      case 'lab': {
        const text = JSON.stringify(input.lab?.raw ?? null);
        if (text === this.#state) return null;
        this.#state = text;
        return { kind: 'state', state: input.lab?.raw ?? null };
      }
      case 'refused':
      case 'ended':
      case 'repeated':
      case 'bytes':
      case 'look':
      case 'following':
      case 'response':
      case 'polling':
      case 'checking':
      case 'confirmed':
      case 'decided':
        return null;
    }
  }

  #lastEvent(input: EventInput | null) {
    if (input === null) return null;
    const { type, message } = input.event;
    return { type, message, time: new Date(input.time).toISOString(), elapsed_ms: this.#elapsed(input) };
  }

  #elapsed({ at }: Stamp): number {
    return Math.max(0, Math.round(at - this.#started));
  }

  #add(at: Stamp, body: Body): void {
    if (at.time !== this.#time) {
      this.#time = at.time;
      this.#timeText = new Date(at.time).toISOString();
    }
    const head = { schema: 1, kind: body.kind, time: this.#timeText, elapsed_ms: this.#elapsed(at) };
    this.#lines.add(toOutputJson(Object.assign(head, body)));
  }
}
