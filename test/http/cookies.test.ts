/**
 * Cookies: which requests they are sent with.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CookieJar } from '../../src/http/cookies.js';

const now = Date.UTC(2026, 10, 25);

function jarWith(from: string, ...cookies: string[]): CookieJar {
  const jar = new CookieJar();
  jar.store(new URL(from), { 'set-cookie': cookies }, now);
  return jar;
}

const home = 'https://nb.example.org/nb/hub/home';

/** What a request to `to` sends if a response from `from` has set the cookie. */
function sent(cookie: string, to: string, from = home): string | null {
  return jarWith(from, cookie).header(new URL(to));
}

describe('a cookie is sent', () => {
  for (const [what, cookie, to, from] of [
    ['to the folder of the URL that set it', 'a=1', 'https://nb.example.org/nb/hub/api/'],
    ['to that folder itself', 'a=1', 'https://nb.example.org/nb/hub'],
    [
      'everywhere if a page at the top set it',
      'a=1',
      'https://nb.example.org/x/y',
      'https://nb.example.org/x',
    ],
    ['below its path', 'a=1; Path=/nb/', 'https://nb.example.org/nb/user/ann/'],
    ['to its path', 'a=1; Path=/nb', 'https://nb.example.org/nb'],
    ['below a path without a slash at its end', 'a=1; Path=/nb', 'https://nb.example.org/nb/x'],
    ['to the folder if its path is none', 'a=1; Path=nb', 'https://nb.example.org/nb/hub/x'],
    ['to the hosts below its domain', 'a=1; Path=/; Domain=nb.example.org', 'https://ann.nb.example.org/'],
    [
      'to its domain, in any case and after a dot',
      'a=1; Path=/; Domain=.EXAMPLE.org',
      'https://example.org/',
    ],
    ['to another port', 'a=1; Path=/', 'https://nb.example.org:8443/'],
    ['encrypted if it is secure', 'a=1; Path=/; Secure', 'https://nb.example.org/'],
    ['to this machine even if it is secure', 'a=1; Path=/; secure', 'http://127.0.0.1/', 'http://127.0.0.1/'],
    ['with attributes that are not known', 'a=1; Path=/; SameSite=Lax; HttpOnly', 'https://nb.example.org/'],
    ['before it expires', 'a=1; Path=/; expires=Fri, 25 Dec 2026 13:05:33 GMT', 'https://nb.example.org/'],
    ['if its date is invalid', 'a=1; Path=/; expires=soon', 'https://nb.example.org/'],
    [
      'if only its date is over',
      'a=1; Path=/; Max-Age=60; expires=Thu, 01 Jan 1970 00:00:00 GMT',
      'https://nb.example.org/',
    ],
    ['to the address that set it', 'a=1; Path=/; Domain=127.0.0.1', 'http://127.0.0.1/', 'http://127.0.0.1/'],
  ] as const) {
    it(what, () => {
      assert.equal(sent(cookie, to, from), 'a=1');
    });
  }
});

describe('a cookie is not sent', () => {
  for (const [what, cookie, to, from] of [
    ['to another folder', 'a=1', 'https://nb.example.org/nb/user/ann/'],
    ['to a path that only begins like its own', 'a=1; Path=/nb', 'https://nb.example.org/nbx'],
    ['to a host below without a domain', 'a=1; Path=/', 'https://ann.nb.example.org/'],
    ['to the host above', 'a=1; Path=/', 'https://example.org/'],
    ['to a host that only ends like its domain', 'a=1; Path=/; Domain=example.org', 'https://anexample.org/'],
    ['unencrypted if it is secure', 'a=1; Path=/; Secure', 'http://nb.example.org/'],
    ['if it is for another domain', 'a=1; Path=/; Domain=other.org', 'https://other.org/'],
    ['if it is for a host below', 'a=1; Path=/; Domain=ann.nb.example.org', 'https://ann.nb.example.org/'],
    ['if it is over', 'a=1; Path=/; Max-Age=0', 'https://nb.example.org/'],
    ['if its date is over', 'a=1; Path=/; expires=Tue, 25 Nov 2025 13:06:45 GMT', 'https://nb.example.org/'],
    ['without a name', '=1; Path=/', 'https://nb.example.org/'],
    ['without an equals sign', 'a; Path=/', 'https://nb.example.org/'],
    ['with characters that no header may have', 'a=\u00fc\u0001; Path=/', 'https://nb.example.org/'],
    ['if it is too long', `a=${'x'.repeat(5000)}; Path=/`, 'https://nb.example.org/'],
    ['to a part of an address', 'a=1; Path=/; Domain=0.0.1', 'http://127.0.0.1/', 'http://127.0.0.1/'],
  ] as const) {
    it(what, () => {
      assert.equal(sent(cookie, to, from), null);
    });
  }
});

describe('a jar', () => {
  const url = new URL(home);

  it('sends all cookies for a URL, those with the longest path first', () => {
    const jar = jarWith(home, 'a=1; Path=/nb/', 'b="2|x"; Path=/nb/hub/', 'c=3; Path=/nb/user/');
    assert.equal(jar.header(url), 'b="2|x"; a=1');
  });

  it('replaces a cookie with the same name, host and path', () => {
    const jar = jarWith(home, 'a=1; Path=/nb/', 'a=2; Path=/nb/');
    assert.equal(jar.header(url), 'a=2');
  });

  it('deletes a cookie that was set again as over', () => {
    const jar = jarWith(home, 'a=1; Path=/nb/', 'b=2; Path=/nb/');
    jar.store(url, { 'set-cookie': 'a=""; expires=Tue, 25 Nov 2025 13:06:45 GMT; Path=/nb/' }, now);
    assert.equal(jar.header(url), 'b=2');
  });

  it('returns a value without quotes', () => {
    const jar = jarWith(home, '_xsrf="2|x"; Path=/nb/hub/', 'a=1; Path=/nb/user/');
    assert.equal(jar.value(url, '_xsrf'), '2|x');
    assert.equal(jar.value(url, 'a'), null);
  });

  it('returns the values that a response sets, not those that it deletes', () => {
    const cookies = ['a=1', 'b=2; Max-Age=-1', 'c="3"'];
    assert.deepEqual(new CookieJar().store(url, { 'set-cookie': cookies }, now), ['1', '"3"']);
    assert.deepEqual(new CookieJar().store(url, {}, now), []);
  });

  it('keeps a limited number of cookies', () => {
    const jar = jarWith(home, ...Array.from({ length: 60 }, (_, index) => `c${index}=1`));
    assert.equal(jar.header(url)?.split('; ').length, 50);
  });
});
