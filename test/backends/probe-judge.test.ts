/**
 * What one response of a lab's own address proves: every rule, and the order of the rules.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge, judgeOwnUrl, type ProbeTarget } from '../../src/backends/probe-judge.js';
import type { HttpResponse } from '../../src/http/response.js';
import { noSecrets } from '../../src/model/redactor.js';

interface Case {
  status?: number;
  /** Default: HTML. */
  type?: string;
  body?: string;
  location?: string;
  headers?: Record<string, string>;
  /** The lab's own URL; default at a Hub with a prefix. */
  own?: string;
  prefix?: string | null;
  isShared?: boolean;
}

const hub = 'https://hub.test/nb';

function targetOf({ own = `${hub}/user/ann/`, prefix = '/nb/', isShared = false }: Case): ProbeTarget {
  return { own: new URL(own), asked: new URL('api', own), prefix, isShared };
}

function responseOf({
  status = 302,
  type = 'text/html',
  body = '',
  location,
  headers = {},
}: Case): HttpResponse {
  return {
    status,
    headers: { 'content-type': type, ...(location === undefined ? {} : { location }), ...headers },
    body,
    more: false,
    whole: true,
    url: '',
    redirects: 0,
    redact: noSecrets.redact,
  };
}

function verdict(each: Case): string {
  const probed = judge(targetOf(each), responseOf(each));
  assert.notEqual(probed.reason, '');
  return probed.kind === 'proof' ? `proof ${probed.how}` : probed.kind;
}

const json = 'application/json';
const login = 'hub/api/oauth2/authorize?client_id=jupyterhub-user-ann';
const named = { own: `${hub}/user/ann/work/`, isShared: true };
const hosts = { own: 'https://ann.hub.test/user/ann/', prefix: '/' };

