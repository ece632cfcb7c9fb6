/**
 * What the commands print, byte for byte where that is guaranteed: the real program with pipes.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { get } from 'node:http';
import { describe, it } from 'node:test';
import { eventJsonSchema } from '../../src/model/event.js';
import { runProgram } from '../../src/cli/program.js';
import { version } from '../../src/model/version.js';
import { answering } from '../support/answering.js';
import { fakeContext } from '../support/context.js';
import { parseLines, resultOf } from '../support/ndjson.js';
import { runLab, startLab } from '../support/program.js';
import { openController } from '../support/site.js';
import { recorder, type Recorded } from '../support/streams.js';

/** The body of an event stream, read without any of this program's code. */
function curl(url: string, token: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { authorization: `Bearer ${token}` } }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => {
        resolve(body);
      });
    }).on('error', reject);
  });
}

describe('what ndjson begins with', { concurrency: 4 }, () => {
  for (const command of ['spawn', 'wait', 'events', 'status', 'list', 'stop', 'images']) {
    it(`is the start of the command, for ${command}`, async () => {
      const [first, ...others] = parseLines(
        (await runLab([command, '--demo', 'immediate', '-o', 'ndjson'])).stdout,
      );
      assert.ok(first?.kind === 'start');
      assert.deepEqual([first.command, first.user], [command, command === 'list' ? null : 'demo']);
      assert.equal(others.at(-1)?.kind, 'result');
      assert.equal(
        others.some(({ kind }) => kind === 'start'),
        false,
      );
    });
  }
});

