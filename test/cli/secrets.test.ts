/**
 * The real program and servers that echo the secrets they received. Secrets are removed from servers' free text, in
 * every encoding and on every path; names, addresses and the program's own words stay as they are.
 *
 * The harness (support/secrecy.ts) checks every child, in this file and the others, for secrets in its output and logs.
 * This file ensures that there is something to find.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { LabState } from '../../src/backends/nublado/schemas.js';
import { answering, type Asked } from '../support/answering.js';
import { makeAuthority, makeCertificate } from '../support/certificates.js';
import { parseLines, resultOf } from '../support/ndjson.js';
import { atTerminal, runLab } from '../support/program.js';
import { startProxy } from '../support/proxy.js';
import { temporaryFolder } from '../support/temporary.js';

/** Where case does not matter to the protocol, it must not matter to the search. */
const token = 'gt-HUNTER2hunter2';
/** In JSON and in URLs it is another text each time. */
const value = 'hunter3 "h\u00fcnter3" 100%\\hunter3';
/** The value begins with another secret, which must not be replaced first. */
const args = ['--env', 'A=hunter3 ', '--env', `B=${value}`, '--env', 'C=-----BEGIN\nhunter4-line\n'];

const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const split = (text: string, end: string): string => Array.from(text).join(end);
const encoded = (text: string): string =>
  Array.from(Buffer.from(text), (byte) => `%${byte.toString(16)}`).join('');

/** Everything that must not be shown, as a server may put it into one text. */
const echo = [
  ...[token, value, 'hunter4-line'].flatMap((secret) => [
    secret,
    json(secret),
    json(json(secret)),
    encodeURIComponent(secret),
    encoded(secret),
    split(secret, '\r\n'),
    split(secret, '\\n'),
  ]),
].join(' | ');

/** The same for a place where only visible ASCII can stand. */
const asciiEcho = [token, encodeURIComponent(value), encoded(value), split(token, '%0A')].join('|');

type Answer = (response: ServerResponse, asked: Asked) => void;

async function serve(t: TestContext, answer: Answer): Promise<Record<string, string>> {
  const server = await answering(answer);
  t.after(() => server.close());
  return { LAB_CONTROLLER: server.origin, LAB_TOKEN: token };
}

function send(
  response: ServerResponse,
  body: string,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}

/** Accepts the lab, and sends this event stream for it. */
const spawning =
  (stream: string): Answer =>
  (response, { url }) => {
    if (url.endsWith('/user-info')) send(response, '{"username": "rachel"}');
    else if (url.endsWith('/create')) send(response, 'null', 201);
    else if (url.endsWith('/events')) send(response, stream, 200, { 'content-type': 'text/event-stream' });
    else send(response, '{"status": "running", "internal_url": "http://lab.example/"}');
  };

const frame = (name: string, data: string): string =>
  `event: ${name}\n${data
    .split('\n')
    .map((line) => `data: ${line}\n`)
    .join('')}\n`;

/** In every display, each with the log of `-vv` in a file. The log is read by the harness as well. */
async function inAllModes(
  env: Record<string, string>,
  code: number,
): Promise<{ shown: string[]; labs: (LabState | null)[]; logs: string[] }> {
  const folder = temporaryFolder();
  const modes = [['-q'], ['--progress', 'plain', '-vv'], ['-vv'], ['-o', 'json'], ['-o', 'ndjson', '-vv']];
  const runs = await Promise.all(
    modes.map((mode, i) => runLab(['spawn', ...args, ...mode, '--log-file', join(folder, `${i}`)], env)),
  );
  for (const run of runs) assert.equal(run.code, code, run.stderr);
  return {
    shown: runs.map(({ stdout, stderr }) => stdout + stderr),
    labs: runs.slice(3).map(({ stdout }) => resultOf(stdout).lab),
    logs: modes.map((_, i) => readFileSync(join(folder, `${i}`), 'utf8')),
  };
}