const table: Record<string, [Case, string][]> = {
  Jupyter: [
    [{ status: 200, type: json, body: '{"version": "2.21.1"}' }, 'proof jupyter'],
    [{ status: 200, type: 'application/json; charset=UTF-8', body: '{"version": ""}' }, 'proof jupyter'],
  ],
  'other JSON': [
    [{ status: 200, type: json, body: '{"version": 2}' }, 'weak'],
    [{ status: 200, type: json, body: '"version"' }, 'weak'],
    [{ status: 200, type: json, body: 'null' }, 'weak'],
    [{ status: 200, type: json, body: '{' }, 'weak'],
    [{ status: 200, body: '{"version": "2.21.1"}' }, 'weak'],
  ],
  'a refusal in JSON': [
    [{ status: 401, type: json, body: '{}' }, 'proof http'],
    [{ status: 403, type: json, body: '{"message": "Forbidden"}' }, 'proof http'],
    [{ status: 403, type: json, body: '{', headers: { 'www-authenticate': 'Basic' } }, 'no evidence'],
  ],
  'any other refusal': [
    [{ status: 401 }, 'no evidence'],
    [{ status: 403 }, 'no evidence'],
    [{ status: 401, type: 'text/plain', headers: { 'www-authenticate': 'Bearer' } }, 'no evidence'],
    [{ status: 403, type: 'text/plain' }, 'weak'],
  ],
  'a redirect to the login at the Hub': [
    [{ location: `/nb/${login}` }, 'proof http'],
    [{ location: `${hub}/${login}` }, 'proof http'],
    [{ ...hosts, location: `https://hub.test/${login}` }, 'proof http'],
    // The same path elsewhere is no Hub's.
    [{ location: `/other/${login}` }, 'no evidence'],
    [{ location: `https://evil.test/x/${login}` }, 'no evidence'],
    [{ location: `/nb/hub/api/oauth2/authorizer` }, 'no evidence'],
    // Without a known prefix, any may be right.
    [{ own: 'http://lab:8888/nb/user/ann/', prefix: null, location: `/nb/${login}` }, 'proof http'],
    [{ own: 'http://lab:8888/nb/user/ann/', prefix: null, location: `/${login}` }, 'proof http'],
  ],
  'a redirect within the server': [
    [{ location: '/nb/user/ann/lab?' }, 'proof http'],
    [{ location: 'auth-sign-in' }, 'proof http'],
    [{ location: '/nb/user/ann/api?again' }, 'weak'],
    [{ location: '/nb/user/anna/lab' }, 'weak'],
    [{ location: 'https://hub.test:444/nb/user/ann/lab' }, 'no evidence'],
  ],
  'a redirect to the Hub in place of the server': [
    [{ location: '/nb/hub/user/ann/api' }, 'not yet'],
    [{ ...hosts, location: 'https://hub.test/hub/user/ann/api' }, 'not yet'],
    [
      { own: 'https://hub.test/user/ann/', prefix: '/nb/', location: 'https://x.test/nb/hub/user/ann/api' },
      'not yet',
    ],
    [{ own: 'http://lab:8888/nb/user/ann/', prefix: null, location: '/nb/hub/user/ann/api' }, 'not yet'],
  ],
  'a redirect elsewhere': [
    [{ location: 'https://login.example.org/?rd=lab' }, 'no evidence'],
    [{ location: '/nb/hub/login?next=' }, 'no evidence'],
    [{ location: '/oauth2/start?rd=' }, 'no evidence'],
    [{ location: '//evil.test/nb/user/ann/' }, 'no evidence'],
    [{ location: 'https://hub.test/nb/hub/hub/api/' }, 'no evidence'],
    [{ location: '/elsewhere' }, 'weak'],
    [{ location: 'https://[' }, 'weak'],
    [{}, 'weak'],
  ],
  'an error of the proxy': [
    [{ status: 424, type: json, body: '{}' }, 'not yet'],
    [{ status: 502 }, 'not yet'],
    [{ status: 503 }, 'not yet'],
    [{ status: 504 }, 'not yet'],
  ],
  'any other error of a server': [
    [{ status: 500 }, 'no evidence'],
    [{ status: 501, type: json, body: '{}' }, 'no evidence'],
  ],
  'anything else': [
    [{ status: 200 }, 'weak'],
    [{ status: 204 }, 'weak'],
    [{ status: 404 }, 'weak'],
    [{ status: 400, type: json, body: '{}' }, 'weak'],
    [{ status: 304, location: '/nb/hub/user/ann/' }, 'weak'],
  ],
  'a named server while the default server runs': [
    [{ ...named, status: 404 }, 'not yet'],
    [{ ...named, status: 404, type: json, body: '{"message": "Not Found"}' }, 'not yet'],
    [{ ...named, isShared: false, status: 404 }, 'weak'],
    [{ ...named, status: 200, type: json, body: '{"version": "2.21.1"}' }, 'proof jupyter'],
    // The login of the default server, and of the named one.
    [{ ...named, location: `/nb/${login}&redirect_uri=%2Fnb%2Fuser%2Fann%2Foauth_callback` }, 'not yet'],
    [
      {
        ...named,
        location: `/nb/${login}-work&redirect_uri=https%3A%2F%2Fhub.test%2Fnb%2Fuser%2Fann%2Fwork%2Foauth_callback`,
      },
      'proof http',
    ],
    [{ ...named, location: '/nb/user/ann/lab' }, 'weak'],
  ],
};

describe('a response of the address of a lab', () => {
  for (const [title, rows] of Object.entries(table)) {
    it(title, () => {
      for (const [each, expected] of rows) assert.equal(verdict(each), expected, JSON.stringify(each));
    });
  }

  it('is quoted in the reason, without secrets', () => {
    const response = {
      ...responseOf({ location: 'https://hunter2.example.org/x' }),
      redact: () => '[secret]',
    };
    const probed = judge(targetOf({}), response);
    assert.equal(probed.reason, 'the response is a redirect to [secret]');
  });
});

describe('a response of the own URL of a named server', () => {
  const own = (each: Case) =>
    judgeOwnUrl({ ...targetOf(named), asked: targetOf(named).own }, responseOf(each)).kind;

  it('is the default server’s if it is 404, or only removes the slash', () => {
    assert.equal(own({ status: 404 }), 'not yet');
    assert.equal(own({ location: '/nb/user/ann/work' }), 'not yet');
    assert.equal(own({ location: 'https://hub.test/nb/user/ann/work?x' }), 'not yet');
  });

  it('is weak if it is anything else that could be proof', () => {
    assert.equal(own({ status: 200 }), 'weak');
    assert.equal(own({ location: '/nb/user/ann/work/lab' }), 'weak');
    assert.equal(own({ status: 403, type: json, body: '{}' }), 'weak');
    assert.equal(own({ status: 503 }), 'not yet');
  });
});
