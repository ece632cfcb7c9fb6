import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { decodeFrame as decode } from '../../src/backends/nublado/operation.js';
import type { Event } from '../../src/model/event.js';
import type { Lab } from '../../src/model/lab.js';
import type { Result } from '../../src/model/result.js';
import type { Input } from '../../src/model/reducer.js';
import { follow, type FollowOptions } from '../../src/stream/follow.js';
import { Seen } from '../../src/stream/seen.js';
import { testLab } from '../support/lab.js';
import { FakeClock } from '../support/clock.js';
import {
  busy,
  complete,
  describeInput,
  forbidden,
  HandFed,
  info,
  nobodyThere,
  notAController,
  settled,
} from '../support/hand-fed.js';

async function* oneByOne(batches: AsyncIterable<readonly Input[]>): AsyncGenerator<Input, void> {
  for await (const batch of batches) yield* batch;
}

function setUp(over: Partial<FollowOptions> = {}, left: number | null = null) {
  const source = new HandFed();
  const clock = new FakeClock();
  const abort = new AbortController();
  const contact = { reached: false };
  const inputs: AsyncGenerator<Input, void> = oneByOne(
    follow({
      source,
      clock,
      // The waits are half of their maximum.
      retry: { clock, random: () => 0.5, contact, left: () => left },
      signal: abort.signal,
      idleTimeout: 45_000,
      silence: 10_000,
      afterEnd: 'stop',
      ...over,
    }),
  );
  /** The next input that does more than report that bytes arrived. */
  const next = async (): Promise<string> => {
    for (;;) {
      const { value, done } = await inputs.next();
      if (done === true) return 'done';
      if (value.kind !== 'bytes') return describeInput(value);
    }
  };
  /** Moves the clock on, once everything waits for it. */
  const advance = async (ms: number): Promise<void> => {
    await settled();
    clock.advance(ms);
  };
  return { source, clock, advance, abort, inputs, next };
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

  it('says that bytes came, where they complete nothing new', async () => {
    const { source, advance, inputs } = setUp();
    const kinds: [string, number][] = [];
    source.feed(info('a', 1), 'event: in', 'cut', info('a', 1), ': ping\n', '\n');
    while (kinds.length < 8) {
      const pending = inputs.next();
      await settled();
      if (kinds.at(-1)?.[0] === 'retrying') await advance(250);
      const { value } = await pending;
      const { kind, at } = value as Input;
      kinds.push([value?.kind === 'connection' ? value.state : kind, at]);
    }
    assert.deepEqual(kinds, [
      ['open', 0],
      ['event', 0],
      ['bytes', 0],
      ['lost', 0],
      ['retrying', 0],
      ['resumed', 250],
      ['bytes', 250],
      ['heartbeat', 250],
    ]);
  });

  it('stamps inputs where they enter', async () => {
    const { source, advance, inputs } = setUp();
    await advance(1234);
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
    await inputs.return(undefined);
    assert.equal(source.closed, true);
    assert.equal(clock.pending, 0);
    assert.equal(source.asked, 0);
  });

  it('may be left before anything was read, although a Readable that is aborted then emits an error', async () => {
    const { source, inputs, next } = setUp();
    const body = new Readable({ read: () => undefined });
    source.events = (signal) => {
      signal.addEventListener('abort', () => body.destroy(new Error('aborted')));
      return Promise.resolve({ ok: true, value: { body, decode, replay: 'whole', heartbeat: 'comment' } });
    };
    assert.equal(await next(), 'open');
    const closed = new Promise((resolve) => body.once('close', resolve));
    await inputs.return(undefined);
    await closed;
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

  it('requests the state after a stream that ended without an outcome', async () => {
    const { source, next } = setUp();
    source.states.push(testLab('running'));
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
      [await next(), await next(), await next(), await next()],
      ['open', 'info a', 'lost: the connection was cut', 'retrying 1: the connection was cut'],
    );
  });

  it('requests the state repeatedly in silences, while pings continue', async () => {
    const { source, advance, next } = setUp();
    source.states.push(testLab('pending'), testLab('running'));
    assert.equal(await next(), 'open');
    for (const expected of ['state pending', 'state running']) {
      const waiting = next();
      await advance(9_999);
      source.feed(': ping\n\n');
      assert.equal(await waiting, 'heartbeat ping');
      assert.equal(source.asked, expected === 'state pending' ? 0 : 1);
      const state = next();
      await advance(1);
      assert.equal(await state, expected);
    }
  });

  it('requests the state while not even the headers arrive', async () => {
    const { source, advance, next } = setUp({ idleTimeout: null });
    source.silent = true;
    source.states.push(testLab('running'));
    const waiting = next();
    await advance(10_000);
    assert.equal(await waiting, 'state running');
  });

  it('throws the error of a request that is not awaited', async () => {
    const { source, clock, advance, inputs, next } = setUp();
    source.state = () => Promise.reject(new Error('a bug'));
    assert.equal(await next(), 'open');
    const waiting = inputs.next();
    await advance(10_000);
    await assert.rejects(waiting, /a bug/);
    assert.equal(source.closed, true);
    assert.equal(clock.pending, 0);
  });

  it('requests no further state while the consumer has not taken the last one', async () => {
    const { source, advance, next } = setUp({ idleTimeout: null });
    source.states.push(testLab('pending'), testLab('running'));
    assert.equal(await next(), 'open');
    for (let silences = 0; silences < 5; silences++) await advance(10_000);
    await settled();
    assert.equal(source.asked, 1);
    assert.equal(await next(), 'state pending');
    const state = next();
    await advance(10_000);
    assert.equal(await state, 'state running');
  });

  it('closes the connection if it is left with a state, while a read is in progress', async () => {
    const { source, clock, advance, inputs, next } = setUp();
    source.states.push(testLab('running'));
    assert.equal(await next(), 'open');
    const state = next();
    await advance(10_000);
    assert.equal(await state, 'state running');
    await inputs.return(undefined);
    assert.equal(source.closed, true);
    assert.equal(clock.pending, 0);
  });

  it('reads nothing before the consumer pulls', async () => {
    const shown: string[] = [];
    const { source, next } = setUp({
      onBytes: (bytes) => {
        shown.push(String(bytes));
        return Promise.resolve();
      },
    });
    source.feed(': 1\n\n', ': 2\n\n', ': 3\n\n');
    assert.deepEqual([await next(), await next()], ['open', 'heartbeat 1']);
    await settled();
    assert.deepEqual(shown, [': 1\n\n']);
  });

  it('does not request the state while events arrive', async () => {
    const { source, advance, next } = setUp();
    assert.equal(await next(), 'open');
    for (let i = 1; i <= 5; i++) {
      const waiting = next();
      await advance(9_000);
      source.feed(info('a', i));
      assert.equal(await waiting, 'info a');
    }
    assert.equal(source.asked, 0);
  });

  it('takes a connection without a byte for dead', async () => {
    const { source, advance, next } = setUp({ silence: null });
    assert.equal(await next(), 'open');
    const ping = next();
    await advance(40_000);
    source.feed(': ping\n\n');
    assert.equal(await ping, 'heartbeat ping');
    const waiting = next();
    await settled();
    await advance(44_999);
    assert.equal(source.closed, false);
    await advance(1);
    assert.equal(await waiting, 'lost: no byte for 45 s');
    assert.equal(source.closed, true);
  });

  it('does not take a connection for dead whose reader was slow', async () => {
    let written = (): void => undefined;
    const { source, advance, next } = setUp({
      silence: null,
      onBytes: () =>
        new Promise((resolve) => {
          written = resolve;
        }),
    });
    source.feed(info('a', 1));
    assert.equal(await next(), 'open');
    const event = next();
    await settled();
    await advance(100_000);
    written();
    assert.equal(await event, 'info a');
    // Now the consumer that received the event is slow.
    await advance(100_000);
    const lost = next();
    await settled();
    assert.equal(source.closed, false);
    await advance(44_999);
    assert.equal(source.closed, false);
    await advance(1);
    assert.equal(await lost, 'lost: no byte for 45 s');
  });

  it('requests the state immediately after an invalid complete', async () => {
    const { source, next } = setUp();
    source.states.push(testLab('running'));
    source.feed('event: complete\r\ndata: {nope\r\n\r\n');
    assert.deepEqual(
      [await next(), await next(), await next()],
      ['open', 'skipped: the data is not JSON', 'state running'],
    );
  });

  it('hands on a refusal and ends', async () => {
    const { source, next } = setUp();
    source.refusal = forbidden;
    assert.equal(await next(), 'refused: unauthorized');
  });

  it('passes the exact bytes to a callback', async () => {
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

  it('does not open a stream again of which bytes were shown: two bodies are not one', async () => {
    const { source, next } = setUp({ onBytes: () => Promise.resolve() });
    source.feed(info('a', 1), 'cut');
    assert.deepEqual(
      [await next(), await next(), await next(), await next(), await next()],
      ['open', 'info a', 'lost: the connection was cut', 'ended by loss', 'done'],
    );
  });
});

describe('a stream that was lost', () => {
  /** Reads until the back-off begins, and through it. */
  async function untilRetried({ next, advance }: ReturnType<typeof setUp>, wait: number): Promise<string[]> {
    const read: string[] = [];
    do read.push(await next());
    while (!read.at(-1)?.startsWith('retrying'));
    const waiting = next();
    await advance(wait);
    read.push(await waiting);
    return read;
  }

  it('is opened again, and what it repeats is passed over', async () => {
    const set = setUp();
    set.source.feed(info('a', 1), info('b', 30), 'cut', info('a', 1), info('b', 30), info('c', 35));
    assert.deepEqual(await untilRetried(set, 250), [
      'open',
      'info a',
      'info b',
      'lost: the connection was cut',
      'retrying 1: the connection was cut',
      'resumed',
    ]);
    assert.equal(await set.next(), 'info c');
  });

  it('shows invalid frames once as well, and every ping', async () => {
    const set = setUp();
    set.source.feed('event: odd\ndata: 1\n\n', 'cut', 'event: odd\ndata: 1\n\n', ': ping\n\n');
    await untilRetried(set, 250);
    assert.equal(await set.next(), 'heartbeat ping');
  });

  it('has its end heard again, which decides whatever was seen: all of it, or something else with its hash', async () => {
    const seen = new Seen();
    const failed: Event = { type: 'failed', message: 'no', progress: null };
    const error: Event = { type: 'error', message: 'why', progress: null };
    const broken = 'event: failed\ndata: {nope\n\n';
    for (const [feed, expected] of [
      [
        [info('a', 1), error, failed],
        ['info a', 'error why', 'failed no'],
      ],
      [
        [info('a', 1), error, failed],
        ['again error why', 'again failed no'],
      ],
      [
        [info('a', 1), complete],
        ['replaced', 'complete up'],
      ],
      [[info('a', 1), complete], ['again complete up']],
      [[broken], ['replaced', 'skipped: the data is not JSON']],
      [[broken], ['again skipped: the data is not JSON']],
    ] as const) {
      const { source, next, inputs } = setUp({ seen });
      source.feed(...feed);
      assert.equal(await next(), 'open');
      for (const each of expected) assert.equal(await next(), each);
      await inputs.return(undefined);
    }
  });

  it('says so when another operation has begun meanwhile', async () => {
    const set = setUp();
    set.source.feed(info('a', 1), info('b', 30), info('c', 35), 'cut', info('a', 1), info('x', 35));
    await untilRetried(set, 250);
    assert.deepEqual([await set.next(), await set.next()], ['replaced', 'info x']);
  });

  it('takes other frames for news, not for another operation, if the server need not repeat the same', async () => {
    const set = setUp();
    set.source.replay = 'unknown';
    set.source.feed(info('a', 1), info('b', 30), 'cut', info('x', 2), info('y', 31));
    await untilRetried(set, 250);
    assert.deepEqual([await set.next(), await set.next()], ['info x', 'info y']);
  });

  it('is waited for longer and longer, until something new comes', async () => {
    const set = setUp();
    set.source.states.push(testLab('pending'));
    set.source.feed(
      info('a', 1),
      'cut',
      info('a', 1),
      'cut',
      info('a', 1),
      info('b', 30),
      'cut',
      info('a', 1),
    );
    await untilRetried(set, 250);
    // Nothing new: half of 1 s.
    assert.deepEqual(await untilRetried(set, 500), [
      'lost: the connection was cut',
      'retrying 2: the connection was cut',
      'resumed',
    ]);
    assert.equal(await set.next(), 'info b');
    assert.deepEqual((await untilRetried(set, 250)).slice(1), [
      'retrying 1: the connection was cut',
      'resumed',
    ]);
  });

  it('is waited for longer and longer where it opens, pings and breaks: that is no success', async () => {
    const set = setUp({ silence: null });
    const ping = ': ping\n\n';
    set.source.feed(ping, 'cut', ping, 'cut', ping);
    assert.equal((await untilRetried(set, 250)).at(-2), 'retrying 1: the connection was cut');
    assert.equal((await untilRetried(set, 500)).at(-2), 'retrying 2: the connection was cut');
    // A stream that has lasted five seconds is a success.
    assert.equal(await set.next(), 'heartbeat ping');
    const waiting = set.next();
    await settled();
    await set.advance(5_000);
    set.source.feed(ping, 'cut');
    assert.equal(await waiting, 'heartbeat ping');
    assert.equal((await untilRetried(set, 250)).at(-2), 'retrying 1: the connection was cut');
  });

  it('has its state asked where the request for it got no answer, though nothing else asks', async () => {
    const { source, advance, next } = setUp({ silence: null });
    source.silent = true;
    source.states.push(testLab('running'));
    const state = next();
    await advance(45_000);
    assert.equal(await state, 'state running');
    assert.equal(source.asked, 1);
  });

  it('is opened again after a silence too', async () => {
    const set = setUp({ silence: null });
    assert.equal(await set.next(), 'open');
    const lost = set.next();
    await set.advance(45_000);
    assert.equal(await lost, 'lost: no byte for 45 s');
    assert.deepEqual(await untilRetried(set, 250), ['retrying 1: no byte for 45 s', 'resumed']);
  });

  it('has its state asked while it cannot be opened, and rides out what is no controller', async () => {
    const set = setUp();
    set.source.states.push(testLab('pending'), testLab('running'));
    set.source.feed(info('a', 1), 'cut');
    await set.next();
    set.source.refusal = notAController;
    assert.deepEqual(await untilRetried(set, 250), [
      'info a',
      'lost: the connection was cut',
      'retrying 1: the connection was cut',
      'state pending',
    ]);
    assert.deepEqual(await untilRetried(set, 500), ['retrying 2: what?', 'state running']);
  });

  it('is refused by what the answer says, though the rest of it never comes', async () => {
    const { source, advance, next } = setUp({ silence: null });
    source.events = (signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          resolve({ ok: false, failure: forbidden });
        });
      });
    const refused = next();
    await advance(45_000);
    assert.equal(await refused, 'refused: unauthorized');
  });

  it('is refused for good when the token is', async () => {
    const set = setUp();
    set.source.feed('cut');
    await set.next();
    set.source.refusal = forbidden;
    assert.deepEqual((await untilRetried(set, 250)).at(-1), 'refused: unauthorized');
  });
});

