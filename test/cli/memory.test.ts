/**
 * The real program's own memory, for any server output: its peak stays below a bound, and is the same for a
 * million events as for ten thousand.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { spawn as spawnAtTerminal } from '@lydell/node-pty';
import { answering } from '../support/answering.js';
import { measureLab, measuring, type Measured } from '../support/memory.js';
import { resultOf } from '../support/ndjson.js';
import { bin, cleanEnvironment } from '../support/program.js';
import { inTurn, pour, times, torrent, type Bytes } from '../support/torrent.js';

/** What is promised, in MiB. Node itself and this program's code take a good half of it. */
const bound = 200;

const kibi = 1024;
const mebi = 1024 * kibi;
const complete = 'event: complete\r\ndata: {"message": "done"}\r\n\r\n';
const info = (message: string): string => `event: info\r\ndata: {"message": "${message}"}\r\n\r\n`;
const data = (json: string): string => `event: info\r\ndata: ${json}\r\n\r\n`;

const letters = Buffer.alloc(64 * kibi, 'x');
const endless = (): Iterable<Bytes> => times(3200, () => letters);
const lines = (line: string): Iterable<Bytes> => {
  const many = Buffer.from(line.repeat(Math.floor((64 * kibi) / line.length)));
  return times(1600, () => many);
};

const token = 'a-token-that-nobody-may-see';

function environment(origin: string): Record<string, string> {
  return { LAB_CONTROLLER: origin, LAB_TOKEN: token, LAB_USER: 'demo' };
}

/** The last line, which is the result regardless of the lines before it. */
function result({ stdout }: Measured) {
  return resultOf(stdout.slice(stdout.lastIndexOf('\n', stdout.length - 2) + 1));
}

/** Lines: the start, the open connection, what the stream holds, and the result. */
const around = 3;

interface Case {
  name: string;
  stream: () => Iterable<Bytes>;
  /** Events and skipped frames before `complete`. */
  told: number;
}

const cases: Case[] = [
  {
    name: 'a line of 200 MB',
    stream: () => inTurn('data: ', endless(), '\r\n\r\n', complete),
    told: 1,
  },
  { name: 'a comment of 200 MB', stream: () => inTurn(': ', endless(), '\r\n\r\n', complete), told: 1 },
  {
    name: 'an event name of 200 MB',
    stream: () => inTurn('event: ', endless(), '\r\ndata: {}\r\n\r\n', complete),
    told: 1,
  },
  { name: 'no blank line for 100 MB', stream: () => inTurn(lines('data: x\r\n'), '\r\n', complete), told: 1 },
  { name: 'empty lines of data for 100 MB', stream: () => inTurn(lines('data\n'), '\n', complete), told: 1 },
  {
    name: 'names without data for 100 MB',
    stream: () => inTurn(lines('event: a\n'), '\n', complete),
    told: 0,
  },
  { name: 'nothing but line ends for 100 MB', stream: () => inTurn(lines('\r\n'), complete), told: 0 },
  {
    name: 'events of 8 MB',
    stream: () =>
      inTurn(
        times(8, () => info('x'.repeat(8 * mebi))),
        complete,
      ),
    told: 8,
  },
  {
    name: 'events just within the limit',
    stream: () =>
      inTurn(
        times(4, () => info('x'.repeat(15 * mebi))),
        complete,
      ),
    told: 4,
  },
  {
    name: 'events above it',
    stream: () =>
      inTurn(
        times(6, () => info('x'.repeat(17 * mebi))),
        complete,
      ),
    told: 6,
  },
  {
    name: 'events of 8 MB of secrets',
    stream: () =>
      inTurn(
        times(3, () => info(token.repeat((8 * mebi) / token.length))),
        times(3, () => info(`${token}\\n`.repeat((8 * mebi) / (token.length + 2)))),
        complete,
      ),
    told: 6,
  },
  {
    name: 'events of 8 MB of commands to a CI system',
    stream: () =>
      inTurn(
        times(3, () => info('##['.repeat((8 * mebi) / 3))),
        complete,
      ),
    told: 3,
  },
  {
    name: 'events of 8 MB of escapes',
    stream: () =>
      inTurn(
        times(5, () => info('\\u001b'.repeat(1.3 * mebi))),
        complete,
      ),
    told: 5,
  },
  {
    name: 'events of 8 MB in UTF-8',
    stream: () =>
      inTurn(
        times(5, () => info('望'.repeat(2.6 * mebi))),
        complete,
      ),
    told: 5,
  },
  {
    name: 'arrays nested millions deep in place of a message',
    stream: () =>
      inTurn(
        times(3, () => data(`{"message": ${'['.repeat(4 * mebi)}${']'.repeat(4 * mebi)}}`)),
        complete,
      ),
    told: 3,
  },
  {
    name: 'objects nested a million deep beside a message',
    stream: () =>
      inTurn(
        times(3, () => data(`{"message": "m", "more": ${'{"a":'.repeat(1e6)}1${'}'.repeat(1e6)}}`)),
        complete,
      ),
    told: 3,
  },
  {
    name: 'millions of values beside a message',
    stream: () =>
      inTurn(
        times(3, () => data(`{"message": "m", "more": [${'{},'.repeat(4e6)}1]}`)),
        complete,
      ),
    told: 3,
  },
  {
    name: 'hundreds of thousands of fields beside a message',
    stream: () =>
      inTurn(
        times(3, () => data(`{"message": "m"${fields(800_000)}}`)),
        complete,
      ),
    told: 3,
  },
  {
    name: 'megabytes that are no JSON',
    stream: () =>
      inTurn(
        times(4, () => data('<'.repeat(8 * mebi))),
        complete,
      ),
    told: 4,
  },
];

