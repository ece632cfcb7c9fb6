import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toSse } from '../../src/model/event.js';
import { createFrameReader } from '../../src/stream/frames.js';
import { Seen } from '../../src/stream/seen.js';
import { untilNews, type UntilNewsOptions } from '../../src/stream/until-news.js';
import { FakeClock } from '../support/clock.js';
import {
  busy,
  complete,
  describeInput,
  forbidden,
  HandFed,
  info,
  notFound,
  settled,
} from '../support/hand-fed.js';

/** Waits for news behind the event `info a 1`, which was seen. */
async function setUp(over: Partial<UntilNewsOptions> = {}) {
  const source = new HandFed();
  const clock = new FakeClock();
  const abort = new AbortController();
  const seen = new Seen();
  for (const item of createFrameReader().push(Buffer.from(toSse(info('a', 1))))) {
    if (item.kind === 'frame') seen.judge(item.frame);
  }
  const inputs: string[] = [];
  const retry = { clock, random: () => 0.5, contact: { reached: true }, left: () => null };
  let ended: string | null = null;
  const finished = untilNews({
    source,
    clock,
    retry,
    signal: abort.signal,
    idleTimeout: 45_000,
    seen,
    onInput: (input) => inputs.push(describeInput(input)),
    ...over,
  }).then((failure) => {
    ended = failure?.kind ?? 'news or abort';
  });
  await settled();
  /** Moves on, and returns the inputs that came meanwhile. */
  const after = async (ms: number): Promise<string[]> => {
    clock.advance(ms);
    await settled();
    return inputs.splice(0);
  };
  return { source, clock, abort, after, finished, ended: () => ended };
}

describe('waiting for the next operation', () => {
  it('reads the queue until there is something new in it', async () => {
    const { source, clock, after, finished, ended } = await setUp();
    source.feed(info('a', 1), 'end');
    assert.deepEqual(await after(0), ['open', 'bytes']);
    source.feed(info('a', 1), 'end');
    assert.deepEqual(await after(999), []);
    assert.deepEqual(await after(1), ['open', 'bytes']);
    assert.equal(ended(), null);
    source.feed(info('b', 1), complete);
    assert.deepEqual(await after(1_000), ['open']);
    await finished;
    assert.equal(source.closed, true);
    assert.equal(clock.pending, 0);
    assert.equal(source.asked, 0);
  });

  it('reads for a tenth of the time at most, if the queue takes long to be read', async () => {
    const { source, after } = await setUp();
    // A queue that takes two seconds without ever pausing.
    for (let part = 0; part < 40; part++) {
      source.feed(': ping\n\n');
      await after(0);
      await after(50);
    }
    source.feed('end');
    await after(0);
    assert.deepEqual(await after(19_000), []);
    assert.deepEqual(await after(1_000), ['open']);
  });

  it('reads again soon after hours of nothing but pings, which are no queue to be read', async () => {
    const { source, after } = await setUp({ idleTimeout: null });
    await after(7_200_000);
    source.feed(': ping\r\n\r\n');
    assert.deepEqual(await after(0), ['heartbeat ping']);
    source.feed('end');
    await after(0);
    assert.deepEqual(await after(1_000), ['open']);
  });

  it('reads as soon again if the stream was open for long, and had nothing to say', async () => {
    const { source, after } = await setUp();
    source.feed(info('a', 1));
    await after(30_000);
    source.feed('end');
    await after(0);
    assert.deepEqual(await after(1_000), ['open']);
  });

  it('reports a lost connection, and opens it again', async () => {
    const { source, after } = await setUp();
    source.feed(info('a', 1), 'cut');
    assert.deepEqual(await after(0), [
      'open',
      'bytes',
      'lost: the connection was cut',
      'retrying 1: the connection was cut',
    ]);
    assert.deepEqual(await after(250), ['open']);
    assert.deepEqual(await after(45_000), ['lost: no byte for 45 s', 'retrying 2: no byte for 45 s']);
  });

  it('looks every second whether there is a queue, while there is none', async () => {
    const source = new HandFed();
    source.refusal = notFound;
    const { after, ended } = await setUp({ source });
    assert.deepEqual(await after(0), ['response: not-found']);
    assert.deepEqual(await after(1_000), ['response: not-found']);
    source.refusal = busy;
    assert.deepEqual(await after(1_000), ['retrying 1: busy']);
    assert.equal(ended(), null);
    source.refusal = forbidden;
    assert.deepEqual(await after(250), []);
    assert.equal(ended(), 'unauthorized');
  });

  it('stops when it is aborted', async () => {
    const { source, clock, abort, finished } = await setUp();
    abort.abort();
    await finished;
    assert.equal(source.closed, true);
    assert.equal(clock.pending, 0);
  });
});
