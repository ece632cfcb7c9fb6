import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createFrameReader, frameLimit, lineLimit, type FrameItem } from '../../src/stream/frames.js';
import { anyText, slicings } from '../support/arbitraries.js';
import { bodyOf, streamCapture, streamCaptures } from '../support/captures.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

function read(chunks: Iterable<Uint8Array>, limit?: number): FrameItem[] {
  const reader = createFrameReader(limit);
  const items: FrameItem[] = [];
  for (const chunk of chunks) for (const item of reader.push(chunk)) items.push(item);
  return [...items, ...reader.end()];
}

const frame = (event: string | null, data: string): FrameItem => ({ kind: 'frame', frame: { event, data } });

describe('a frame reader', () => {
  it('reads the same frames from every slicing of the captures, each byte alone included', () => {
    for (const capture of streamCaptures) {
      const body = bytes(bodyOf(capture));
      const whole = read([body]);
      assert.deepEqual(read([...body].map((byte) => Uint8Array.of(byte))), whole, capture.name);
      for (let at = 0; at <= body.length; at++) {
        assert.deepEqual(read([body.subarray(0, at), body.subarray(at)]), whole, `${capture.name} at ${at}`);
      }
    }
  });

  it('reads the same frames from every slicing of anything', () => {
    const line = fc.oneof(
      fc.constantFrom(
        'data: x',
        'data:',
        'event: info',
        'event:',
        ': ping',
        ':',
        'id: 1',
        'retry: 10',
        'data',
        '\ufeff',
      ),
      anyText,
    );
    const text = fc
      .array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n', '\n\n', '\r\r', '\r\n\r\n', '')))
      .map((lines) => lines.flat().join(''));
    const sliced = text.chain((t) => fc.tuple(fc.constant(bytes(t)), slicings(bytes(t))));
    fc.assert(
      fc.property(sliced, ([body, chunks]) => {
        assert.deepEqual(read(chunks), read([body]));
      }),
      { numRuns: 3000 },
    );
  });

  it('never throws on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
        read(chunks, 50);
      }),
      { numRuns: 2000 },
    );
  });

  for (const [name, end] of [
    ['LF', '\n'],
    ['CR', '\r'],
    ['CRLF', '\r\n'],
  ] as const) {
    it(`knows ${name} as a line end`, () => {
      const body = bytes(['event: info', 'data: a', '', 'data: b', '', ''].join(end));
      assert.deepEqual(read([body]), [frame('info', 'a'), frame(null, 'b')]);
      assert.deepEqual(read([...body].map((byte) => Uint8Array.of(byte))), [
        frame('info', 'a'),
        frame(null, 'b'),
      ]);
    });
  }

  it('drops one byte order mark at the beginning, wherever it is cut', () => {
    const body = bytes('\ufeffdata: a\n\n');
    for (let at = 0; at <= 4; at++) {
      assert.deepEqual(read([body.subarray(0, at), body.subarray(at)]), [frame(null, 'a')]);
    }
  });

  it('keeps characters whole that are cut between bytes', () => {
    const body = bytes('data: é€😀\n\n');
    for (let at = 0; at <= body.length; at++) {
      assert.deepEqual(read([body.subarray(0, at), body.subarray(at)]), [frame(null, 'é€😀')]);
    }
  });

  it('keeps what looks like a byte order mark later on', () => {
    const body = bytes('data: a\n\n\ufeffdata: b\n\ndata: \ufeffc\n\n');
    for (let at = 0; at <= body.length; at++) {
      const chunks = [body.subarray(0, at), body.subarray(at)];
      assert.deepEqual(read(chunks), [frame(null, 'a'), frame(null, '\ufeffc')]);
    }
  });

  it('joins the lines of a data field, and leaves out frames without data', () => {
    assert.deepEqual(read([bytes('data: a\ndata: b\ndata\n\nevent: info\n\n')]), [frame(null, 'a\nb\n')]);
  });

  it('hands over comments as they come', () => {
    assert.deepEqual(read([bytes(bodyOf(streamCapture('17b-restart-while-running.W1')))]).length, 4);
    assert.deepEqual(read([bytes(': ping - now\r\n\r\n:x\n')]), [
      { kind: 'comment', text: 'ping - now' },
      { kind: 'comment', text: 'x' },
    ]);
  });

  it('does not take half a frame for one', () => {
    for (const name of ['20-dropped-connections.W-partial', '20-dropped-connections.W-shortchunk']) {
      assert.equal(read([bytes(bodyOf(streamCapture(name)))]).length, 2, name);
    }
    assert.deepEqual(read([bytes('event: failed\ndata: {}\n')]), []);
    assert.deepEqual(read([bytes('event: failed\ndata: {}\r\n')]), []);
    assert.deepEqual(read([bytes('event: failed\ndata: {}\r')]), []);
  });
});

