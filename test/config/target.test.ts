import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { servers } from '../../src/cli/servers.js';
import { environment } from '../../src/config/environment.js';
import { resolveTarget, type TargetOptions } from '../../src/config/target.js';
import { UsageError } from '../../src/model/usage-error.js';
import { fakeContext } from '../support/context.js';
import { temporaryFolder } from '../support/temporary.js';

const folder = temporaryFolder();
const tokenFile = join(folder, 'token');
writeFileSync(tokenFile, 'gt-file.token\n');

const controller = 'https://data.example.org/nublado';

async function resolve(options: TargetOptions, env: Record<string, string>, stdin = '') {
  const input = new PassThrough();
  input.end(stdin);
  const target = await resolveTarget(
    options,
    fakeContext({ env, in: input }),
    servers,
    new AbortController().signal,
  );
  return {
    controller: [target.server.url.value.href, target.server.url.origin],
    user: target.user === null ? null : [target.user.value, target.user.origin],
    token: target.token === null ? null : [target.token.value, target.token.origin],
    direct: target.direct.value,
  };
}

describe('who and where', () => {
  it('options come before variables', async () => {
    assert.deepEqual(
      await resolve(
        { controller, user: 'anna', tokenFile },
        { LAB_CONTROLLER: 'https://other', LAB_USER: 'other', LAB_TOKEN: 'gt-other' },
      ),
      {
        controller: [controller, '--controller'],
        user: ['anna', '--user'],
        token: ['gt-file.token', `--token-file (${tokenFile})`],
        direct: false,
      },
    );
  });

  it('variables come before what a lab knows', async () => {
    const home = {
      EXTERNAL_INSTANCE_URL: 'https://data.example.org',
      NUBLADO_TOKEN: 'gt-home',
      JUPYTERHUB_USER: 'home',
    };
    const { token, user } = await resolve({}, { ...home, LAB_TOKEN_FILE: tokenFile, LAB_USER: 'anna' });
    assert.deepEqual([token?.[1], user?.[1]], [`LAB_TOKEN_FILE (${tokenFile})`, 'LAB_USER']);
    assert.deepEqual((await resolve({}, { ...home, LAB_TOKEN: 'gt-mine' })).token, ['gt-mine', 'LAB_TOKEN']);
  });

  it('inside a lab, its environment is enough', async () => {
    for (const name of ['NUBLADO_TOKEN', 'ACCESS_TOKEN']) {
      const env = {
        EXTERNAL_INSTANCE_URL: 'https://data.example.org/',
        [name]: 'gt-home',
        JUPYTERHUB_USER: 'anna',
      };
      assert.deepEqual(await resolve({}, env), {
        controller: [controller, 'EXTERNAL_INSTANCE_URL'],
        user: ['anna', 'JUPYTERHUB_USER'],
        token: ['gt-home', name],
        direct: false,
      });
    }
  });

  it("a lab's own token and user go to its own instance only", async () => {
    const env = {
      EXTERNAL_INSTANCE_URL: 'https://data.example.org',
      NUBLADO_TOKEN: 'gt-home',
      JUPYTERHUB_USER: 'anna',
    };
    await assert.rejects(resolve({ controller: 'https://elsewhere.example.org' }, env), UsageError);
    const { user, token } = await resolve(
      { controller: 'https://elsewhere.example.org' },
      { ...env, LAB_TOKEN: 'gt-mine' },
    );
    assert.deepEqual([user, token?.[0]], [null, 'gt-mine']);
  });

  it('reads the token from stdin', async () => {
    const { token } = await resolve({ controller, tokenFile: '-' }, {}, 'gt-stdin\n');
    assert.deepEqual(token, ['gt-stdin', '--token-file - (stdin)']);
  });

  it('does not wait for a token that never comes', async () => {
    const abort = new AbortController();
    const open = fakeContext({ in: new PassThrough() });
    const waiting = resolveTarget({ controller, tokenFile: '-' }, open, servers, abort.signal);
    abort.abort('SIGINT');
    await assert.rejects(waiting, (reason) => reason === 'SIGINT');
  });

  it('does not repeat a token that was given for a file', async () => {
    for (const attempt of [
      resolve({ controller, tokenFile: 'gt-hunter2.x' }, {}),
      resolve({ controller }, { LAB_TOKEN_FILE: 'gt-hunter2.x' }),
    ]) {
      await assert.rejects(
        attempt,
        ({ message }: UsageError) =>
          !message.includes('hunter2') && message.includes('give the path of a file'),
      );
    }
  });

  it('an empty variable counts as unset', async () => {
    await assert.rejects(resolve({}, { LAB_CONTROLLER: '', LAB_TOKEN: 'gt-x' }), /no controller/);
  });

  const wrong: [string, TargetOptions, Record<string, string>, RegExp][] = [
    ['no controller', {}, { LAB_TOKEN: 'gt-x' }, /LAB_CONTROLLER.*\n?.*|--demo/],
    ['no token', { controller }, {}, /no token: .*LAB_TOKEN_FILE/],
    [
      'a missing token file',
      { controller, tokenFile: '/nonexistent/token' },
      {},
      /--token-file: cannot read .*no such file/,
    ],
    ['a folder as the token file', { controller, tokenFile: folder }, {}, /it is a directory/],
    [
      'a token over plain http',
      { controller: 'http://data.example.org' },
      { LAB_TOKEN: 'gt-x' },
      /not sent over plain http to data\.example\.org/,
    ],
    ['direct without a user', { controller, direct: true }, {}, /--direct.*--user/],
    [
      'LAB_DIRECT=yes',
      { controller, user: 'a' },
      { LAB_DIRECT: 'yes', LAB_TOKEN: 'gt-x' },
      /LAB_DIRECT: invalid value "yes"; choose 1 or 0/,
    ],
  ];
  for (const [name, options, env, message] of wrong) {
    it(`${name} is wrong usage`, async () => {
      await assert.rejects(resolve(options, env), (error: UsageError) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, message);
        return true;
      });
    });
  }

  it('with no controller known, the message names LAB_CONTROLLER and --demo', async () => {
    await assert.rejects(
      resolve({}, {}),
      ({ message }: UsageError) => message.includes('LAB_CONTROLLER') && message.includes('--demo'),
    );
  });

  it('a wrong value is reported before a missing controller', async () => {
    for (const [options, env, message] of [
      [{ user: 'a/b' }, {}, /^--user: not a user name/],
      [{}, { LAB_USER: 'a/b' }, /^LAB_USER: not a user name/],
      [{}, { LAB_DIRECT: 'yes' }, /^LAB_DIRECT: invalid value "yes"/],
      [{ caFile: '/nonexistent/ca' }, {}, /^--ca-file: cannot read/],
      [{ tokenFile: '/nonexistent/token' }, {}, /^--token-file: cannot read/],
      [{}, { LAB_TOKEN: '"gt-hunter2"' }, /^LAB_TOKEN: there are quotes/],
    ] as const) {
      await assert.rejects(resolve(options, env), { name: 'UsageError', message });
    }
  });

  it('a missing controller is reported without reading a token from stdin', async () => {
    const never = new PassThrough();
    const context = fakeContext({ env: {}, in: never });
    await assert.rejects(
      resolveTarget({ tokenFile: '-' }, context, servers, AbortSignal.timeout(30_000)),
      /no controller/,
    );
    assert.equal(never.readableFlowing, null, 'stdin was read');
  });

  it('plain http to loopback is fine, and so is plain http without a token', async () => {
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '127.1.2.3', '[::ffff:127.0.0.1]']) {
      await resolve({ controller: `http://${host}:8080` }, { LAB_TOKEN: 'gt-x' });
    }
    const { token, direct } = await resolve(
      { controller: 'http://nublado.svc', direct: true, user: 'anna' },
      {},
    );
    assert.deepEqual([token, direct], [null, true]);
  });

  it('a name that a resolver can map elsewhere is not loopback for a token', async () => {
    const hosts = ['a.localhost', 'localhost.', 'localhost.example.org', '127.0.0.1.example.org', '[::2]'];
    for (const host of hosts) {
      const asked = resolve({ controller: `http://${host}:8080` }, { LAB_TOKEN: 'gt-x' });
      await assert.rejects(asked, /not sent over plain http/, host);
    }
  });

  it('every variable that the code reads is documented, and no other', () => {
    const src = new URL('../../src/', import.meta.url);
    const read = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => {
        const code = readFileSync(new URL(file, src), 'utf8');
        const names = [...code.matchAll(/env\['([A-Z_]+)'\]|readVariable\(env, '([A-Z_]+)'\)/g)];
        const listed = file.startsWith('config/environment')
          ? []
          : [...code.matchAll(/'([A-Z]+(?:_[A-Z]+)+|CLICOLOR)'/g)];
        return [...names, ...listed].flatMap(([, one, other]) =>
          [one, other].filter((name) => name !== undefined),
        );
      })
      .filter((name) => name in environment || /^(LAB|NUBLADO|JUPYTERHUB)_/.test(name));
    const known = Object.keys(environment);
    // What is only set for, or kept from, the command of `lab controller` and from labs.
    const notRead = ['JUPYTERHUB_SERVICE_PREFIX', 'LAB_HUB', 'LAB_SERVER_NAME'];
    assert.deepEqual(
      [...new Set(read)].filter((name) => known.includes(name) || !notRead.includes(name)).sort(),
      known.sort(),
    );
  });
});
