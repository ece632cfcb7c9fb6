/**
 * Which server is used and which token is sent to it, for each pair of levels.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { servers } from '../../src/cli/servers.js';
import { resolveTarget, type TargetOptions } from '../../src/config/target.js';
import { UsageError } from '../../src/model/usage-error.js';
import { fakeContext } from '../support/context.js';
import { temporaryFolder } from '../support/temporary.js';

const folder = temporaryFolder();
const tokenFile = join(folder, 'token');
writeFileSync(tokenFile, 'option-token\n', { mode: 0o600 });

type Profile = Record<string, string>;

/** The environment with this default profile. */
function withProfile(profile: Profile): Record<string, string> {
  const home = mkdtempSync(join(folder, 'home-'));
  mkdirSync(join(home, 'nublado-lab'));
  writeFileSync(join(home, 'nublado-lab', 'own-token'), 'profile-token\n', { mode: 0o600 });
  writeFileSync(
    join(home, 'nublado-lab', 'config.json'),
    JSON.stringify({ profiles: { default: profile } }),
    { mode: 0o600 },
  );
  return { XDG_CONFIG_HOME: home };
}

async function target(options: TargetOptions, env: Record<string, string>, profile: Profile = {}) {
  const context = fakeContext({ env: { ...env, ...withProfile(profile) } });
  return resolveTarget(options, context, servers, new AbortController().signal);
}

/** Kind and URL of the server, and the token for it. */
async function chosen(options: TargetOptions, env: Record<string, string>, profile: Profile = {}) {
  const { server, token } = await target(options, env, profile);
  return [server.kind, server.url.value.href, token?.value ?? null];
}

function usage(message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(`${error.message} ${error.hint ?? ''}`, message);
    assert.doesNotMatch(`${error.message} ${error.hint ?? ''}`, /-token\b(?!-)(?<!own-token)(?<!--token)/);
    return true;
  };
}

const hub = 'https://hub.example.org/';
const other = 'https://other.example.org/';
const controller = 'https://data.example.org/nublado';