describe('secrets that a server repeats are not shown', { concurrency: 2 }, () => {
  const message = JSON.stringify({ message: echo });
  for (const [name, stream, code] of [
    ['in the message of an event', frame('failed', message), 1],
    ['in the reason before it', frame('error', message) + frame('failed', '{"message": "failed"}'), 1],
    ['in an event of an unknown type', frame(asciiEcho, message) + frame('failed', message), 1],
    ['in data that is no JSON', frame('info', echo) + frame('failed', `{${echo}`), 1],
    ['in a ping', frame('ping', echo) + frame('failed', message), 1],
    [
      'across the place where a long message is cut',
      frame('failed', JSON.stringify({ message: 'x'.repeat(1990) + echo })),
      1,
    ],
    ['over two lines of data', frame('failed', `{"message":\n${JSON.stringify(echo)}}`), 1],
  ] as const) {
    it(name, async (t) => {
      const { shown } = await inAllModes(await serve(t, spawning(stream)), code);
      for (const text of shown.slice(1)) assert.match(text, /\[secret\]/);
    });
  }

  it('in a comment', async (t) => {
    const env = await serve(t, spawning(`: ${asciiEcho}\n\n${frame('complete', '{"message": "up"}')}`));
    for (const mode of [['--comments'], ['-o', 'ndjson', '--comments']]) {
      const run = await runLab(['events', ...mode], { ...env, LAB_USER: 'rachel' });
      assert.match(run.stdout, /comment.*\[secret\]/);
    }
  });

  const detail = (msg: string, type = 'value_error'): string =>
    JSON.stringify({ detail: [{ msg, type, loc: ['body', echo] }] });
  for (const [name, answer, code] of [
    [
      'in the words of a refusal',
      (response) => {
        send(response, detail(echo), 422);
      },
      6,
    ],
    [
      'in words without a type',
      (response) => {
        send(response, JSON.stringify({ detail: echo }), 400);
      },
      6,
    ],
    [
      'across the place where plain text is cut',
      (response) => {
        send(response, 'x'.repeat(190) + asciiEcho, 400, { 'content-type': 'text/plain' });
      },
      6,
    ],
    [
      'in what the ingress says of the token',
      (response) => {
        send(response, '', 401, {
          'content-type': 'text/html',
          'www-authenticate': `Bearer error="invalid_token", error_description="${asciiEcho}"`,
        });
      },
      3,
    ],
    [
      'in the name of a scope',
      (response) => {
        send(response, '', 403, {
          'content-type': 'text/html',
          'www-authenticate': `Bearer error="insufficient_scope", scope="${asciiEcho}"`,
        });
      },
      3,
    ],
    [
      'in the target of a redirect',
      (response) => {
        send(response, '', 302, { location: `https://login.example/?rd=${asciiEcho}` });
      },
      3,
    ],
    [
      'in a redirect that is followed',
      (response, { url }) => {
        if (url.endsWith('/create')) send(response, '', 307, { location: `/login?rd=${asciiEcho}` });
        else send(response, '<html>', 200, { 'content-type': 'text/html' });
      },
      3,
    ],
    [
      'in the type of a content',
      (response) => {
        send(response, '', 200, { 'content-type': `x/${asciiEcho}` });
      },
      7,
    ],
    [
      'in its coding',
      (response) => {
        send(response, '', 200, { 'content-encoding': asciiEcho });
      },
      7,
    ],
  ] as [string, Answer, number][]) {
    it(name, async (t) => {
      const env = await serve(t, (response, asked) => {
        if (asked.method === 'GET' && !asked.url.includes('login')) spawning('')(response, asked);
        else answer(response, asked);
      });
      const { shown } = await inAllModes(env, code);
      for (const text of shown) assert.match(text, /\[secret\]/);
    });
  }

  it('in the names of a certificate', async (t) => {
    const authority = await makeAuthority('secrets');
    const certificate = await makeCertificate({ issuer: authority, names: [`${token}.example`] });
    const server = await answering(spawning(''), certificate);
    t.after(() => server.close());
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'ca.pem'), authority.cert);
    const env = {
      LAB_CONTROLLER: server.origin.replace('127.0.0.1', 'localhost'),
      LAB_TOKEN: token,
      LAB_CA_FILE: join(folder, 'ca.pem'),
    };
    const { shown } = await inAllModes(env, 7);
    for (const text of shown)
      assert.match(text, /certificate is not for localhost, but for \[secret\]\.example/);
  });

  it('in the password that a proxy forwards to the server', async (t) => {
    const password = 'hunter5/hunter5';
    const authority = await makeAuthority('secrets');
    const said = `${password} ${Buffer.from(`me:${password}`).toString('base64')} ${encodeURIComponent(password)}`;
    const server = await answering(
      (response) => {
        send(response, JSON.stringify({ detail: said }), 403);
      },
      await makeCertificate({ issuer: authority, names: ['data.example.org'] }),
    );
    t.after(() => server.close());
    const proxy = await startProxy({ port: server.port, credentials: `me:${password}` });
    t.after(() => proxy[Symbol.asyncDispose]());
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'ca.pem'), authority.cert);
    const run = await runLab(['status', '-vv'], {
      LAB_CONTROLLER: 'https://data.example.org',
      LAB_TOKEN: token,
      LAB_CA_FILE: join(folder, 'ca.pem'),
      HTTPS_PROXY: `http://me:${encodeURIComponent(password)}@127.0.0.1:${proxy.port}`,
    });
    assert.equal(run.code, 3, run.stderr);
    assert.match(run.stderr, /: \[secret\] \[secret\] \[secret\] \(HTTP 403/);
  });

  it('in the log of requests', async (t) => {
    const env = await serve(t, (response, { url }) => {
      if (url.endsWith('/create'))
        send(response, '', 307, { location: `/nublado/spawner/v1/there?${asciiEcho}` });
      else if (url.includes('/there')) send(response, 'null', 201);
      else spawning(frame('complete', '{"message": "up"}'))(response, { url } as Asked);
    });
    const { logs } = await inAllModes(env, 0);
    for (const log of logs) {
      assert.match(log, /> POST http:\S+\/there\?\[secret\]/);
      assert.match(log, /< 201 to POST http:\S+\/there\?\[secret\]/);
    }
  });

  it('in what else the state says', async (t) => {
    const state = {
      status: 'running',
      internal_url: 'http://lab.example/',
      env: { A: value, B: [echo] },
      reason: echo,
      user: { username: 'rachel', note: echo },
      options: { image: 'i', size: 'small', note: echo },
    };
    const env = await serve(t, (response, asked) => {
      if (asked.url.endsWith('/user-status')) send(response, JSON.stringify(state));
      else spawning(frame('complete', '{"message": "up"}'))(response, asked);
    });
    const { labs } = await inAllModes(env, 0);
    for (const lab of labs) {
      const { env: variables, reason } = lab ?? { status: '' };
      assert.match(String(reason), /^\[secret\] \| \[secret\]/);
      assert.deepEqual(variables, { A: '[secret]', B: [reason] });
      assert.equal(lab?.user?.['note'], reason);
      assert.equal(lab?.options?.['note'], reason);
    }
  });

  it('in raw bytes at a terminal, however they are cut; to a pipe they are exact', async (t) => {
    const parts = [
      'event: info\ndata: {"message": "<gt-HUN',
      'TER2hun',
      'ter2> gt-HUNTER2"}\n',
      '\n: gt-HUNTER2h',
    ];
    const env = await serve(t, (response, asked) => {
      if (!asked.url.endsWith('/events')) {
        spawning('')(response, asked);
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const next = (i: number): void => {
        if (i === parts.length) response.end();
        else response.write(parts[i], () => setImmediate(next, i + 1));
      };
      next(0);
    });
    const terminal = atTerminal('lab events --raw', { env: { ...env, LAB_USER: 'rachel' } });
    assert.equal(await terminal.finished, 0);
    assert.match(terminal.text(), /"<\[secret\]> gt-HUNTER2"\}\\n\n\\n\n: gt-HUNTER2h/);
    const pipe = await runLab(['events', '--raw'], { ...env, LAB_USER: 'rachel' }, '', {
      printsSecrets: true,
    });
    assert.equal(pipe.stdout, parts.join(''));
    assert.match((await runLab(['events', '--help'])).stdout, /--raw .*including\s+secrets/s);
  });
});

