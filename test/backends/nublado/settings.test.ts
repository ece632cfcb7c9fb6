import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  parseControllerToken as parseToken,
  parseControllerUrl,
  parseUser,
} from '../../../src/backends/nublado/settings.js';
import { UsageError } from '../../../src/model/usage-error.js';

const usage = (pattern: RegExp) => (error: unknown) =>
  error instanceof UsageError && pattern.test(error.message) && !error.message.includes('\n');

describe('a controller URL', () => {
  for (const [text, href] of [
    ['https://data.example.org', 'https://data.example.org/nublado'],
    ['https://data.example.org/', 'https://data.example.org/nublado'],
    ['https://data.example.org/nublado/', 'https://data.example.org/nublado'],
    ['https://data.example.org/other/path', 'https://data.example.org/other/path'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080/nublado'],
  ] as const) {
    it(`${text} means ${href}`, () => {
      assert.equal(parseControllerUrl(text, '--controller').href, href);
    });
  }
  for (const [text, why] of [
    ['data.example.org', /starts with https/],
    ['localhost:8080', /starts with https/],
    ['gt-secret.secret', /not a URL/],
    ['https://data.example.org/nb/hub/', /JupyterHub's address/],
    ['https://data.example.org/nublado/spawner/v1', /route of the controller/],
    ['', /not a URL/],
    ['ftp://data.example.org', /ftp:/],
    ['https://me:secret@data.example.org', /user name or password/],
    ['https://data.example.org/?x=1', /must end with its path/],
    ['https://data.example.org/nublado?', /must end with its path/],
    ['https://data.example.org/nublado#', /must end with its path/],
  ] as const) {
    it(`${JSON.stringify(text)} is invalid`, () => {
      assert.throws(() => parseControllerUrl(text, 'LAB_CONTROLLER'), usage(why));
      assert.throws(() => parseControllerUrl(text, 'LAB_CONTROLLER'), usage(/^LAB_CONTROLLER: /));
      assert.throws(
        () => parseControllerUrl(text, 'LAB_CONTROLLER'),
        (error: Error) => !error.message.includes('secret'),
      );
    });
  }
});

describe('a token', () => {
  it('may end with a line end', () => {
    assert.equal(parseToken('gt-abc.def\n', 'LAB_TOKEN'), 'gt-abc.def');
    assert.equal(parseToken('gt-abc.def\r\n', 'LAB_TOKEN'), 'gt-abc.def');
  });
  for (const text of [
    '',
    '\n',
    'gt-secret\ngt-secret',
    'gt-secret secret',
    'gt-sécret',
    'gt-secret\x00',
    'gt-secret\r\nX: 1',
  ]) {
    it(`is not ${JSON.stringify(text)}, and is not repeated`, () => {
      assert.throws(() => parseToken(text, 'LAB_TOKEN'), usage(/^LAB_TOKEN: /));
      assert.throws(
        () => parseToken(text, 'LAB_TOKEN'),
        (error: UsageError) => !`${error.message}${error.hint ?? ''}`.includes('cret'),
      );
    });
  }
});

describe('a token that is written as elsewhere', () => {
  const whole = `gt-${'s'.repeat(22)}.${'t'.repeat(22)}`;
  for (const [text, message] of [
    ['"gt-secret"', /there are quotes around/],
    ["'0123secret'", /there are quotes around/],
    ['`gt-secret`', /there are quotes around/],
    ['\u201cgt-secret\u201d', /there are quotes around/],
    ['TOKEN=gt-secret', /there is a name with = before/],
    ['export LAB_TOKEN="gt-secret"', /there is a name with = before/],
    ['token = gt-secret', /there is a name with = before/],
    ['Bearer gt-secret', /the word Bearer/],
    ['Authorization: bearer gt-secret', /the word Bearer/],
    ['{"token":"gt-secret"}', /there is JSON/],
    [`- ${whole}`, /more than the token/],
    [`${whole};`, /more than the token/],
    [Buffer.from('gt-secret', 'utf16le').toString(), /UTF-16/],
  ] as const) {
    it(`${JSON.stringify(text)} gets a hint, and is not repeated`, () => {
      assert.throws(
        () => parseToken(text, 'LAB_TOKEN'),
        (error: UsageError) => {
          assert.match(error.message, message);
          assert.match(error.hint ?? '', /must contain only the token/);
          assert.doesNotMatch(error.message + (error.hint ?? ''), /cret|ssss|\n/);
          return true;
        },
      );
    });
  }

  it('may hold what tokens hold elsewhere', () => {
    for (const token of ['dG9rZW4=', 'dG9rZW4==', 'a.b-c_d~e+f/g', 'gt-x', whole]) {
      assert.equal(parseToken(`\uFEFF${token}\n`, 'LAB_TOKEN'), token);
    }
  });
});

describe('a user name', () => {
  it('is letters, digits and a few signs', () => {
    for (const name of ['rachel', 'bot-mobu-1', 'a.b_c@d']) assert.equal(parseUser(name, '--user'), name);
  });
  for (const name of ['', '..', '.', 'a/b', 'a b', 'a\nb', '-x', 'é', 'a?b', 'a%2fb']) {
    it(`is not ${JSON.stringify(name)}`, () => {
      assert.throws(() => parseUser(name, '--user'), usage(/^--user: /));
    });
  }
});