describe('a stream that ended before the operation', () => {
  it('is opened again where there must be more', async () => {
    const { source, advance, next } = setUp({ afterEnd: 'reopen' });
    source.states.push(testLab('pending'));
    source.feed(info('a', 1), 'end', info('a', 1), complete);
    assert.deepEqual(
      [await next(), await next(), await next(), await next(), await next()],
      ['open', 'info a', 'ended', 'state pending', 'retrying 1: the stream ended before the operation'],
    );
    const waiting = next();
    await advance(250);
    assert.deepEqual([await waiting, await next()], ['resumed', 'complete up']);
  });

  it('leaves a `complete` in doubt to the state, which is asked again until it is told', async () => {
    const { source, advance, next } = setUp({ silence: null }, 60_000);
    const answers: Result<Lab | null>[] = [
      { ok: false, failure: { ...busy, retry: { afterMs: 30_000 } } },
      { ok: false, failure: notAController },
      { ok: true, value: testLab('running') },
    ];
    source.state = () => Promise.resolve(answers.shift() ?? { ok: true, value: null });
    source.feed('event: complete\r\ndata: {nope\r\n\r\n', 'end');
    assert.deepEqual([await next(), await next()], ['open', 'skipped: the data is not JSON']);
    assert.equal(await next(), 'ended');
    const [first, second] = [next(), next()];
    assert.equal(await first, 'retrying 1: what?');
    await settled();
    await advance(250);
    assert.deepEqual([await second, await next()], ['state running', 'done']);
  });

  it('is given up if the state arrives only after the deadline', async () => {
    const { source, next } = setUp({ silence: null }, 20_000);
    source.state = () => Promise.resolve({ ok: false, failure: { ...busy, retry: { afterMs: 30_000 } } });
    source.feed(info('a', 1), 'end');
    assert.deepEqual(
      [await next(), await next(), await next(), await next(), await next()],
      ['open', 'info a', 'ended', 'refused: unknown', 'done'],
    );
  });
});