describe(
  "anything but a server's free text stays unchanged, even if it contains a secret",
  { concurrency: 2 },
  () => {
    const today = new Date().toISOString().slice(0, 10);
    const secret = [
      'USER=rachel01',
      'STEP=complete',
      'A="schema":1',
      `B=${today}`,
      'C=running,',
      'D=could not',
      'E=progress',
      'F=lab.example',
      'G=image-of-rachel',
      'H=127.0.0.1',
    ];
    const given = secret.flatMap((variable) => ['--env', variable]);
    const shows = { printsSecrets: true };
    const state = {
      status: 'running',
      internal_url: 'http://lab.example/nb/user/rachel01/',
      user: { username: 'rachel01', name: 'rachel01', groups: [{ name: 'rachel01', id: 1 }] },
      options: { image: 'lab.example/image-of-rachel:1', size: 'progress' },
    };
    const stream =
      frame('info', '{"message": "Pulling for rachel01", "progress": 30}') +
      frame('complete', '{"message": "complete for rachel01"}');
    const running: Answer = (response, { url }) => {
      if (url.endsWith('/user-info')) send(response, '{"username": "rachel01"}');
      else if (url.endsWith('/create')) send(response, 'null', 201);
      else if (url.endsWith('/events')) send(response, stream, 200, { 'content-type': 'text/event-stream' });
      else send(response, JSON.stringify(state));
    };

    it('the URL on stdout', async (t) => {
      const run = await runLab(['spawn', ...given], await serve(t, running), '', shows);
      assert.equal(run.code, 0, run.stderr);
      assert.equal(run.stdout, 'http://lab.example/nb/user/rachel01/\n');
      assert.match(run.stderr, /Pulling for \[secret\]/);
      assert.match(run.stderr, new RegExp(`^${today}`, 'm'));
    });

    it('the JSON, its keys and types and times, and the state', async (t) => {
      const env = await serve(t, running);
      const run = await runLab(['spawn', ...given, '-o', 'ndjson', '-vv'], env, '', shows);
      const lines = parseLines(run.stdout);
      const result = resultOf(run.stdout);
      assert.deepEqual(result.lab, state);
      assert.deepEqual([result.outcome, result.exit_code, result.schema], ['complete', 0, 1]);
      assert.equal(result.message, '[secret] for [secret]');
      assert.equal(result.time.slice(0, 10), today);
      const events = lines.flatMap((line) => (line.kind === 'event' ? [line.event] : []));
      assert.deepEqual(events, [
        { type: 'info', message: 'Pulling for [secret]', progress: 30 },
        { type: 'complete', message: '[secret] for [secret]', progress: null },
      ]);
      const start = lines.find((line) => line.kind === 'start');
      assert.deepEqual([start?.user, start?.controller], ['rachel01', `${env['LAB_CONTROLLER']}/nublado`]);
      assert.match(
        run.stderr,
        /> POST http:\/\/127\.0\.0\.1:\d+\/nublado\/spawner\/v1\/labs\/rachel01\/create$/m,
      );
    });

    it('the program’s own words', async (t) => {
      const env = await serve(t, (response, asked) => {
        if (asked.method === 'POST')
          send(response, '{"detail": [{"msg": "could not: rachel01", "type": "complete"}]}', 422);
        else running(response, asked);
      });
      const run = await runLab(['spawn', ...given, '-o', 'json'], env, '', shows);
      const { message, error } = resultOf(run.stdout);
      assert.equal(
        message,
        'could not create a lab for rachel01: [secret]: [secret] (HTTP 422 Unprocessable Entity)',
      );
      assert.equal(error?.type, 'complete');
    });

    it('what is compared: a repetition is one, and another text is another', async (t) => {
      let opened = 0;
      const env = await serve(t, (response, asked) => {
        if (!asked.url.endsWith('/events')) {
          running(response, asked.url.endsWith('/user-status') ? { ...asked, url: '/user-status' } : asked);
          return;
        }
        opened += 1;
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const about = (name: string): string => frame('info', JSON.stringify({ message: `about ${name}` }));
        // Without the secrets the two would be the same.
        response.write(about('rachel01') + about('complete'));
        if (opened === 1) response.destroy();
        else response.end(frame('complete', '{"message": "up"}'));
      });
      const run = await runLab(
        ['events', ...[], '-o', 'ndjson'],
        { ...env, LAB_USER: 'rachel01', LAB_TOKEN: 'rachel01' },
        '',
        shows,
      );
      const events = parseLines(run.stdout).flatMap((line) =>
        line.kind === 'event' ? [line.event.message] : [],
      );
      assert.ok(opened >= 1);
      assert.deepEqual(events, ['about [secret]', 'about complete', 'up']);
    });
  },
);
