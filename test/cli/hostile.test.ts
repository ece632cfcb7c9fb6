/**
 * The real program against a server that attacks the terminal, or the CI system that reads the output: none of
 * its text arrives there as a control character or as a command, in any field.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { answering, type Asked } from '../support/answering.js';
import { parseLines, resultOf } from '../support/ndjson.js';
import { atTerminal, runLab, type Finished } from '../support/program.js';

/** To clear the screen in three ways, set the title, forge a line, turn the text around, say nothing, and give commands to CI systems. */
const evil =
  '::notice::x \x1b[2J\x9b2J\x1bc\x1b]0;owned\x07\r\nforged \u202eline\u2028\0\u200b\ud800\n::error::x ##[add-mask]e ##vso[x]y';

function environment(origin: string, user: string | null = 'demo'): Record<string, string> {
  return {
    LAB_CONTROLLER: origin,
    LAB_TOKEN: 'a-token-that-nobody-may-see',
    ...(user === null ? {} : { LAB_USER: user }),
  };
}

/** Lines of text without anything in them that acts on a terminal or a CI system. */
function assertHarmless(text: string): void {
  assert.doesNotMatch(text, /##(?:\[|vso\[)|^\s*::[a-z]/im);
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e\u2028]/);
  assert.doesNotMatch(text, /^forged/m);
}

interface Route {
  status?: number;
  type?: string;
  body: string | Buffer;
}

/** Serves these responses; the token's user is reported correctly, because otherwise no other request would follow. */
async function serve(
  t: TestContext,
  routes: (asked: Asked) => Route,
  owner = JSON.stringify({ username: 'demo' }),
): Promise<string> {
  const server = await answering((response, asked) => {
    const route = asked.url.endsWith('/user-info') ? { body: owner } : routes(asked);
    const { status = 200, type = 'application/json', body }: Route = route;
    response.writeHead(status, { 'content-type': type });
    response.end(body);
  });
  t.after(() => server.close());
  return server.origin;
}

/** Bytes as they are, for headers that no HTTP server would send. */
async function serveRaw(t: TestContext, answer: Buffer): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const sse = 'text/event-stream';
const frame = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** Every output mode in which a run shows what it received. */
const ways = [
  ['text', []],
  ['lines', ['--progress', 'plain']],
  ['everything', ['--progress', 'plain', '-vv']],
  ['JSON', ['-o', 'json']],
] as const;

async function assertAllWays(
  args: readonly string[],
  env: Record<string, string>,
  code: number,
): Promise<Finished[]> {
  const runs = await Promise.all(ways.map(([, options]) => runLab([...args, ...options], env)));
  for (const run of runs) {
    assert.equal(run.code, code, run.stdout + run.stderr);
    assertHarmless(run.stdout);
    assertHarmless(run.stderr);
  }
  return runs;
}