describe('a stream that cannot be opened at first', () => {
  it('is given up at once where nothing will change', async () => {
    const { source, next } = setUp();
    source.refusal = notAController;
    assert.equal(await next(), 'refused: unknown');
  });

  it('is given up after five seconds if every connection is refused', async () => {
    const { source, clock, advance, next } = setUp({ silence: null });
    source.refusal = nobodyThere;
    const read: string[] = [];
    const reading = (async () => {
      do read.push(await next());
      while (!read.at(-1)?.startsWith('refused'));
    })();
    for (let ms = 0; ms < 5_000; ms += 250) await advance(250);
    await reading;
    assert.equal(read.length > 3, true);
    assert.equal(clock.monotonic(), 5_000);
  });

  it('is asked for as long as the controller wants, but not past the deadline', async () => {
    const patient = setUp({ silence: null }, 60_000);
    patient.source.refusal = { ...busy, retry: { afterMs: 30_000 } };
    assert.equal(await patient.next(), 'retrying 1: busy');
    const waiting = patient.next();
    await patient.advance(29_999);
    patient.source.refusal = null;
    await settled();
    await patient.advance(1);
    assert.equal(await waiting, 'open');
    const late = setUp({ silence: null }, 20_000);
    late.source.refusal = { ...busy, retry: { afterMs: 30_000 } };
    assert.equal(await late.next(), 'refused: unknown');
  });
});

describe('after a sleep', () => {
  it('asks the state at once, and gives a connection that should have been heard two seconds', async () => {
    let wake = (_slept: number): void => undefined;
    const { source, advance, next } = setUp({
      watchWake: (onWake) => {
        wake = onWake;
        return () => undefined;
      },
    });
    source.states.push(testLab('pending'), testLab('pending'));
    assert.equal(await next(), 'open');
    wake(10_000);
    assert.equal(await next(), 'state pending');
    await advance(2_000);
    assert.equal(source.closed, false);
    wake(100_000);
    assert.equal(await next(), 'state pending');
    const lost = next();
    await advance(2_000);
    assert.equal(await lost, 'lost: no byte for 45 s');
  });
});