describe('the server', () => {
  it('is the one of the strongest level, whatever its kind', async () => {
    const env = { LAB_TOKEN: 'variable' };
    assert.deepEqual(await chosen({ hub }, { ...env, LAB_CONTROLLER: controller }), ['hub', hub, 'variable']);
    assert.deepEqual(await chosen({ controller }, { ...env, LAB_HUB: hub }), [
      'controller',
      controller,
      'variable',
    ]);
    assert.deepEqual(await chosen({}, { ...env, LAB_HUB: hub }, { controller }), ['hub', hub, 'variable']);
    const home = { EXTERNAL_INSTANCE_URL: 'https://data.example.org', NUBLADO_TOKEN: 'gt-home' };
    assert.deepEqual(await chosen({}, home, { hub, token_file: 'own-token' }), ['hub', hub, 'profile-token']);
  });

  it('of a weaker level is not used, and -v says so', async () => {
    const { server } = await target(
      { hub },
      { LAB_CONTROLLER: controller, LAB_TOKEN: 'x' },
      { controller: other },
    );
    assert.deepEqual(server.unused, [
      'the controller of LAB_CONTROLLER is not used, because --hub is stronger',
      server.unused[1],
    ]);
    assert.match(server.unused[1] ?? '', /^the controller of profile default .* is not used, because --hub/);
  });

  it('is disabled by none, at its level and all weaker ones', async () => {
    const env = { LAB_HUB: hub, LAB_TOKEN: 'x' };
    assert.deepEqual(await chosen({ hub: 'none' }, env, { controller }), ['controller', controller, 'x']);
    const both = { LAB_HUB: hub, LAB_CONTROLLER: 'none', LAB_TOKEN: 'x' };
    assert.deepEqual(await chosen({}, both), ['hub', hub, 'x']);
    await assert.rejects(
      target({ hub: 'none', controller: 'none' }, env, { controller }),
      usage(/^no controller/),
    );
  });

  it('cannot be a controller and a Hub of one level', async () => {
    await assert.rejects(target({ hub, controller }, {}), usage(/^--controller and --hub: .*together yet/));
    await assert.rejects(
      target({}, { LAB_HUB: hub, LAB_CONTROLLER: controller }),
      usage(/^LAB_CONTROLLER and LAB_HUB: .*none/),
    );
    await assert.rejects(target({}, {}, { hub, controller }), usage(/^profile default .*together yet/));
  });

  it('has a named server from the option, the variable or its own profile', async () => {
    const env = { LAB_TOKEN: 'x', LAB_SERVER_NAME: 'env' };
    const name = async (...args: Parameters<typeof target>) =>
      (await target(...args)).serverName?.value ?? null;
    assert.equal(await name({ hub, serverName: 'work' }, env), 'work');
    assert.equal(await name({ hub }, env), 'env');
    assert.equal(await name({}, {}, { hub, server_name: 'own', token_file: 'own-token' }), 'own');
    assert.equal(await name({ hub: other }, { LAB_TOKEN: 'x' }, { hub, server_name: 'own' }), null);
    assert.equal(await name({ controller }, env), null);
    await assert.rejects(target({ controller, serverName: 'work' }, env), usage(/--server-name: .*--hub/));
  });

  for (const bad of ['.', '..', '%2e', '%2E%2e', 'a/b', 'a%2Fb', 'a\nb', 'a\u0000b', '']) {
    it(`never has the name ${JSON.stringify(bad)}, and its user neither`, async () => {
      const env = { LAB_TOKEN: 'x' };
      await assert.rejects(target({ hub, serverName: bad }, env), usage(/^--server-name: /));
      await assert.rejects(target({ hub, user: bad }, env), usage(/^--user: /));
      if (bad === '' || bad.includes('\0')) return;
      await assert.rejects(target({ hub }, { ...env, LAB_SERVER_NAME: bad }), usage(/^LAB_SERVER_NAME: /));
      await assert.rejects(target({ hub }, { ...env, LAB_USER: bad }), usage(/^LAB_USER: /));
      await assert.rejects(target({}, {}, { hub, user: bad }), usage(/profiles\.default\.user: /));
      await assert.rejects(
        target({}, {}, { hub, server_name: bad }),
        usage(/profiles\.default\.server_name: /),
      );
    });
  }

  it('is no name: a URL there is probably meant for --hub', async () => {
    await assert.rejects(target({ hub, serverName: hub }, { LAB_TOKEN: 'x' }), usage(/Did you mean --hub\?/));
  });

  it('has users that a controller would not allow', async () => {
    const { user } = await target({ hub, user: 'Üna Müller' }, { LAB_TOKEN: 'x' });
    assert.equal(user?.value, 'Üna Müller');
  });

  it('has no identity headers at a Hub', async () => {
    await assert.rejects(
      target({ hub, direct: true }, { LAB_TOKEN: 'x' }),
      usage(/^--direct is for a controller/),
    );
    assert.equal((await target({ hub }, { LAB_TOKEN: 'x', LAB_DIRECT: '1' })).direct.value, false);
  });

  for (const [text, message] of [
    ['https://data.example.org/nublado', /address of a Nublado controller.*--controller/],
    ['https://data.example.org/nb/hub/home', /a page of the Hub.*Use https:\/\/data\.example\.org\/nb\//],
    ['https://hub.example.org/user/ann/lab', /a user's server.*Use https:\/\/hub\.example\.org\//],
    ['hub.example.org', /starts with https.*Did you mean https:\/\/hub/],
    ['https://me:secret@hub.example.org', /user name or password/],
    ['https://hub.example.org/?x', /must end with its path/],
  ] as const) {
    it(`is not a Hub at ${text}`, async () => {
      await assert.rejects(target({ hub: text }, { LAB_TOKEN: 'x' }), usage(message));
    });
  }
});

describe('--hub auto', () => {
  const token = { LAB_TOKEN: 'x' };
  for (const [name, value, expected] of [
    ['JUPYTERHUB_PUBLIC_HUB_URL', 'https://hub.example.org/nb/hub/', 'https://hub.example.org/nb/'],
    ['JUPYTERHUB_PUBLIC_URL', 'https://hub.example.org/user/ann/work/', 'https://hub.example.org/'],
    ['JUPYTERHUB_API_URL', 'http://127.0.0.1:8081/jupyter/hub/api', 'http://127.0.0.1:8081/jupyter/'],
  ] as const) {
    it(`finds the Hub in ${name}`, async () => {
      assert.deepEqual(await chosen({ hub: 'auto' }, { ...token, [name]: value }), ['hub', expected, 'x']);
      const { server } = await target({}, { ...token, LAB_HUB: 'auto', [name]: value });
      assert.equal(server.url.origin, `LAB_HUB auto, ${name}`);
    });
  }

  it('lists what was tried', async () => {
    const env = {
      JUPYTERHUB_API_URL: 'http://hub:8081/hub/api',
      JUPYTERHUB_PUBLIC_URL: 'https://hub.example.org/',
    };
    await assert.rejects(
      target({ hub: 'auto' }, { ...token, ...env }),
      usage(/^--hub: found no JupyterHub: JUPYTERHUB_PUBLIC_HUB_URL is not set; .*form; .*without https/),
    );
  });
});

describe('the audience of a token', () => {
  const own = { hub, token_file: 'own-token' };

  // The level of the token, the level of the Hub, and the token that the Hub gets; null for none: exit 2.
  for (const [what, options, env, profile, expected] of [
    ['--token-file, --hub', { tokenFile, hub: other }, {}, {}, 'option-token'],
    ['--token-file, LAB_HUB', { tokenFile }, { LAB_HUB: other }, {}, null],
    ['--token-file, profile', { tokenFile }, {}, { hub }, null],
    ['LAB_TOKEN, --hub', { hub: other }, { LAB_TOKEN: 'variable' }, {}, 'variable'],
    ['LAB_TOKEN, LAB_HUB', {}, { LAB_HUB: other, LAB_TOKEN: 'variable' }, {}, 'variable'],
    ['LAB_TOKEN, profile', {}, { LAB_TOKEN: 'variable' }, { hub }, null],
    ['LAB_TOKEN_FILE, --hub', { hub: other }, { LAB_TOKEN_FILE: tokenFile }, {}, 'option-token'],
    ['LAB_TOKEN_FILE, profile', {}, { LAB_TOKEN_FILE: tokenFile }, { hub }, null],
    ['LAB_TOKEN, profile with its own', {}, { LAB_TOKEN: 'variable' }, own, 'profile-token'],
    ['profile, the same Hub by --hub', { hub }, {}, own, 'profile-token'],
    ['profile, another Hub by --hub', { hub: other }, {}, own, null],
    ['profile, another path of the host', { hub: `${hub}nb/` }, {}, own, null],
    ['profile, another Hub by LAB_HUB', {}, { LAB_HUB: other }, own, null],
    ['profile of a controller, --hub', { hub }, {}, { controller, token_file: 'own-token' }, null],
    ['profile without a server, --hub', { hub }, {}, { token_file: 'own-token' }, null],
    ['profile of a Hub, --controller', { controller }, {}, own, null],
    [
      'NUBLADO_TOKEN, a Hub on the same host',
      { hub: 'https://data.example.org/nb/' },
      {
        EXTERNAL_INSTANCE_URL: 'https://data.example.org',
        NUBLADO_TOKEN: 'gt-home',
        ACCESS_TOKEN: 'gt-home',
      },
      {},
      null,
    ],
    [
      "JUPYTERHUB_API_TOKEN, the server's own Hub",
      { hub },
      { JUPYTERHUB_API_URL: `${hub}hub/api`, JUPYTERHUB_API_TOKEN: 'server', JUPYTERHUB_USER: 'ann' },
      {},
      'server',
    ],
    [
      'JUPYTERHUB_API_TOKEN, another Hub',
      { hub: other },
      { JUPYTERHUB_API_URL: `${hub}hub/api`, JUPYTERHUB_API_TOKEN: 'server', JUPYTERHUB_USER: 'ann' },
      {},
      null,
    ],
    [
      'JUPYTERHUB_API_TOKEN, a controller',
      { controller: 'https://hub.example.org/nublado' },
      { JUPYTERHUB_API_URL: `${hub}hub/api`, JUPYTERHUB_API_TOKEN: 'server', JUPYTERHUB_USER: 'ann' },
      {},
      null,
    ],
  ] as const satisfies readonly (readonly [
    string,
    TargetOptions,
    Record<string, string>,
    Profile,
    string | null,
  ])[]) {
    it(`${what}: ${expected === null ? 'no token' : 'the token'}`, async () => {
      const found = target(options, env, profile);
      if (expected === null) await assert.rejects(found, usage(/token/));
      else assert.equal((await found).token?.value, expected);
    });
  }

  it('does not include a Hub for a token of the Science Platform', async () => {
    await assert.rejects(target({ hub }, { LAB_TOKEN: 'gt-mine' }), usage(/Science Platform.*hub\/token/));
  });

  it('does not include plain http to another machine', async () => {
    await assert.rejects(
      target({ hub: 'http://hub.example.org/' }, { LAB_TOKEN: 'x' }),
      usage(/^--hub: a token is not sent over plain http/),
    );
  });
});