describe('lab spawn', { concurrency: 4 }, () => {
  it('reports every event to scripts as it happens, and never the value of a variable', async () => {
    const run = await runLab(
      ['spawn', '--demo', 'immediate', '-o', 'ndjson', '--env', 'A=hunter2', '--env', 'B'],
      {
        B: 'hunter3',
      },
    );
    const lines = parseLines(run.stdout);
    assert.deepEqual(
      lines.map(({ kind }) => kind),
      ['start', 'connection', 'event', 'event', 'event', 'state', 'result'],
    );
    const [start] = lines;
    assert.ok(start?.kind === 'start');
    assert.deepEqual(
      [start.command, start.user, start.request],
      [
        'spawn',
        'demo',
        {
          options: { image_class: 'recommended', size: 'small', enable_debug: false, reset_user_env: false },
          env: ['JUPYTERHUB_SERVICE_PREFIX', 'A', 'B'],
        },
      ],
    );
    assert.deepEqual(
      lines.flatMap((line) =>
        line.kind === 'event' ? [[line.seq, line.event.type, line.event.progress]] : [],
      ),
      [
        [1, 'info', 1],
        [2, 'info', 30],
        [3, 'complete', null],
      ],
    );
    assert.equal(resultOf(run.stdout).events, 3);
    assert.doesNotMatch(run.stdout + run.stderr, /hunter/);
    assert.equal(run.stderr, '');
  });

  it('sends the variables, and the image that was chosen', async () => {
    await using server = await answering((response, { url }) => {
      if (url.endsWith('/create'))
        response.writeHead(201, { 'content-type': 'application/json' }).end('null');
      else
        response
          .writeHead(404, { 'content-type': 'application/json' })
          .end('{"detail":[{"msg":"x","type":"unknown_user"}]}');
    });
    for (const [args, image] of [
      [['--tag', 't'], { image_tag: 't' }],
      [['--image', 'r/x:t'], { image_list: 'r/x:t' }],
      [['--class', 'latest-daily'], { image_class: 'latest-daily' }],
      [[], { image_class: 'recommended' }],
    ] as const) {
      await runLab(
        ['spawn', '-d', '-u', 'demo', '--size', 'large', '--enable-debug', '--env', 'A=b=c', ...args],
        {
          LAB_CONTROLLER: server.origin,
          LAB_TOKEN: 'gt-x',
        },
      );
      assert.deepEqual(JSON.parse(server.asked.at(-1)?.body ?? ''), {
        options: { ...image, size: 'large', enable_debug: true, reset_user_env: false },
        env: { JUPYTERHUB_SERVICE_PREFIX: '/nb/user/demo/', A: 'b=c' },
      });
    }
  });

  it('says nothing but errors with --quiet', async () => {
    const up = await runLab(['spawn', '--demo', 'immediate', '-q']);
    assert.deepEqual(
      [up.code, up.stderr, up.stdout],
      [0, '', 'http://lab.userlabs-demo:8888/nb/user/demo/\n'],
    );
    const down = await runLab(['spawn', '--demo', 'create-failure', '-q']);
    assert.equal(down.code, 1);
    assert.match(down.stderr, /^✖ Lab spawn failed: .*Something bad happened\n$/);
  });

  it('prints neither the token nor the value of a variable when the server echoes them', async () => {
    const token = 'gt-hunter2hunter2';
    // As it is written for a terminal and in JSON, it is another text each time.
    const value = 'hunter3 "h\u00fcnter3"\n\\hunter3';
    const message = JSON.stringify(`${token} and ${value}`);
    await using server = await answering((response, { url }) => {
      if (url.endsWith('/create'))
        response.writeHead(201, { 'content-type': 'application/json' }).end('null');
      else {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(`event: failed\r\ndata: {"message": ${message}}\r\n\r\n`);
      }
    });
    for (const mode of ['text', 'json', 'ndjson']) {
      const run = await runLab(['spawn', '-u', 'demo', '--env', `A=${value}`, '-o', mode], {
        LAB_CONTROLLER: server.origin,
        LAB_TOKEN: token,
      });
      assert.equal(run.code, 1);
      assert.match(run.stderr, /\[secret\] and \[secret\]/);
      assert.doesNotMatch(run.stdout + run.stderr, /nter[23]/);
    }
  });

  it('is up without a URL after 2 s, with a warning', async () => {
    await using server = await answering((response, { url }) => {
      if (url.endsWith('/create'))
        response.writeHead(201, { 'content-type': 'application/json' }).end('null');
      else if (url.endsWith('/events')) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end('event: complete\r\ndata: {"message": "up"}\r\n\r\n');
      } else response.writeHead(500).end();
    });
    const run = await runLab(['spawn', '-u', 'demo'], { LAB_CONTROLLER: server.origin, LAB_TOKEN: 'gt-x' });
    assert.deepEqual([run.code, run.stdout], [0, '']);
    assert.match(run.stderr, /the controller did not report the lab's URL/);
  });

  it('prints the URL verbatim for a script, and everything else sanitised', async () => {
    await using server = await answering((response, { url }) => {
      if (url.endsWith('/create'))
        response.writeHead(201, { 'content-type': 'application/json' }).end('null');
      else if (url.endsWith('/events')) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end('event: complete\r\ndata: {"message": "up\\u001b[2J"}\r\n\r\n');
      } else {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end('{"status": "running", "internal_url": "http://x/\\u001b[2J\\u202e"}');
      }
    });
    const run = await runLab(['spawn', '-u', 'demo'], { LAB_CONTROLLER: server.origin, LAB_TOKEN: 'gt-x' });
    assert.equal(run.stdout, 'http://x/\x1b[2J\u202e\n');
    assert.match(run.stderr, /complete: up\\x1b\[2J\n✔ Lab is running \(0:\d\d\)\n/);
  });

  it('lets the state decide after a complete that cannot be read', async () => {
    for (const [status, code, outcome] of [
      ['running', 0, 'running'],
      ['failed', 1, 'failed'],
    ] as const) {
      await using server = await answering((response, { url }) => {
        if (url.endsWith('/create'))
          response.writeHead(201, { 'content-type': 'application/json' }).end('null');
        else if (url.endsWith('/events')) {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.end('event: complete\r\ndata: {nope\r\n\r\n');
        } else {
          response.writeHead(200, { 'content-type': 'application/json' });
          response.end(`{"status": "${status}", "internal_url": "http://x/"}`);
        }
      });
      const run = await runLab(['spawn', '-u', 'demo', '-o', 'ndjson'], {
        LAB_CONTROLLER: server.origin,
        LAB_TOKEN: 'gt-x',
      });
      assert.equal(run.code, code);
      assert.equal(resultOf(run.stdout).outcome, outcome);
    }
  });
});