describe('what a hostile server says does nothing to a terminal', { concurrency: 2 }, () => {
  for (const [status, code] of [
    [400, 6],
    [401, 3],
    [403, 3],
    [409, 5],
    [422, 6],
  ] as const) {
    it(`in the body of a ${status}`, async (t) => {
      const detail = [{ msg: evil, type: evil, loc: [evil] }];
      const origin = await serve(t, () => ({ status, body: JSON.stringify({ detail }) }));
      await assertAllWays(['spawn', '--on-conflict', 'fail'], environment(origin), code);
    });
  }

  it('in a refusal that is plain text, in whatever bytes', async (t) => {
    const body = Buffer.from('\x1b[2J\x9b2J\xff\xfe forged', 'latin1');
    const origin = await serve(t, () => ({ status: 403, type: 'text/plain', body }));
    for (const run of await Promise.all(
      ways.map(([, options]) => runLab(['status', ...options], environment(origin))),
    )) {
      assert.equal(run.code, 3);
      assert.doesNotMatch(run.stderr + run.stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    }
  });

  for (const [name, value] of [
    ['C1 controls', 'https://evil.example/\x9b2J\x9d0;owned\x9c'],
    ['escape sequences', 'https://evil.example/\x1b[2J\x1b]0;owned\x07'],
  ] as const) {
    it(`in the target of a redirect, and in headers: ${name}`, async (t) => {
      const answer = Buffer.from(
        `HTTP/1.1 302 F${value}d\r\nLocation: ${value}\r\nContent-Type: text/${value}\r\nContent-Length: 0\r\n\r\n`,
        'latin1',
      );
      const origin = await serveRaw(t, answer);
      for (const run of await Promise.all(
        ways.map(([, options]) => runLab(['status', '--timeout', '8s', ...options], environment(origin))),
      )) {
        assert.ok(run.code === 3 || run.code === 7, `${run.code}: ${run.stderr}`);
        assertHarmless(run.stdout);
        assertHarmless(run.stderr);
      }
    });
  }

  it('in the name that a token is said to have', async (t) => {
    const origin = await serve(t, () => ({ body: '{}' }), JSON.stringify({ username: evil }));
    const runs = await assertAllWays(['status'], environment(origin, null), 7);
    assert.ok(runs.every(({ stderr, stdout }) => !(stderr + stdout).includes('owned')));
  });

  it('in event names, messages, comments, and invalid data', async (t) => {
    const stream = [
      `: ${evil.replaceAll(/[\r\n]/g, '')}\n\n`,
      frame(evil.replaceAll(/[\r\n]/g, ''), { message: 'm' }),
      frame('info', { message: evil, progress: 5 }),
      frame('info', { message: 7, [evil]: evil }),
      `event: info\ndata: ${evil.replaceAll(/[\r\n]/g, '')}\n\n`,
      frame('error', { message: evil }),
      frame('failed', { message: evil }),
    ].join('');
    const origin = await serve(t, ({ url }) =>
      url.endsWith('/events') ? { type: sse, body: stream } : { body: '{"status": "pending"}' },
    );
    await assertAllWays(['wait'], environment(origin), 1);
    await assertAllWays(['events', '--comments', '--timestamps'], environment(origin), 1);
    const { stdout } = await runLab(['events', '-o', 'ndjson', '--comments'], environment(origin));
    const events = parseLines(stdout).flatMap((line) => (line.kind === 'event' ? [line.event.message] : []));
    assert.deepEqual(events, [evil, evil, evil], 'and JSON loses nothing');
    assert.equal(resultOf(stdout).outcome, 'failed');
  });

  it('in every field of the state, at a terminal too', async (t) => {
    const state = {
      status: 'running',
      internal_url: `http://lab.example/${evil}`,
      options: { image: evil, size: evil, [evil]: evil },
      [evil]: evil,
    };
    for (const [command, username, code] of [
      ['status', 'demo', 0],
      ['wait', 'demo', 0],
      ['status', evil, 3],
    ] as const) {
      const user = { username, name: evil };
      const origin = await serve(t, () => ({ body: JSON.stringify({ ...state, user }) }));
      const terminal = atTerminal(`lab ${command}`, { env: environment(origin), columns: 300 });
      assert.equal(await terminal.finished, code);
      const written = terminal.written();
      // The program itself writes only colours, cursor movements and erasing to a terminal; nothing else is its own.
      assert.ok(
        !/\x1b\[2J|\x9b|\x1bc|\x1b\]|\x07|\0|\u202e|\u2028|\u200b/.test(written),
        `${command}: ${JSON.stringify(written)}`,
      );
      assert.doesNotMatch(terminal.text(), /^forged/m);
    }
  });

  it('at the beginning of a line of a result', async (t) => {
    const names = ['::notice::x', '  ::error::y', '##[add-mask]e', '::1'];
    const form = names
      .map(
        (name) =>
          `<input type="radio" name="image_list" id="${name}" value="r/i:${name}"><label for="${name}">${name}</label>`,
      )
      .join('');
    const size =
      '<input type="radio" name="size" id="s" value="small"><label for="s">Small (1 CPU, 3Gi RAM)</label>';
    const state = { status: 'running', internal_url: '::notice::x##[add-mask]e' };
    const origin = await serve(t, ({ url }) => {
      if (url.endsWith('/labs')) return { body: JSON.stringify(names) };
      if (url.includes('/lab-form/')) return { type: 'text/html', body: form + size };
      return { body: JSON.stringify(state) };
    });
    const list = await runLab(['list'], environment(origin));
    assert.equal(list.stdout, '\\x3a:notice::x\n  \\x3a:error::y\n\\x23#[add-mask]e\n::1\n', list.stderr);
    const wait = await runLab(['wait'], environment(origin));
    assert.equal(wait.stdout, '\\x3a:notice::x\\x23#[add-mask]e\n', wait.stderr);
    for (const command of ['list', 'images', 'status', 'wait']) {
      for (const mode of [[], ['-v', '--progress', 'none'], ['-o', 'json']]) {
        const run = await runLab([command, ...mode], environment(origin));
        assert.equal(run.code, 0, run.stderr);
        assertHarmless(run.stdout);
        assertHarmless(run.stderr);
      }
    }
    const json = await runLab(['wait', '-o', 'json'], environment(origin));
    assert.match(json.stdout, /"internal_url":"::notice::x#\\u0023\[add-mask\]e"/);
    assert.equal(resultOf(json.stdout).lab?.internal_url, state.internal_url);
  });

  it('in an argument that is quoted', async () => {
    for (const args of [
      ['spawn', '::error::x ##[add-mask]e'],
      ['##[add-mask]e'],
      ['events', '--type', '\n::error::x'],
    ]) {
      const run = await runLab(args, {});
      assert.equal(run.code, 2);
      assertHarmless(run.stderr);
    }
  });

  it('in a warning, however long', async (t) => {
    const state = {
      status: 'running',
      internal_url: 'http://x',
      options: { image: `r/x:${'z'.repeat(300_000)}` },
    };
    const origin = await serve(t, ({ url }) =>
      url.endsWith('/create')
        ? { status: 409, body: '{"detail": [{"msg": "there", "type": "lab_exists"}]}' }
        : { body: JSON.stringify(state) },
    );
    for (const progress of ['plain', 'none']) {
      const run = await runLab(['spawn', '--tag', 't', '--progress', progress], environment(origin));
      assert.equal(run.code, 0);
      assert.match(run.stderr, /the running lab's image is r\/x:z{1900}/);
      assert.ok(run.stderr.length < 5_000, String(run.stderr.length));
    }
  });
});

describe('JSON that no controller would send', { concurrency: 2 }, () => {
  const deep = `${'['.repeat(300_000)}${']'.repeat(300_000)}`;
  for (const [name, code, body] of [
    ['nested deep beside what is asked for', 7, `{"status": "running", "more": ${deep}}`],
    ['nested deep in its place', 7, `{"status": ${deep}}`],
    ['nested deep and never closed', 7, '{"a":'.repeat(150_000)],
    ['an array', 7, deep],
    ['keys that objects inherit by', 7, '{"__proto__": {"status": "running"}, "constructor": 1}'],
    ['a byte order mark', 7, '\ufeff{"status": "running"}'],
    ['NUL', 7, '\0'],
    ['nothing', 7, ''],
    ['a number', 7, '1e999'],
  ] as const) {
    it(`as the state: ${name}`, async (t) => {
      const origin = await serve(t, () => ({ body }));
      for (const options of [[], ['-o', 'json']]) {
        const run = await runLab(['status', '--timeout', '8s', ...options], environment(origin));
        assert.equal(run.code, code, run.stderr.slice(-500));
      }
    });
  }
});
