/**
 * Bytes pass unchanged however they are split, and only a `failed` that ends the stream is the last one.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { progressBody } from '../../../src/backends/jupyterhub/progress-body.js';
import { createFrameReader } from '../../../src/stream/frames.js';

const info = 'data: {"progress": 10, "message": "x"}\n\n';
const failed = 'data: {"progress": 100, "failed": true, "message": "Spawn failed: boom"}\n\n';
const heartbeat = '\n\n';

async function* chunksOf(text: string, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...places, text.length]) {
    yield Buffer.from(text.slice(from, to));
    await Promise.resolve();
    from = to;
  }
}

/** What the frames of a text are, each with whether it was the last; and all the bytes. */
async function read(
  source: AsyncIterable<Uint8Array>,
  confirm = () => Promise.resolve(true),
): Promise<{ bytes: string; last: boolean[] }> {
  const progress = progressBody(source, confirm);
  const reader = createFrameReader();
  let bytes = '';
  const last: boolean[] = [];
  for await (const chunk of progress.body) {
    bytes += Buffer.from(chunk).toString();
    for (const item of reader.push(chunk)) if (item.kind === 'frame') last.push(progress.isLast());
  }
  return { bytes, last };
}

describe('the bytes of a progress stream', () => {
  it('pass unchanged, and the last frame is known as the last only if it is a failed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(info, failed, heartbeat), { maxLength: 6 }),
        fc.array(fc.nat(600), { maxLength: 12 }),
        async (parts, cuts) => {
          const text = parts.join('');
          const { bytes, last } = await read(chunksOf(text, cuts));
          assert.equal(bytes, text);
          const frames = parts.filter((part) => part !== heartbeat);
          const expected = frames.map((_, i) => i === frames.length - 1 && parts.at(-1) === failed);
          assert.deepEqual(last, expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('pass at once, except for the newline that completes a failed', async () => {
    const source = new (class {
      fed: string[] = [info, failed, info];
      async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
        for (const text of this.fed) {
          await Promise.resolve();
          yield Buffer.from(text);
        }
      }
    })();
    const pieces: string[] = [];
    for await (const chunk of progressBody(source, () => Promise.resolve(true)).body) {
      pieces.push(Buffer.from(chunk).toString());
    }
    assert.deepEqual(pieces, [
      info,
      'data: {"progress": 100, "failed": true',
      failed.slice(38, -1),
      '\n',
      info,
    ]);
  });

  it('hold no last frame where the state says that the spawn goes on', async () => {
    const { last } = await read(chunksOf(info + failed, []), () => Promise.resolve(false));
    assert.deepEqual(last, [false, false]);
  });

  it('hold no last frame where the connection is lost behind a failed', async () => {
    async function* cut(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(failed);
      await Promise.resolve();
      throw new Error('cut');
    }
    const progress = progressBody(cut(), () => Promise.resolve(true));
    let bytes = '';
    await assert.rejects(async () => {
      for await (const chunk of progress.body) bytes += Buffer.from(chunk).toString();
    }, /cut/);
    assert.equal(bytes, failed.slice(0, -1));
    assert.equal(progress.isLast(), false);
  });

  it('take a text that merely looks like one for a text', async () => {
    const quoted = `data: {"message": "the key \\"failed\\": true"}\n\n`;
    const { bytes, last } = await read(chunksOf(quoted, []));
    assert.equal(bytes, quoted);
    assert.deepEqual(last, [false]);
  });
});
