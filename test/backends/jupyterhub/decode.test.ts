/**
 * Frames of progress streams as Events: of every captured stream, and of what else a Spawner may write.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createDecoder } from '../../../src/backends/jupyterhub/decode.js';
import { progressBody } from '../../../src/backends/jupyterhub/progress-body.js';
import type { Decoded } from '../../../src/model/frame.js';
import { createFrameReader } from '../../../src/stream/frames.js';
import { capturesIn, readScenario, type Folder, type Stream } from '../../simulator/jupyterhub/captures.js';

function frame(value: unknown): { event: null; data: string } {
  return { event: null, data: JSON.stringify(value) };
}

function decodeOne(value: unknown, { isLast = false } = {}): string {
  return show(createDecoder(() => isLast)(frame(value)));
}

function show(decoded: Decoded): string {
  if (decoded.kind !== 'event') return decoded.kind === 'ping' ? 'ping' : `invalid: ${decoded.reason}`;
  const { type, message, progress } = decoded.event;
  return `${type} ${progress ?? '-'} ${message}`;
}

async function decodeAll({ chunks, end }: Stream): Promise<string[]> {
  async function* source(): AsyncGenerator<Uint8Array> {
    for (const { text } of chunks) {
      await Promise.resolve();
      yield Buffer.from(text);
    }
    if (end !== 'clean') throw new Error(end);
  }
  const progress = progressBody(source(), () => Promise.resolve(true));
  const decode = createDecoder(() => progress.isLast());
  const reader = createFrameReader();
  const shown: string[] = [];
  try {
    for await (const chunk of progress.body) {
      for (const item of reader.push(chunk)) if (item.kind === 'frame') shown.push(show(decode(item.frame)));
    }
  } catch (error) {
    shown.push((error as Error).message);
  }
  return shown;
}

const captured = (folder: Folder, scenario: string, watcher: string): Promise<string[]> => {
  const stream = readScenario(folder, scenario).streams[watcher];
  assert.ok(stream, `${scenario}.${watcher}`);
  return decodeAll(stream);
};

describe('a captured stream', () => {
  it('of a server that starts', async () => {
    const events = await captured('6.1.1', '02-slow', 'W1');
    assert.deepEqual(events.slice(0, 3), [
      'info - Server requested',
      'info 9 step 1 of 11',
      'info 18 step 2 of 11',
    ]);
    assert.equal(events.at(-1), 'complete 100 Server ready at /nb/user/sam/');
  });

  it('of a server that fails, with and without a reason', async () => {
    assert.deepEqual(await captured('6.1.1', '03-fail', 'W1'), [
      'failed 100 Spawn failed: boom: no such image',
    ]);
    const timeout = await captured('6.1.1', '05-timeouts', 'W1-start-timeout');
    assert.equal(timeout.at(-1), 'failed 100 Spawn failed: no reason given (start timeout?)');
    const old = await captured('4.1.6', '05-timeouts', 'W1-start-timeout');
    assert.equal(old.at(-1), 'failed 100 Spawn failed: Timeout');
  });

  it('with every odd event', async () => {
    assert.deepEqual(await captured('6.1.1', '06-odd', 'W1'), [
      'info - Server requested',
      'info - no progress field',
      'info 10 only html',
      'info 5 going back',
      'info 12 a float',
      'info - a string',
      'info - null progress',
      'info - above 100',
      'info - below 0',
      'info 99 100 and not ready',
      'info 20 ',
      'info 21 lines\nof\r\ntext\u2028sep',
      'info 22 esc \u001b[31mred\u001b[0m nul \0 del \u007f',
      'info 23 日本語 🚀 \u202ertl',
      'info 24 ',
      'info 25 ',
      'invalid: neither a message nor a progress',
      'info 30 with more',
      'invalid: the data is not a JSON object',
    ]);
  });

  it('with a failed in the middle, which is an error and not the end', async () => {
    assert.deepEqual(await captured('6.1.1', '06-odd', 'W-sneaky'), [
      'info - Server requested',
      'info 40 sneaky ready',
      'error 50 sneaky failed',
      'complete 100 Server ready at /nb/user/odile/',
    ]);
  });

  for (const folder of ['6.1.1', '5.5.4', '4.1.6'] as const) {
    it(`of ${folder} has an outcome only at its end, or none`, async () => {
      const names = capturesIn(folder);
      let streams = 0;
      for (const name of names) {
        const [scenario = '', ...rest] = name.split('.');
        const stream = readScenario(folder, scenario).streams[rest.join('.')];
        if (stream?.status !== 200) continue;
        streams += 1;
        const events = await decodeAll(stream);
        const ends = events.map((event) => /^(complete|failed) /.test(event));
        assert.ok(!ends.slice(0, -1).includes(true), `${name}: ${events.join('\n')}`);
      }
      assert.ok(streams >= 3);
    });
  }
});

describe('a frame', () => {
  for (const [value, shown] of [
    [{ progress: 100, ready: true, message: 'up' }, 'complete 100 up'],
    [{ ready: true }, 'complete - The server is ready'],
    [{ ready: 'yes', message: 'm' }, 'info - m'],
    [{ message: '[error] no space', progress: 75 }, 'error 75 [error] no space'],
    [{ message: '[info] pulled', progress: 0.5 }, 'info - [info] pulled'],
    [{ html_message: 'a &amp; <b>b</b> &#39;c&apos; &nope;<i' }, "info - a & b 'c' &nope;<i"],
    [{ progress: 30 }, 'info 30 '],
    [{ progress: true }, 'invalid: neither a message nor a progress'],
    [[1], 'invalid: the data is not a JSON object'],
    [null, 'invalid: the data is not a JSON object'],
  ] as const) {
    it(`${JSON.stringify(value)} is ${shown}`, () => {
      assert.equal(decodeOne(value), shown);
    });
  }

  it('that is not JSON is invalid', () => {
    const decode = createDecoder(() => true);
    assert.equal(show(decode({ event: null, data: '{"message": ' })), 'invalid: the data is not JSON');
  });

  it('with a failed at the end gives the reason, in other words where there is none', () => {
    const failed = (message?: unknown): string =>
      decodeOne({ failed: true, progress: 100, message }, { isLast: true });
    assert.equal(failed('Spawn failed: boom'), 'failed 100 Spawn failed: boom');
    for (const none of ['Spawn failed: ', 'Spawn failed:', '', undefined, null]) {
      assert.equal(failed(none), 'failed 100 Spawn failed: no reason given (start timeout?)');
    }
  });

  it('with a failed at the end repeats the last error, where that is the reason', () => {
    const decode = createDecoder(() => true);
    decode(frame({ message: '[error] the image is gone', progress: 75 }));
    assert.equal(
      show(decode(frame({ failed: true, message: 'Spawn failed: Lab spawn failed' }))),
      'failed - Spawn failed: Lab spawn failed; the last error was: the image is gone',
    );
  });

  it('with a failed at the end repeats the error before, where the last one says the same as the failure', () => {
    const decode = createDecoder(() => true);
    decode(frame({ message: '[error] the image is gone', progress: 57 }));
    decode(frame({ message: '[error] Lab spawn failed', progress: 57 }));
    assert.equal(
      show(decode(frame({ failed: true, message: 'Spawn failed: Lab spawn failed' }))),
      'failed - Spawn failed: Lab spawn failed; the last error was: the image is gone',
    );
  });

  it('of a megabyte is decoded like a small one', () => {
    const message = 'x'.repeat(1 << 20);
    assert.equal(decodeOne({ progress: 30, message, raw_event: { deep: [[1]] } }), `info 30 ${message}`);
    assert.equal(decodeOne({ failed: true, message, progress: 1 }, { isLast: true }), `failed 1 ${message}`);
  });

  it('of any shape never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), fc.boolean(), (data, isLast) => {
        createDecoder(() => isLast)({ event: null, data });
      }),
      { numRuns: 2000 },
    );
  });

  it('with HTML that is never closed takes no time', () => {
    const html = '<'.repeat(1 << 20);
    assert.equal(decodeOne({ html_message: html }), `info - ${'<'.repeat(64 * 1024)}`);
  });
});
