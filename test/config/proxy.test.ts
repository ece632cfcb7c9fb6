import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { proxySecrets, resolveProxy } from '../../src/config/proxy.js';
import { UsageError } from '../../src/model/usage-error.js';

const https = 'https://data.example.org/nublado';
const http = 'http://data.example.org/nublado';

/** The proxy's URL, or null, and the origin. */
function choose(controller: string, env: Record<string, string>): [string | null, string] {
  const { value, origin } = resolveProxy(new URL(controller), env);
  return [value?.url.href ?? null, origin];
}

describe('the proxy', () => {
  it('is that of the scheme, and none where no variable is set', () => {
    const env = { HTTPS_PROXY: 'http://secure:3128', HTTP_PROXY: 'http://plain:3128' };
    assert.deepEqual(choose(https, env), ['http://secure:3128/', 'HTTPS_PROXY']);
    assert.deepEqual(choose(http, env), ['http://plain:3128/', 'HTTP_PROXY']);
    assert.deepEqual(choose(https, { HTTP_PROXY: 'http://plain:3128' }), [null, 'default']);
    assert.equal(resolveProxy(new URL(https), env).value?.tunnel, true);
    assert.equal(resolveProxy(new URL(http), env).value?.tunnel, false);
  });

  it('is named in lower case first, and not by an empty variable', () => {
    const env = { HTTPS_PROXY: 'http://upper:1', https_proxy: 'http://lower:1' };
    assert.deepEqual(choose(https, env), ['http://lower:1/', 'https_proxy']);
    assert.deepEqual(choose(https, { ...env, https_proxy: '' }), ['http://upper:1/', 'HTTPS_PROXY']);
    assert.deepEqual(choose(https, { HTTPS_PROXY: '', https_proxy: '' }), [null, 'default']);
  });

  it('is http where it names no scheme', () => {
    assert.deepEqual(
      choose(https, { HTTPS_PROXY: 'proxy.example.org:3128' })[0],
      'http://proxy.example.org:3128/',
    );
    assert.deepEqual(choose(https, { HTTPS_PROXY: '10.0.0.1:3128' })[0], 'http://10.0.0.1:3128/');
    assert.deepEqual(choose(https, { HTTPS_PROXY: 'https://proxy:3129/' })[0], 'https://proxy:3129/');
  });

  it('never stands before loopback', () => {
    const env = { HTTPS_PROXY: 'http://proxy:3128', HTTP_PROXY: 'http://proxy:3128' };
    const hosts = [
      'localhost',
      'LOCALHOST',
      'localhost.',
      'a.localhost',
      '127.0.0.1',
      '127.8.9.1',
      '127.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
    ];
    for (const host of hosts) {
      const [proxy, origin] = choose(`http://${host}:8080/nublado`, env);
      assert.equal(proxy, null, host);
      assert.match(origin, / is loopback$/);
    }
    for (const host of ['localhost.example.org', 'notlocalhost', '128.0.0.1', '[::2]', '126.255.255.255']) {
      assert.notEqual(choose(`https://${host}/nublado`, env)[0], null, host);
    }
  });

  it('is not looked at where it is not used', () => {
    assert.deepEqual(choose('http://127.0.0.1:1/', { HTTP_PROXY: '::::' })[0], null);
    assert.deepEqual(choose(https, { HTTPS_PROXY: '::::', NO_PROXY: '*' })[0], null);
  });

  const lists: [list: string, controller: string, listed: boolean][] = [
    ['data.example.org', https, true],
    ['DATA.example.ORG', https, true],
    ['example.org', https, true],
    ['.example.org', https, true],
    ['*.example.org', https, true],
    ['ample.org', https, false],
    ['other.org, example.org', https, true],
    ['other.org example.org', https, true],
    ['*', https, true],
    ['data.example.org:443', https, true],
    ['data.example.org:8443', https, false],
    ['data.example.org:8443', 'https://data.example.org:8443/', true],
    ['data.example.org:80', http, true],
    [', ,', https, false],
    ['.', https, false],
    ['example.org', 'https://data.example.org./', true],
    ['10.0.0.0/8', 'https://10.20.30.40/', true],
    ['10.0.0.0/8', 'https://11.20.30.40/', false],
    ['10.0.0.0/8', https, false],
    ['10.0.0.0/99', 'https://10.20.30.40/', false],
    ['nope/8', 'https://10.20.30.40/', false],
    ['10.1.2.3', 'https://10.1.2.3/', true],
    ['10.1.2.3:443', 'https://10.1.2.3/', true],
    ['fd00::1', 'https://[fd00::1]/', true],
    ['[fd00::1]', 'https://[fd00::1]/', true],
    ['[fd00::1]:443', 'https://[fd00::1]/', true],
    ['[fd00::1]:8443', 'https://[fd00::1]/', false],
    ['fd00::/8', 'https://[fd12::3]/', true],
    ['a:b:c', https, false],
  ];
  for (const [list, controller, listed] of lists) {
    it(`NO_PROXY "${list}" ${listed ? 'lists' : 'does not list'} ${controller}`, () => {
      for (const name of ['NO_PROXY', 'no_proxy']) {
        const [proxy, origin] = choose(controller, {
          HTTPS_PROXY: 'http://p:1',
          HTTP_PROXY: 'http://p:1',
          [name]: list,
        });
        assert.equal(proxy === null, listed);
        if (listed) assert.match(origin, new RegExp(`^${name} lists `));
      }
    });
  }

  it('can contain a user name and a password, which are separated', () => {
    const { value } = resolveProxy(new URL(https), { HTTPS_PROXY: 'http://me:hunter%2F2@proxy:3128' });
    assert.equal(value?.url.href, 'http://proxy:3128/');
    assert.equal(value.authorization, `Basic ${Buffer.from('me:hunter/2').toString('base64')}`);
    const secrets = [Buffer.from('me:hunter/2').toString('base64'), 'hunter/2', 'hunter%2F2'];
    assert.deepEqual(proxySecrets(value), secrets);
    assert.deepEqual(proxySecrets(null), []);
    const withoutPassword = resolveProxy(new URL(https), { HTTPS_PROXY: 'http://me@proxy:3128' }).value;
    assert.equal(withoutPassword?.authorization, `Basic ${Buffer.from('me:').toString('base64')}`);
  });

  const wrong: [string, RegExp][] = [
    ['http://me:hunter2@', /^HTTPS_PROXY: not the URL of a proxy$/],
    ['http://me:hunter2@proxy:99999', /^HTTPS_PROXY: not the URL of a proxy$/],
    ['hunter2 hunter2', /^HTTPS_PROXY: not the URL of a proxy$/],
    ['socks5://me:hunter2@proxy:1080', /^HTTPS_PROXY: a proxy with socks5:\/\/ is not supported$/],
    ['http://me:hunter2%@proxy:3128', /^HTTPS_PROXY: the user name or password is malformed$/],
  ];
  for (const [value, message] of wrong) {
    it(`"${value}" is wrong usage, said without the password`, () => {
      assert.throws(
        () => resolveProxy(new URL(https), { HTTPS_PROXY: value }),
        (error) =>
          error instanceof UsageError &&
          message.test(error.message) &&
          !`${error.message} ${error.hint ?? ''}`.includes('hunter2'),
      );
    });
  }
});
