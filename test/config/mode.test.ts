/**
 * Which server is used and which token is sent to it, for each pair of levels.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { servers } from '../../src/cli/servers.js';
import type { Services } from '../../src/config/servers.js';
import { resolveTarget, type TargetOptions } from '../../src/config/target.js';
import type { Failure } from '../../src/model/result.js';
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

/** What the service discovery of each origin names, by the kinds of servers; other origins do not respond. */
type Sites = Record<string, Partial<Record<keyof Services, string>>>;

async function target(
  options: TargetOptions,
  env: Record<string, string>,
  profile: Profile = {},
  sites: Sites = {},
) {
  const context = fakeContext({ env: { ...env, ...withProfile(profile) } });
  const asked: string[] = [];
  const discover: typeof servers.discover = ({ origin }) => {
    asked.push(origin);
    const site = sites[origin];
    if (site === undefined) return Promise.resolve({ ok: false, failure: away });
    const url = (text: string | undefined): URL | null => (text === undefined ? null : new URL(text));
    return Promise.resolve({ ok: true, value: { controller: url(site.controller), hub: url(site.hub) } });
  };
  const found = await resolveTarget(options, context, { ...servers, discover }, new AbortController().signal);
  return { ...found, asked };
}

const away: Failure = {
  kind: 'unknown',
  error: { type: 'discovery', message: 'could not find the services: HTTP 404', status: 404, hint: null },
  retry: 'never',
  effect: 'none',
  from: 'other',
};

/** Kind and URL of the server, the controller if it is a platform, and the token for it. */
async function chosen(...where: Parameters<typeof target>) {
  const { server, token } = await target(...where);
  const second = server.kind === 'hub' ? (server.controller?.value.href ?? null) : null;
  return [server.kind, server.url.value.href, ...(second === null ? [] : [second]), token?.value ?? null];
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
  for (const [name, value, expected, isPublic] of [
    ['JUPYTERHUB_PUBLIC_HUB_URL', 'https://hub.example.org/nb/hub/', 'https://hub.example.org/nb/', true],
    ['JUPYTERHUB_PUBLIC_URL', 'https://hub.example.org/user/ann/work/', 'https://hub.example.org/', true],
    ['JUPYTERHUB_API_URL', 'http://127.0.0.1:8081/jupyter/hub/api', 'http://127.0.0.1:8081/jupyter/', false],
  ] as const) {
    it(`finds the Hub in ${name}`, async () => {
      assert.deepEqual(await chosen({ hub: 'auto' }, { ...token, [name]: value }), ['hub', expected, 'x']);
      const { server, warnings, asked } = await target({}, { ...token, LAB_HUB: 'auto', [name]: value });
      assert.equal(server.url.origin, `LAB_HUB auto, ${name}`);
      assert.equal(server.kind === 'hub' && server.isPublic, isPublic);
      assert.equal(warnings.length, isPublic ? 0 : 1);
      assert.deepEqual(asked, []);
    });
  }

  it('lists what was tried', async () => {
    const env = {
      JUPYTERHUB_PUBLIC_HUB_URL: 'http://hub.example.org/hub/',
      JUPYTERHUB_PUBLIC_URL: 'https://hub.example.org/',
      EXTERNAL_INSTANCE_URL: 'https://data.example.org',
    };
    await assert.rejects(
      target({ hub: 'auto' }, { ...token, ...env }),
      usage(
        /^--hub: found no JupyterHub: could not find .*HTTP 404; .*HUB_URL .*without https; .*PUBLIC_URL .*form; .*API_URL is not set/,
      ),
    );
    await assert.rejects(
      target({ hub: 'auto' }, token),
      usage(
        /^--hub: found no JupyterHub: no controller is configured, and EXTERNAL_INSTANCE_URL is not set;/,
      ),
    );
  });

  describe('in a server whose Hub has only an internal address', () => {
    const internal = { JUPYTERHUB_API_URL: 'http://hub:8081/nb/hub/api', JUPYTERHUB_API_TOKEN: 'server' };

    it("sends the server's own token over plain http, and shows that addresses are unknown", async () => {
      const found = await target({ hub: 'auto' }, { ...internal, HTTP_PROXY: 'http://proxy.example.org' });
      assert.deepEqual([found.server.url.value.href, found.token?.value], ['http://hub:8081/nb/', 'server']);
      assert.match(found.warnings.join(), /^the public address of the JupyterHub is not known here/);
      assert.equal(found.proxy.value, null);
    });

    it('sends no other token there', async () => {
      await assert.rejects(
        target({ hub: 'auto' }, { ...internal, LAB_TOKEN: 'x' }),
        usage(/^--hub auto, JUPYTERHUB_API_URL: a token is not sent over plain http to hub/),
      );
      await assert.rejects(
        target({ hub: 'http://hub:8081/nb/' }, internal),
        usage(/^--hub: a token is not sent over plain http/),
      );
    });
  });
});