describe('lab events', { concurrency: 4 }, () => {
  it('shows the same events to everybody, as the wire has them', async () => {
    await using controller = await openController({ scenario: 'delayed' });
    const env = { LAB_CONTROLLER: controller.url, LAB_TOKEN: controller.token };
    const url = `${controller.url}/spawner/v1/labs/demo/events`;
    const spawning = startLab(['spawn', '-o', 'ndjson'], env);
    await spawning.seen(/"event"/);
    const [spawned, watched, filtered, raw, wire] = await Promise.all([
      spawning.finished,
      runLab(['events', '-o', 'ndjson'], env),
      runLab(['events', '--type', 'complete', '--timestamps'], env),
      runLab(['events', '--raw'], env),
      curl(url, controller.token),
    ]);
    const eventsOf = (stdout: string) =>
      parseLines(stdout).flatMap((line) => (line.kind === 'event' ? [line.event] : []));
    assert.equal(eventsOf(spawned.stdout).length, 17);
    assert.deepEqual(eventsOf(watched.stdout), eventsOf(spawned.stdout));
    assert.match(
      filtered.stdout,
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z {2}complete {7}Lab Kubernetes pod started for demo\n$/,
    );
    assert.equal(raw.stdout, wire);
    assert.equal(raw.code, 0);
  });

  it('is one line for each event', async () => {
    const run = await runLab(['events', '--demo', 'create-failure']);
    assert.equal(run.code, 1);
    assert.equal(
      run.stdout,
      'info       1%  Starting lab creation for demo\n' +
        'error          Error creating object (Pod userlabs-demo/demo-nb, status 400): Something bad happened\n' +
        'failed         Lab spawn failed\n',
    );
  });

  it('shows comments with --comments', async () => {
    await using controller = await openController({ scenario: 'happy', pingSeconds: 0.05 });
    controller.beginSpawn();
    const env = { LAB_CONTROLLER: controller.url, LAB_TOKEN: controller.token };
    const run = await runLab(['events', '--comments'], env);
    assert.match(run.stdout, /^comment {8}ping - \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00$/m);
    assert.doesNotMatch((await runLab(['events'], env)).stdout, /comment/);
  });

  it('shows invalid frames as such', async () => {
    const run = await runLab(['events', '--demo', 'malformed']);
    assert.equal(run.code, 0);
    assert.match(run.stdout, /^skipped {8}unknown event type/m);
    assert.match(run.stdout, /^skipped {8}the data is not JSON: info /m);
  });

  it('opens a stream again that was cut, and shows nothing twice', async () => {
    let opened = 0;
    const frame = (message: string): string => `event: info\r\ndata: {"message": "${message}"}\r\n\r\n`;
    await using server = await answering((response) => {
      opened++;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      if (opened === 1) response.write(frame('x'), () => response.destroy());
      else response.end(frame('x') + frame('y'));
    });
    const run = await runLab(['events', '-u', 'demo'], { LAB_CONTROLLER: server.origin, LAB_TOKEN: 'gt-x' });
    assert.deepEqual([run.code, run.stdout], [0, 'info           x\ninfo           y\n']);
    assert.match(run.stderr, /^⚠ event stream lost: the connection was cut; reconnecting\nreconnected\n/m);
  });

  it('ends with 7 at the deadline if the stream is not back', async () => {
    let opened = 0;
    await using server = await answering((response) => {
      opened++;
      if (opened > 1) {
        response.destroy();
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: info\r\ndata: {"message": "x"}\r\n\r\n', () => response.destroy());
    });
    const run = await runLab(['events', '-u', 'demo', '--timeout', '3s'], {
      LAB_CONTROLLER: server.origin,
      LAB_TOKEN: 'gt-x',
    });
    assert.equal(run.code, 7);
    assert.match(run.stderr, /✖ timed out; outcome unknown: .*the connection was cut/);
  });

  it('ends with 0 when the stream simply ends', async () => {
    await using server = await answering((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end('event: info\r\ndata: {"message": "Lab for demo deleted", "progress": 100}\r\n\r\n');
    });
    const run = await runLab(['events', '-u', 'demo', '-o', 'json'], {
      LAB_CONTROLLER: server.origin,
      LAB_TOKEN: 'gt-x',
    });
    assert.equal(run.code, 0);
    assert.deepEqual([resultOf(run.stdout).outcome, resultOf(run.stdout).events], ['ok', 1]);
  });
});

describe('lab controller', { concurrency: 4 }, () => {
  it('says what to export, serves, and leaves nothing behind', async () => {
    const serving = startLab(['controller', '--scenario', 'immediate']);
    await serving.seen(/LAB_TOKEN_FILE=.*\n/);
    const exported = Object.fromEntries(
      [...serving.output().matchAll(/^export (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]),
    ) as Record<string, string>;
    assert.deepEqual(Object.keys(exported), ['LAB_CONTROLLER', 'LAB_TOKEN_FILE']);
    const file = exported['LAB_TOKEN_FILE'] ?? '';
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(readFileSync(file, 'utf8'), /^gt-[\w-]{22}\.[\w-]{22}\n$/);

    const spawned = await runLab(['spawn'], exported);
    assert.deepEqual([spawned.code, spawned.stdout], [0, 'http://lab.userlabs-demo:8888/nb/user/demo/\n']);

    serving.child.kill('SIGINT');
    const ended = await serving.finished;
    assert.deepEqual([ended.code, ended.stderr], [130, '']);
    assert.equal(existsSync(file), false);
  });

  it('lists its scenarios', async () => {
    const { stdout } = await runLab(['controller', '--list']);
    for (const name of [
      'happy',
      'slow-pull',
      'spawn-timeout',
      'recreate',
      'malformed',
      'hostile',
      'conflict',
    ]) {
      assert.match(stdout, new RegExp(`^${name} +\\S`, 'm'));
    }
  });

  it('plays any scenario by image tag', async () => {
    await using controller = await openController({ speed: 100 });
    const env = { LAB_CONTROLLER: controller.url, LAB_TOKEN: controller.token };
    assert.equal((await runLab(['spawn', '--tag', 'scenario-create-failure'], env)).code, 1);
    assert.equal((await runLab(['spawn', '--tag', 'scenario-happy'], env)).code, 0);
  });
});

describe('lab schema and lab help', { concurrency: 4 }, () => {
  it('print the schemas', async () => {
    assert.deepEqual(JSON.parse((await runLab(['schema'])).stdout), eventJsonSchema());
    const output = JSON.parse((await runLab(['schema', 'output'])).stdout) as { oneOf: unknown[] };
    assert.ok(output.oneOf.length >= 7);
    // Version 1 may grow: further keys must be allowed.
    assert.doesNotMatch(JSON.stringify(output), /"additionalProperties":false/);
  });

  it('print the reference pages', async () => {
    for (const [topic, pattern] of [
      ['exit-codes', /^ 124 {2}the deadline passed/m],
      ['environment', /^ {2}LAB_CONTROLLER +the controller's URL/m],
      ['output', /kind: |kind \(|result {6}outcome/],
    ] as const) {
      const run = await runLab(['help', topic]);
      assert.equal(run.code, 0);
      assert.match(run.stdout, pattern);
      assert.ok(
        run.stdout.split('\n').every((line) => line.length <= 80),
        topic,
      );
    }
  });

  it('print the help of the program and of each command, with examples', async () => {
    const { stdout } = await runLab([]);
    assert.match(stdout, /lab spawn --demo/);
    for (const command of ['spawn', 'events', 'controller']) {
      const help = await runLab([command, '--help']);
      assert.equal(help.code, 0);
      assert.match(help.stdout, /Examples:/);
      assert.equal((await runLab(['help', command])).stdout, help.stdout);
    }
  });

  it('name what only one command takes first', async () => {
    for (const [command, option] of [
      ['wait', '--for'],
      ['stop', '--detach'],
      ['spawn', '--on-conflict'],
      ['events', '--follow'],
    ] as const) {
      const { stdout } = await runLab([command, '--help']);
      const [own = ''] = stdout.split('Who and where:');
      assert.match(own, new RegExp(`^ .*${option} `, 'm'));
    }
  });

  it('print the version of the package', async () => {
    const { version: packaged } = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    assert.equal(version, packaged);
    for (const flag of ['--version', '-V']) assert.equal((await runLab([flag])).stdout, `${packaged}\n`);
  });
});

describe('a bug', () => {
  it('ends with 70, one line and a request to report it, and a result object', async () => {
    const context = fakeContext({
      argv: ['spawn', '-o', 'ndjson'],
      env: { LAB_CONTROLLER: 'http://127.0.0.1:1', LAB_TOKEN: 'gt-x' },
      connect: () => Promise.reject(new TypeError('x is not a function')),
      out: recorder(),
      err: recorder(),
    });
    assert.equal(await runProgram(context), 70);
    const result = resultOf((context.out as Recorded).text());
    assert.deepEqual([result.outcome, result.exit_code], ['bug', 70]);
    assert.match(
      (context.err as Recorded).text(),
      /^✖ internal error: x is not a function\n {2}This is a bug in nublado-lab \S+ Please report it to whoever provided this program, /,
    );
    assert.doesNotMatch((context.err as Recorded).text(), /^ +at /m);
  });
});
