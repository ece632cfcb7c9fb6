/**
 * A source of events and states for the stream layer that a test feeds by hand, and short descriptions of its inputs.
 */
import { decodeFrame as decode } from '../../src/backends/nublado/operation.js';
import { toSse, type Event } from '../../src/model/event.js';
import type { Lab } from '../../src/model/lab.js';
import { noSecrets } from '../../src/model/redactor.js';
import type { Failure, Result } from '../../src/model/result.js';
import type { Input } from '../../src/model/reducer.js';
import type { EventStream } from '../../src/stream/event-stream.js';
import type { Source } from '../../src/stream/source.js';

export const info = (message: string, progress: number): Event => ({ type: 'info', message, progress });
export const complete: Event = { type: 'complete', message: 'up', progress: null };

export const failure = (
  kind: Failure['kind'],
  message: string,
  from: Failure['from'],
  retry: 'never' | 'later',
): Failure => ({
  kind,
  error: { type: 't', message, status: null, hint: null },
  retry,
  effect: 'none',
  from,
});
export const notAController = failure('unknown', 'what?', 'other', 'later');
export const nobodyThere = failure('unknown', 'refused', 'nobody', 'later');
export const busy = failure('unknown', 'busy', 'server', 'later');
export const forbidden = failure('unauthorized', 'no', 'server', 'never');
export const notFound = failure('not-found', 'no such user', 'server', 'never');

/** A source whose stream the test feeds by hand. */
export class HandFed implements Source {
  readonly states: (Lab | null)[] = [];
  asked = 0;
  closed = false;
  refusal: Failure | null = null;
  /** Whether the request for the stream gets no response. */
  silent = false;
  replay: EventStream['replay'] = 'whole';
  readonly redact = noSecrets.redact;
  #wake: (() => void) | null = null;
  #queue: (Uint8Array | 'end' | 'cut')[] = [];

  feed(...items: (Event | string)[]): void {
    for (const item of items) {
      if (item === 'end' || item === 'cut') this.#queue.push(item);
      else this.#queue.push(Buffer.from(typeof item === 'string' ? item : toSse(item)));
    }
    this.#wake?.();
  }

  events(signal: AbortSignal): Promise<Result<EventStream>> {
    if (this.silent) {
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          resolve({ ok: false, failure: nobodyThere });
        });
      });
    }
    if (this.refusal !== null) return Promise.resolve({ ok: false, failure: this.refusal });
    return Promise.resolve({
      ok: true,
      value: { body: this.#body(signal), decode, replay: this.replay, heartbeat: 'comment' },
    });
  }

  state(): Promise<Result<Lab | null>> {
    this.asked++;
    return Promise.resolve({ ok: true, value: this.states.shift() ?? null });
  }

  async *#body(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.closed = false;
    signal.addEventListener('abort', () => {
      this.closed = true;
      this.#wake?.();
    });
    for (;;) {
      if (signal.aborted) throw new Error('aborted');
      const item = this.#queue.shift();
      if (item === 'end') return;
      if (item === 'cut') throw new Error('cut');
      if (item !== undefined) yield item;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

export function describeInput(input: Input): string {
  switch (input.kind) {
    case 'event':
      return `${input.event.type} ${input.event.message}`;
    case 'heartbeat':
      return `heartbeat ${input.comment}`;
    case 'connection':
      return `${input.state}${input.state === 'retrying' ? ` ${input.attempt}` : ''}${
        input.reason === null ? '' : `: ${input.reason}`
      }`;
    case 'ended':
      return input.clean ? 'ended' : 'ended by loss';
    case 'state':
      return `state ${input.lab?.status ?? 'none'}`;
    case 'skipped':
      return `skipped: ${input.reason}`;
    case 'refused':
      return `refused: ${input.failure.kind}`;
    case 'repeated':
      return `again ${describeInput(input.frame)}`;
    case 'response':
      return `response: ${input.failure?.kind ?? 'good'}`;
    case 'bytes':
    case 'lab':
    case 'polling':
    case 'checking':
    case 'confirmed':
    case 'decided':
    case 'look':
    case 'following':
      return input.kind;
  }
}

/** Everything that waits only for other promises has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