describe('a platform', () => {
  const nb = 'https://data.example.org/nb/';
  const data = 'https://data.example.org';
  const site: Sites = { [data]: { controller, hub: nb } };
  const inLab = {
    EXTERNAL_INSTANCE_URL: data,
    NUBLADO_TOKEN: 'gt-home',
    JUPYTERHUB_USER: 'ann',
    JUPYTERHUB_API_URL: 'http://hub:8081/nb/hub/api',
    JUPYTERHUB_API_TOKEN: 'server',
    JUPYTERHUB_PUBLIC_HUB_URL: `${nb}hub/`,
  };

  it('is a Hub and a controller of one level', async () => {
    const env = { LAB_TOKEN: 'x' };
    const all = ['hub', nb, controller];
    assert.deepEqual(await chosen({ hub: nb, controller }, env), [...all, 'x']);
    assert.deepEqual(await chosen({}, { ...env, LAB_HUB: nb, LAB_CONTROLLER: controller }), [...all, 'x']);
    const profile = { hub: nb, controller, token_file: 'own-token' };
    assert.deepEqual(await chosen({}, {}, profile), [...all, 'profile-token']);
    const { server, asked } = await target({ hub: nb, controller }, env, { hub: other, controller: other });
    assert.deepEqual([server.level, server.unused, asked], ['option', [], []]);
  });

  it('has no controller of a weaker level', async () => {
    const { server } = await target({ hub: nb }, { LAB_TOKEN: 'x', LAB_CONTROLLER: controller });
    assert.equal(server.kind === 'hub' && server.controller, null);
    assert.deepEqual(server.unused, [
      'the controller of LAB_CONTROLLER is not used, because --hub is stronger',
    ]);
  });

  it('is one part alone where the other is disabled', async () => {
    const env = { LAB_HUB: nb, LAB_CONTROLLER: controller, LAB_TOKEN: 'x' };
    assert.deepEqual(await chosen({ hub: 'none' }, env), ['controller', controller, 'x']);
    assert.deepEqual(await chosen({ controller: 'none' }, env), ['hub', nb, 'x']);
  });

  it('has no named servers, whatever names one', async () => {
    const env = { LAB_TOKEN: 'x' };
    const both = { hub: nb, controller };
    await assert.rejects(target({ ...both, serverName: 'work' }, env), usage(/^--server-name: a platform/));
    await assert.rejects(
      target(both, { ...env, LAB_SERVER_NAME: 'work' }),
      usage(/^LAB_SERVER_NAME: a plat/),
    );
    await assert.rejects(
      target({}, {}, { ...both, server_name: 'work', token_file: 'own-token' }),
      usage(/^profile default .*: a platform has one lab/),
    );
  });

  it('has no identity headers', async () => {
    const both = { hub: nb, controller };
    await assert.rejects(
      target({ ...both, direct: true }, { LAB_TOKEN: 'x' }),
      usage(/^--direct .*--hub none/),
    );
    await assert.rejects(
      target(both, { LAB_TOKEN: 'x', LAB_DIRECT: '1' }),
      usage(/^LAB_DIRECT .*--hub none/),
    );
    assert.equal((await target(both, { LAB_TOKEN: 'x', LAB_DIRECT: '0' })).direct.value, false);
  });

  it('has the users of its controller', async () => {
    await assert.rejects(
      target({ hub: nb, controller, user: 'Üna Müller' }, { LAB_TOKEN: 'x' }),
      usage(/^--user: not a user name/),
    );
  });

  it('needs https, at the Hub as at the controller', async () => {
    for (const [name, both] of [
      ['--hub', { hub: 'http://data.example.org/nb/', controller }],
      ['--controller', { hub: nb, controller: 'http://data.example.org/nublado' }],
    ] as const) {
      await assert.rejects(
        target(both, { LAB_TOKEN: 'x' }),
        usage(new RegExp(`^${name}: a token is not sent over plain http to data.example.org`)),
      );
    }
    await target({ hub: 'http://127.0.0.1:1/', controller: 'http://127.0.0.1:1/' }, { LAB_TOKEN: 'x' });
  });

  it('has a proxy for each of its parts', async () => {
    const env = { LAB_TOKEN: 'x', HTTPS_PROXY: 'http://proxy.example.org:1', NO_PROXY: 'nb.example.org' };
    const found = await target({ hub: 'https://nb.example.org/nb/', controller }, env);
    assert.equal(found.proxy.value, null);
    assert.equal(found.controllerProxy?.value?.url.href, 'http://proxy.example.org:1/');
  });

  it('gets a token of the Hub as it is, with advice', async () => {
    const own = '0123456789abcdef0123456789abcdef';
    const found = await target({ hub: nb, controller }, { LAB_TOKEN: own });
    assert.equal(found.token?.value, own);
    assert.deepEqual(found.warnings, [
      "LAB_TOKEN: this looks like a token of a JupyterHub; a platform's Hub needs a platform's token, which begins with gt-",
    ]);
    assert.deepEqual((await target({ hub: nb, controller }, { LAB_TOKEN: 'gt-x' })).warnings, []);
  });

  describe('found by --hub auto', () => {
    it('is the one of the given controller, of any level', async () => {
      const env = { LAB_TOKEN: 'x' };
      for (const [options, variables, profile, level] of [
        [{ hub: 'auto', controller }, {}, {}, 'option'],
        [{ hub: 'auto' }, { LAB_CONTROLLER: controller }, { controller: other }, 'environment'],
        [{}, { LAB_HUB: 'auto', LAB_CONTROLLER: data }, {}, 'environment'],
      ] as const) {
        // Not the instance of this lab, which has another controller.
        const found = await target(
          options,
          { ...inLab, EXTERNAL_INSTANCE_URL: other, ...env, ...variables },
          profile,
          site,
        );
        assert.deepEqual([found.server.url.value.href, found.server.level, found.asked], [nb, level, [data]]);
        assert.equal(found.server.kind === 'hub' && found.server.controller?.value.href, controller);
        assert.equal(found.token?.value, 'x');
      }
    });

    it('may be one of a profile', async () => {
      const own = { controller, token_file: 'own-token', user: 'rachel' };
      for (const [options, profile] of [
        [{ hub: 'auto' }, own],
        [{}, { ...own, hub: 'auto' }],
        [{ hub: 'auto' }, { ...own, hub: 'none' }],
        [{ hub: 'auto' }, { ...own, hub: nb }],
        [{ hub: 'auto', controller: data }, own],
      ] as const) {
        const found = await target(options, { LAB_TOKEN_FILE: '/nonexistent' }, profile, site).catch(
          () => null,
        );
        const isOption = 'controller' in options;
        if (isOption) assert.equal(found, null, 'LAB_TOKEN_FILE is for the servers of an option');
        const alone = await target(options, {}, profile, site);
        assert.deepEqual(
          [alone.server.url.value.href, alone.token?.value, alone.user?.value, alone.asked],
          [nb, 'profile-token', 'rachel', [data]],
        );
        if (!isOption) assert.equal(found?.token?.value, 'profile-token');
      }
    });

    it('is the one of the instance that this runs in', async () => {
      for (const [options, env] of [
        [{ hub: 'auto' }, inLab],
        [{}, { ...inLab, LAB_HUB: 'auto' }],
      ] as const) {
        const found = await target(options, env, {}, site);
        const { server, token, user } = found;
        assert.deepEqual([server.url.value.href, token?.value, user?.value], [nb, 'gt-home', 'ann']);
        assert.equal(server.kind === 'hub' && server.controller?.value.href, controller);
        assert.match(server.url.origin, /auto, service discovery of https:\/\/data\.example\.org$/);
        assert.equal((await target(options, { ...env, LAB_TOKEN: 'x' }, {}, site)).token?.value, 'x');
      }
    });

    it('may have hosts of its own', async () => {
      const apart = {
        [data]: { controller: 'https://c.data.example.org/nublado', hub: 'https://nb.data.example.org/nb/' },
      };
      assert.deepEqual(await chosen({ hub: 'auto' }, inLab, {}, apart), [
        'hub',
        'https://nb.data.example.org/nb/',
        'https://c.data.example.org/nublado',
        'gt-home',
      ]);
    });

    it('is a Hub alone where the platform has no controller, or none is to be used', async () => {
      const env = { ...inLab, LAB_TOKEN: 'x' };
      assert.deepEqual(await chosen({ hub: 'auto' }, env, {}, { [data]: { hub: nb } }), ['hub', nb, 'x']);
      assert.deepEqual(await chosen({ hub: 'auto', controller: 'none' }, env, {}, site), ['hub', nb, 'x']);
    });

    it("falls back to the variables of the server's Hub, and says why", async () => {
      const { server, token } = await target({ hub: 'auto' }, { ...inLab, LAB_TOKEN: 'x' });
      assert.deepEqual([server.url.origin, token?.value], ['--hub auto, JUPYTERHUB_PUBLIC_HUB_URL', 'x']);
      assert.equal(server.kind === 'hub' && server.controller, null);
      assert.match(server.unused[0] ?? '', /could not find the services: HTTP 404/);
      const without = await target(
        { hub: 'auto' },
        { ...inLab, LAB_TOKEN: 'x' },
        {},
        { [data]: { controller } },
      );
      assert.match(
        without.server.unused[0] ?? '',
        /discovery of https:\/\/data\.example\.org names no Jupyter/,
      );
    });

    it('is nowhere else than at the given controller', async () => {
      for (const sites of [{}, { [data]: { controller } }]) {
        await assert.rejects(
          target({ hub: 'auto' }, { ...inLab, LAB_CONTROLLER: controller }, {}, sites),
          usage(/^--hub: found no JupyterHub for the controller of LAB_CONTROLLER: .*--controller none/),
        );
      }
    });

    it('is not searched for where the controller is of a stronger level', async () => {
      const { server, asked } = await target({ controller }, { LAB_HUB: 'auto', LAB_TOKEN: 'x' }, {}, site);
      assert.deepEqual([server.kind, asked], ['controller', []]);
      assert.deepEqual(server.unused, ['the Hub of LAB_HUB is not used, because --controller is stronger']);
    });
  });
});

