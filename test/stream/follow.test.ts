import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Event } from '../../src/model/event.js';
import { toSse } from '../../src/model/event.js';
import type { LabState } from '../../src/model/lab.js';
import type { Failure, Result } from '../../src/model/result.js';
import type { Input } from '../../src/model/run.js';
import { follow, type FollowOptions, type Source } from '../../src/stream/follow.js';
import { FakeClock } from '../support/clock.js';

const info = (message: string, progress: number): Event => ({ type: 'info', message, progress });
const complete: Event = { type: 'complete', message: 'up', progress: null };

/** A source whose stream the test feeds by hand. */
class HandFed implements Source {
  readonly states: (LabState | null)[] = [];
  asked = 0;
  closed = false;
  refusal: Failure | null = null;
  /** Whether the question for the stream gets no answer. */
  silent = false;
  #wake: (() => void) | null = null;
  #queue: (Uint8Array | 'end' | 'cut')[] = [];

  feed(...items: (Event | string)[]): void {
    for (const item of items) {
      if (item === 'end' || item === 'cut') this.#queue.push(item);
      else this.#queue.push(Buffer.from(typeof item === 'string' ? item : toSse(item)));
    }
    this.#wake?.();
  }

  events(signal: AbortSignal): Promise<Result<AsyncIterable<Uint8Array>>> {
    if (this.silent) {
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(new Error('aborted'));
        });
      });
    }
    if (this.refusal !== null) return Promise.resolve({ ok: false, failure: this.refusal });
    return Promise.resolve({ ok: true, value: this.#body(signal) });
  }

  state(): Promise<Result<LabState | null>> {
    this.asked++;
    return Promise.resolve({ ok: true, value: this.states.shift() ?? null });
  }

  async *#body(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    signal.addEventListener('abort', () => {
      this.closed = true;
      this.#wake?.();
    });
    for (;;) {
      if (this.closed) throw new Error('aborted');
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

function setUp(over: Partial<FollowOptions> = {}) {
  const source = new HandFed();
  const clock = new FakeClock();
  const abort = new AbortController();
  const inputs = follow({
    source,
    clock,
    signal: abort.signal,
    idleTimeout: 45_000,
    quiet: 10_000,
    ...over,
  })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await inputs.next();
    return done === true ? 'done' : describeInput(value);
  };
  return { source, clock, abort, inputs, next };
}

function describeInput(input: Input): string {
  switch (input.kind) {
    case 'event':
      return `${input.event.type} ${input.event.message}`;
    case 'heartbeat':
      return `heartbeat ${input.comment}`;
    case 'connection':
      return `${input.state}${input.reason === null ? '' : `: ${input.reason}`}`;
    case 'ended':
      return input.clean ? 'ended' : 'ended by loss';
    case 'state':
      return `state ${input.lab?.status ?? 'none'}`;
    case 'skipped':
      return `skipped: ${input.reason}`;
    case 'refused':
      return `refused: ${input.failure.kind}`;
  }
}