function fields(count: number): string {
  return Array.from({ length: count }, (_, index) => `,"field${index}":1`).join('');
}

describe('the peak of memory stays below its bound', () => {
  for (const { name, stream, told } of cases) {
    it(`with ${name}`, async () => {
      await using server = await torrent(stream);
      const run = await measureLab(['events', '-o', 'ndjson'], environment(server.origin));
      assert.equal(run.code, 0, run.stderr);
      assert.equal(result(run).outcome, 'complete');
      assert.equal(run.lines, around + told + 1);
      assert.ok(run.peakMiB < bound, `${run.peakMiB} MiB`);
    });
  }

  it('with a line that never ends, and no outcome in it', async () => {
    await using server = await torrent(() => inTurn('data: ', endless()));
    const run = await measureLab(['events', '--progress', 'plain'], environment(server.origin));
    assert.equal(run.code, 0, run.stderr);
    assert.ok(run.peakMiB < bound, `${run.peakMiB} MiB`);
  });

  for (const [name, status, type, code] of [
    ['of a refusal', 422, 'application/json', 6],
    ['of a refusal that is text', 401, 'text/plain', 3],
    ['of a web page', 200, 'text/html', 7],
    ['of the state, which is no state', 200, 'application/json', 7],
  ] as const) {
    it(`with a body of 50 MB ${name}`, async () => {
      await using server = await answering((response, { url }) => {
        if (url.endsWith('/user-info')) {
          response.writeHead(200, { 'content-type': 'application/json' }).end('{"username": "demo"}');
          return;
        }
        response.writeHead(status, { 'content-type': type });
        pour(
          response,
          inTurn(
            '{"detail": "',
            times(800, () => letters),
            '"}',
          ),
        );
      });
      const run = await measureLab(['status', '-o', 'json', '--timeout', '20s'], environment(server.origin));
      assert.equal(run.code, code, run.stdout + run.stderr);
      assert.ok(run.peakMiB < bound, `${run.peakMiB} MiB`);
    });
  }

  it('with a state that is nested half a million deep', async () => {
    const deep = `{"status": "running", "more": ${'['.repeat(500_000)}${']'.repeat(500_000)}}`;
    await using server = await answering((response, { url }) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(url.endsWith('/user-info') ? '{"username": "demo"}' : deep);
    });
    const run = await measureLab(['status', '-o', 'json', '--timeout', '20s'], environment(server.origin));
    assert.equal(run.code, 7, run.stderr);
    assert.ok(run.peakMiB < bound, `${run.peakMiB} MiB`);
  });
});

describe('a million events take no more memory than ten thousand', () => {
  const flood = (count: number) => (): Iterable<Bytes> =>
    inTurn(
      times(count / 100, (hundred) =>
        Array.from({ length: 100 }, (_, i) => info(`Extracted file ${hundred * 100 + i} of ${count}`)).join(
          '',
        ),
      ),
      complete,
    );
  const margin = 20;

  async function compare(t: TestContext, measure: (origin: string) => Promise<number>): Promise<void> {
    const peaks: number[] = [];
    for (const count of [10_000, 1_000_000]) {
      await using server = await torrent(flood(count));
      peaks.push(await measure(server.origin));
    }
    const [few = 0, many = Infinity] = peaks;
    t.diagnostic(`${few} MiB for ten thousand, ${many} MiB for a million`);
    assert.ok(many < bound && many <= few + margin, `${few} MiB and ${many} MiB`);
  }

  it('as JSON', (t) =>
    compare(t, async (origin) => {
      const run = await measureLab(['events', '-o', 'ndjson'], environment(origin), 'ignore');
      assert.equal(run.code, 0, run.stderr);
      return run.peakMiB;
    }));

  it('as lines', (t) =>
    compare(t, async (origin) => {
      const run = await measureLab(['events', '--progress', 'plain'], environment(origin));
      assert.equal(run.code, 0, run.stderr);
      return run.peakMiB;
    }));

  it('as a bar', (t) =>
    compare(t, async (origin) => {
      const measure = measuring();
      const pty = spawnAtTerminal(process.execPath, [bin, 'events', '-o', 'json', '--progress', 'bar'], {
        env: cleanEnvironment({ TERM: 'xterm', ...environment(origin), ...measure.env }),
      });
      const code = await new Promise((resolve) => {
        pty.onExit(({ exitCode }) => {
          resolve(exitCode);
        });
      });
      assert.equal(code, 0);
      return measure.peak();
    }));
});