describe('a frame above the limit', () => {
  const limit = 100;
  const big = (size: number): string => 'x'.repeat(size);
  const skipped: FrameItem = { kind: 'oversized', limit };
  // The parser is fed pieces of 64 Ki characters, so a frame must be larger than that to be cut short.
  const huge = 300_000;

  it('is skipped to its end, and reading continues after it', () => {
    for (const end of ['\n', '\r', '\r\n']) {
      const body = `data: a${end}${end}data: ${big(huge)}${end}data: more${end}${end}event: info${end}data: b${end}${end}`;
      assert.deepEqual(read([bytes(body)], limit), [frame(null, 'a'), skipped, frame('info', 'b')]);
    }
  });

  it('is skipped wherever the bytes are cut', () => {
    const body = bytes(`data: a\r\n\r\ndata: ${big(huge)}\r\nid: 1\r\n\r\nevent: info\r\ndata: b\r\n\r\n`);
    const expected = [frame(null, 'a'), skipped, frame('info', 'b')];
    for (let at = body.length - 60; at <= body.length; at++) {
      assert.deepEqual(read([body.subarray(0, at), body.subarray(at)], limit), expected, `cut at ${at}`);
    }
    fc.assert(
      fc.property(slicings(body), (chunks) => {
        assert.deepEqual(read(chunks, limit), expected);
      }),
      { numRuns: 50 },
    );
  });

  it('is exactly one that has more data than the limit', () => {
    assert.deepEqual(read([bytes(`data: ${big(limit)}\n\n`)], limit), [frame(null, big(limit))]);
    assert.deepEqual(read([bytes(`data: ${big(limit + 1)}\n\n`)], limit), [skipped]);
  });

  it('is skipped when it comes byte by byte', () => {
    const body = bytes(`data: ${big(huge)}\r\ndata: more\r\n\r\nevent: info\r\ndata: b\r\n\r\n`);
    const chunks = [...body].map((byte) => Uint8Array.of(byte));
    assert.deepEqual(read(chunks, limit), [skipped, frame('info', 'b')]);
  });

  it('is measured in bytes', () => {
    for (const [char, size] of [
      ['x', 1],
      ['é', 2],
      ['望', 3],
      ['😀', 4],
    ] as const) {
      const most = Math.floor(limit / size);
      assert.deepEqual(read([bytes(`data: ${char.repeat(most)}\n\n`)], limit), [
        frame(null, char.repeat(most)),
      ]);
      assert.deepEqual(read([bytes(`data: ${char.repeat(most + 1)}\n\n`)], limit), [skipped]);
    }
  });

  it('is skipped at its full size too, fed in chunks of any size, with any line end', () => {
    for (const end of ['\n', '\r', '\r\n']) {
      const body = bytes(
        `event: info${end}data: a${end}${end}data: ${big(frameLimit + 1)}${end}${end}event: complete${end}data: b${end}${end}`,
      );
      for (const size of [500, 65_536, 1_000_000]) {
        const reader = createFrameReader();
        const items: FrameItem[] = [];
        for (let at = 0; at < body.length; at += size)
          items.push(...reader.push(body.subarray(at, at + size)));
        assert.deepEqual(
          [...items, ...reader.end()],
          [frame('info', 'a'), { kind: 'oversized', limit: frameLimit }, frame('complete', 'b')],
          `in chunks of ${size} bytes`,
        );
      }
    }
  });

  it('is over with the blank line, also where that comes right behind what was too much', () => {
    // It shows as too large with its last line, and not before.
    const chunks = [`data: ${big(70_000)}\n`, '\ndata: b\n\n'].map(bytes);
    assert.deepEqual(read(chunks, limit), [skipped, frame(null, 'b')]);
  });

  it('may be made of many short lines', () => {
    const body = `${'data: xxxxxxxxx\n'.repeat(30_000)}\ndata: b\n\n`;
    assert.deepEqual(read([bytes(body)], limit), [skipped, frame(null, 'b')]);
  });

  it('is one with too many lines of data too, which take more memory than they have characters', () => {
    const many = (lines: number): Uint8Array => bytes(`${'data: x\n'.repeat(lines)}\ndata: b\n\n`);
    assert.deepEqual(read([many(lineLimit + 1)]), [
      { kind: 'oversized', limit: frameLimit },
      frame(null, 'b'),
    ]);
    assert.equal(read([many(lineLimit)])[0]?.kind, 'frame');
    const frames = bytes('data: x\n\n'.repeat(2 * lineLimit));
    assert.equal(read([frames]).length, 2 * lineLimit);
    assert.equal(read([...frames].map((byte) => Uint8Array.of(byte))).length, 2 * lineLimit);
  });

  it('may end the stream', () => {
    assert.deepEqual(read([bytes(`data: ${big(huge)}`)], limit), [skipped]);
  });
});