describe('follow', () => {
  it('hands over events, comments and frames that are none, as they come', async () => {
    const { source, next } = setUp();
    source.feed(
      info('a', 1),
      ': ping - now\r\n\r\n',
      'event: ping\r\ndata: old\r\n\r\n',
      'event: odd\r\ndata: {}\r\n\r\n',
    );
    assert.deepEqual(
      [await next(), await next(), await next(), await next(), await next()],
      ['open', 'info a', 'heartbeat ping - now', 'heartbeat old', 'skipped: unknown event type "odd"'],
    );
  });

  it('stamps inputs where they enter', async () => {
    const { source, clock, inputs } = setUp();
    clock.advance(1234);
    source.feed(info('a', 1));
    await inputs.next();
    const { value } = await inputs.next();
    assert.equal((value as Input).at, 1234);
  });

  it('closes the connection when the loop is left', async () => {
    const { source, clock, inputs } = setUp();
    source.feed(complete);
    await inputs.next();
    await inputs.next();
    await inputs.return();
    assert.equal(source.closed, true);
    assert.equal(clock.pending, 0);
    assert.equal(source.asked, 0);
  });

  it('stops when it is aborted', async () => {
    const { source, clock, abort, next } = setUp();
    assert.equal(await next(), 'open');
    const waiting = next();
    abort.abort();
    assert.equal(await waiting, 'done');
    assert.equal(source.closed, true);
    assert.equal(clock.pending, 0);
  });

  it('asks the state after a stream that ended without an outcome', async () => {
    const { source, next } = setUp();
    source.states.push({ status: 'running' });
    source.feed(info('a', 1), 'end');
    assert.deepEqual(
      [await next(), await next(), await next(), await next(), await next()],
      ['open', 'info a', 'ended', 'state running', 'done'],
    );
  });

  it('does not take half an event for one when the connection is cut', async () => {
    const { source, next } = setUp();
    source.feed(info('a', 1), 'event: complete\r\ndata: {"message": "up"}', 'cut');
    assert.deepEqual(
      [await next(), await next(), await next(), await next(), await next()],
      ['open', 'info a', 'lost: the connection was cut', 'ended by loss', 'state none'],
    );
  });

  it('asks the state in silences, again and again, while pings go on', async () => {
    const { source, clock, next } = setUp();
    source.states.push({ status: 'pending' }, { status: 'running' });
    assert.equal(await next(), 'open');
    for (const expected of ['state pending', 'state running']) {
      const waiting = next();
      clock.advance(9_999);
      source.feed(': ping\n\n');
      assert.equal(await waiting, 'heartbeat ping');
      assert.equal(source.asked, expected === 'state pending' ? 0 : 1);
      const state = next();
      clock.advance(1);
      assert.equal(await state, expected);
    }
  });

  it('asks the state while not even the headers come', async () => {
    const { source, clock, next } = setUp({ idleTimeout: null });
    source.silent = true;
    source.states.push({ status: 'running' });
    const waiting = next();
    clock.advance(10_000);
    assert.equal(await waiting, 'state running');
  });

  it('does not ask while events come', async () => {
    const { source, clock, next } = setUp();
    assert.equal(await next(), 'open');
    for (let i = 1; i <= 5; i++) {
      const waiting = next();
      clock.advance(9_000);
      source.feed(info('a', i));
      assert.equal(await waiting, 'info a');
    }
    assert.equal(source.asked, 0);
  });

  it('takes a connection without a byte for dead', async () => {
    const { source, clock, next } = setUp({ quiet: null });
    assert.equal(await next(), 'open');
    const ping = next();
    clock.advance(40_000);
    source.feed(': ping\n\n');
    assert.equal(await ping, 'heartbeat ping');
    const waiting = next();
    clock.advance(44_999);
    assert.equal(source.closed, false);
    clock.advance(1);
    assert.equal(await waiting, 'lost: no byte for 45 s');
    assert.equal(source.closed, true);
  });

  it('asks the state at once after a complete that cannot be read', async () => {
    const { source, next } = setUp();
    source.states.push({ status: 'running' });
    source.feed('event: complete\r\ndata: {nope\r\n\r\n');
    assert.deepEqual(
      [await next(), await next(), await next()],
      ['open', 'skipped: the data is not JSON', 'state running'],
    );
  });

  it('hands on a refusal and ends', async () => {
    const { source, next } = setUp();
    source.refusal = {
      kind: 'unauthorized',
      error: { type: 'permission_denied', message: 'no', status: 403, hint: null },
      transient: false,
      reached: true,
      maybeDone: false,
      retryAfter: null,
    };
    assert.equal(await next(), 'refused: unauthorized');
  });

  it('shows the exact bytes to whoever wants them', async () => {
    const seen: string[] = [];
    const { source, next } = setUp({
      onBytes: (bytes) => {
        seen.push(Buffer.from(bytes).toString());
        return Promise.resolve();
      },
    });
    source.feed('event: in', 'fo\r\ndata: {"message": "a"}\r\n\r\n', ': x\r\n\r\n');
    assert.deepEqual([await next(), await next(), await next()], ['open', 'info a', 'heartbeat x']);
    assert.deepEqual(seen, ['event: in', 'fo\r\ndata: {"message": "a"}\r\n\r\n', ': x\r\n\r\n']);
  });
});