describe('the audience of a token', () => {
  const own = { hub, token_file: 'own-token' };
  const nb = 'https://data.example.org/nb/';
  const platform = { hub: nb, controller };
  const ownPlatform = { ...platform, token_file: 'own-token' };
  const ownController = { controller, token_file: 'own-token' };
  const variables = { LAB_HUB: nb, LAB_CONTROLLER: controller };
  const inLab = {
    EXTERNAL_INSTANCE_URL: 'https://data.example.org',
    NUBLADO_TOKEN: 'gt-home',
    JUPYTERHUB_API_URL: `${nb}hub/api`,
    JUPYTERHUB_API_TOKEN: 'server',
  };
  /** Its own Hub has another host, and its own controller has a host of its own. */
  const sites: Sites = {
    'https://data.example.org': { hub: nb, controller },
    'https://other.example.org': { hub: 'https://nb.other.example.org/', controller: other },
  };
  const foreignHub = 'https://nb.other.example.org/';

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
    // With a controller, which gets the same token.
    ['--token-file, both by options', { tokenFile, ...platform }, {}, {}, 'option-token'],
    ['--token-file, both by variables', { tokenFile }, variables, {}, null],
    ['--token-file, both of a profile', { tokenFile }, {}, platform, null],
    ['LAB_TOKEN, both by options', platform, { LAB_TOKEN: 'variable' }, {}, 'variable'],
    ['LAB_TOKEN, both by variables', {}, { ...variables, LAB_TOKEN: 'variable' }, {}, 'variable'],
    ['LAB_TOKEN, both of a profile', {}, { LAB_TOKEN: 'variable' }, platform, null],
    ['LAB_TOKEN_FILE, both of a profile', {}, { LAB_TOKEN_FILE: tokenFile }, platform, null],
    ['--token-file, auto and --controller', { tokenFile, hub: 'auto', controller }, {}, {}, 'option-token'],
    ['--token-file, auto and LAB_CONTROLLER', { tokenFile, hub: 'auto' }, variables, {}, null],
    ["--token-file, auto and a profile's controller", { tokenFile, hub: 'auto' }, {}, { controller }, null],
    [
      'LAB_TOKEN, auto and LAB_CONTROLLER',
      { hub: 'auto' },
      { LAB_CONTROLLER: controller, LAB_TOKEN: 'variable' },
      {},
      'variable',
    ],
    [
      "LAB_TOKEN, auto and a profile's controller",
      { hub: 'auto' },
      { LAB_TOKEN: 'variable' },
      { controller },
      null,
    ],
    ['profile, its platform by options', platform, {}, ownPlatform, 'profile-token'],
    ['profile, its platform by variables', {}, variables, ownPlatform, 'profile-token'],
    ['profile, another Hub with its controller', { hub: foreignHub, controller }, {}, ownPlatform, null],
    ['profile, its Hub with another controller', { hub: nb, controller: other }, {}, ownPlatform, null],
    ['profile, its controller alone', { controller }, {}, ownPlatform, 'profile-token'],
    ['profile, its Hub alone', { hub: nb }, {}, ownPlatform, 'profile-token'],
    ['profile of a controller, a Hub by options', platform, {}, ownController, null],
    ['profile of a controller, its Hub by auto', { hub: 'auto' }, {}, ownController, 'profile-token'],
    ['profile of a controller, another one', { hub: 'auto', controller: other }, {}, ownController, null],
    ['profile with auto, its controller', {}, {}, { ...ownController, hub: 'auto' }, 'profile-token'],
    [
      'profile with auto and no controller',
      {},
      { EXTERNAL_INSTANCE_URL: 'https://data.example.org' },
      { hub: 'auto', token_file: 'own-token' },
      null,
    ],
    ['profile of a Hub, a controller by options', platform, {}, { hub: nb, token_file: 'own-token' }, null],
    ['profile of another Hub, auto', { hub: 'auto' }, {}, { ...ownPlatform, hub: foreignHub }, null],
    ['profile without a server, both by options', platform, {}, { token_file: 'own-token' }, null],
    ['NUBLADO_TOKEN, auto', { hub: 'auto' }, inLab, {}, 'gt-home'],
    ['NUBLADO_TOKEN, both at the instance', platform, inLab, {}, 'gt-home'],
    ['NUBLADO_TOKEN, another Hub', { hub: foreignHub, controller }, inLab, {}, null],
    ['NUBLADO_TOKEN, another controller', { hub: nb, controller: other }, inLab, {}, null],
    ['NUBLADO_TOKEN, auto at another controller', { hub: 'auto', controller: other }, inLab, {}, null],
    [
      'NUBLADO_TOKEN, a Hub that the instance would name, by an option',
      { hub: foreignHub, controller: other },
      { ...inLab, EXTERNAL_INSTANCE_URL: other },
      {},
      null,
    ],
    [
      'NUBLADO_TOKEN, auto at the instance with other hosts',
      { hub: 'auto' },
      { ...inLab, EXTERNAL_INSTANCE_URL: other },
      {},
      'gt-home',
    ],
    [
      'ACCESS_TOKEN, auto',
      { hub: 'auto' },
      { EXTERNAL_INSTANCE_URL: 'https://data.example.org', ACCESS_TOKEN: 'gt-old' },
      {},
      'gt-old',
    ],
    [
      "JUPYTERHUB_API_TOKEN, the server's own Hub with a controller",
      platform,
      { JUPYTERHUB_API_URL: `${nb}hub/api`, JUPYTERHUB_API_TOKEN: 'server' },
      {},
      null,
    ],
    [
      "JUPYTERHUB_API_TOKEN, the platform of the server's own Hub",
      { hub: 'auto' },
      { ...inLab, NUBLADO_TOKEN: '' },
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
      const found = target(options, env, profile, sites);
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
