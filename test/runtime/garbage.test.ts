import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { collectBehind } from '../../src/runtime/garbage.js';
import type { Decoder } from '../../src/model/frame.js';

const mebi = 1024 * 1024;
const ping: Decoder = () => ({ kind: 'ping' });

async function* chunks(...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (const size of sizes) yield await Promise.resolve(Buffer.alloc(size));
}

describe('a stream behind which garbage is collected', () => {
  it('passes on the same bytes and frames', async () => {
    const stream = collectBehind({ body: chunks(1, 2 * mebi, 3), decode: ping, more: 'x' });
    const sizes: number[] = [];
    for await (const { length } of stream.body) sizes.push(length);
    assert.deepEqual(sizes, [1, 2 * mebi, 3]);
    assert.deepEqual(stream.decode({ event: null, data: '' }), { kind: 'ping' });
    assert.equal(stream.more, 'x');
  });

  it('collects soon the first time, and then behind every two megabytes', async () => {
    let collections = 0;
    const sizes = [0.125, 0.5, 1, 1.25, 0.25, 0.125].map((size) => size * mebi);
    const { body } = collectBehind({ body: chunks(...sizes), decode: ping }, () => (collections += 1));
    const before: [number, number][] = [];
    for await (const { length } of body) before.push([length / mebi, collections]);
    assert.deepEqual(before, [
      [0.125, 0],
      [0.5, 0],
      [1, 1],
      [1.25, 1],
      [0.25, 2],
      [0.125, 2],
    ]);
  });

  it('collects before a large frame is decoded, and again behind it', async () => {
    const order: string[] = [];
    const decode: Decoder = () => {
      order.push('decode');
      return { kind: 'ping' };
    };
    const stream = collectBehind({ body: chunks(1, 1, 1), decode }, () => order.push('collect'));
    for await (const { length } of stream.body) {
      order.push(`chunk of ${length}`);
      if (order.length === 1) stream.decode({ event: null, data: 'x'.repeat(mebi + 1) });
      else stream.decode({ event: null, data: 'x' });
    }
    assert.deepEqual(order, [
      'chunk of 1',
      'collect',
      'decode',
      'collect',
      'chunk of 1',
      'decode',
      'chunk of 1',
      'decode',
    ]);
  });

  it('frees unreachable objects', async () => {
    const stream = collectBehind({ body: chunks(mebi, 1), decode: ping });
    const iterator = stream.body[Symbol.asyncIterator]();
    await iterator.next();
    const garbage = new WeakRef({});
    // A weak reference keeps its object until the current turn of the event loop is over.
    await new Promise((resolve) => setImmediate(resolve));
    await iterator.next();
    assert.equal(garbage.deref(), undefined);
  });
});
