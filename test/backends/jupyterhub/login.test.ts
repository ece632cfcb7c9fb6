/**
 * A session at a platform's Hub: the login, what accompanies each request, and the renewal. Against the simulated platform,
 * and against the responses of a real one.
 */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, describe, it } from 'node:test';
import { Agent } from 'undici';
import {
  createHubClient,
  type HubClient,
  type HubClientOptions,
} from '../../../src/backends/jupyterhub/client.js';
import { HubSession } from '../../../src/backends/jupyterhub/login.js';
import { createGrowingRedactor } from '../../../src/model/redactor.js';
import type { Failure, Result } from '../../../src/model/result.js';
import { answering, type Answering, type Asked } from '../../support/answering.js';
import { realClock } from '../../support/clock.js';
import { labOptions, openPlatform, type Platform, type PlatformOptions } from '../../support/platform.js';
import { readScenario, type Exchange } from '../../simulator/jupyterhub/captures.js';

const dispatcher = new Agent();
after(() => dispatcher.destroy());

const { signal } = new AbortController();
const demo = { user: 'demo', server: '' };
const never = (): Promise<boolean> => Promise.resolve(false);

interface Client extends HubClient {
  session: HubSession;
  redact: (text: string) => string;
  trace: string[];
}

function clientAt(
  base: string,
  token: string,
  more: { session?: HubSession; hosts?: string[] } = {},
): Client {
  const redactor = createGrowingRedactor({ credentials: [token], values: [] });
  const { hosts = [] } = more;
  const session =
    more.session ??
    new HubSession({
      hosts,
      remember: (values) => {
        redactor.add(values);
      },
    });
  const trace: string[] = [];
  const options: HubClientOptions = {
    base: new URL(base),
    credentials: { kind: 'session', token, session, origin: 'LAB_TOKEN' },
    dispatcher,
    clock: realClock,
    redact: redactor.redact,
    trace: (message) => trace.push(message),
  };
  return { ...createHubClient(options), session, redact: redactor.redact, trace };
}

function valueOf<T>(result: Result<T>): T {
  assert.ok(result.ok, result.ok ? '' : result.failure.error.message);
  return result.value;
}

function failureOf<T>(result: Result<T>): Failure {
  assert.ok(!result.ok);
  return result.failure;
}

/** A failure as a user sees it. */
function lines({ error: { message, hint } }: Failure): string {
  return hint === null ? message : `${message}\n${hint}`;
}

const open = (options: Partial<PlatformOptions> = {}): Promise<Platform> =>
  openPlatform({ clock: realClock, ...options });

const paths = ({ asked }: Platform): string[] => asked.map(({ method, url }) => `${method} ${url}`);

const login = [
  'GET /nb/hub/home',
  'GET /nb/hub/login?next=%2Fnb%2Fhub%2Fhome',
  'GET /nb/hub/gafaelfawr/login?next=%2Fnb%2Fhub%2Fhome',
  'GET /nb/hub/home',
];

describe('at the simulated platform, a session', () => {
  it('is opened before the first request and used for the next', async () => {
    await using platform = await open();
    const client = clientAt(platform.hubUrl, platform.token);
    assert.equal(valueOf(await client.owner(signal)).name, 'demo');
    assert.deepEqual(valueOf(await client.user('demo', signal)).servers, {});
    assert.deepEqual(paths(platform), [...login, 'GET /nb/hub/api/user', 'GET /nb/hub/api/users/demo']);
    assert.equal(client.session.opened, 1);
  });

  it('starts a server, reads its progress, and stops it', async () => {
    await using platform = await open();
    const client = clientAt(platform.hubUrl, platform.token);
    valueOf(await client.start(demo, labOptions, signal));
    const { servers = {} } = valueOf(await client.user('demo', signal));
    assert.deepEqual(Object.keys(servers), ['']);
    const stream = valueOf(await client.progress(demo, never, signal));
    let text = '';
    for await (const chunk of stream.body) text += Buffer.from(chunk).toString();
    assert.match(text, /"ready": true/);
    assert.match(valueOf(await client.stop(demo, false, signal)), /^stopp(ed|ing)$/);
  });

  it('sends the token with every request, and never Sec-Fetch-Mode', async () => {
    await using platform = await open();
    const client = clientAt(platform.hubUrl, platform.token);
    valueOf(await client.owner(signal));
    for (const { headers } of platform.asked) {
      assert.equal(headers.authorization, `Bearer ${platform.token}`);
      assert.equal(headers['sec-fetch-mode'], undefined);
    }
  });

  it('sends the proof of the session only with requests that change something', async () => {
    await using platform = await open();
    const client = clientAt(platform.hubUrl, platform.token);
    valueOf(await client.start(demo, labOptions, signal));
    await client.stop(demo, false, signal);
    const withProof = platform.asked.filter(({ headers }) => headers['x-xsrftoken'] !== undefined);
    assert.deepEqual(
      withProof.map(({ method }) => method),
      ['POST', 'DELETE'],
    );
    const headers = withProof[0]?.headers ?? {};
    assert.ok((headers.cookie ?? '').includes(`_xsrf=${String(headers['x-xsrftoken'])}`));
  });

  it('is opened once for requests at the same time', async () => {
    await using platform = await open();
    const client = clientAt(platform.hubUrl, platform.token);
    const users = await Promise.all([1, 2, 3].map(() => client.user('demo', signal)));
    for (const user of users) assert.equal(valueOf(user).name, 'demo');
    assert.equal(client.session.opened, 1);
    assert.equal(platform.asked.length, login.length + 3);
  });

  it('serves clients on other connections', async () => {
    await using platform = await open();
    const first = clientAt(platform.hubUrl, platform.token);
    valueOf(await first.owner(signal));
    const second = clientAt(platform.hubUrl, platform.token, { session: first.session });
    valueOf(await second.owner(signal));
    assert.equal(first.session.opened, 1);
  });

  it('is renewed once by requests at the same time when it has ended', async () => {
    await using platform = await open();
    const client = clientAt(platform.hubUrl, platform.token);
    valueOf(await client.owner(signal));
    platform.endSessions();
    platform.asked.length = 0;
    const users = await Promise.all([
      client.user('demo', signal),
      client.owner(signal),
      client.user('demo', signal),
    ]);
    for (const user of users) assert.equal(valueOf(user).name, 'demo');
    assert.equal(client.session.opened, 2);
    assert.equal(platform.asked.length, login.length + 6);
  });

  it('is not renewed again for a response that comes after the renewal', async () => {
    let hold = false;
    let keep = (_response: ServerResponse): void => undefined;
    const held = new Promise<ServerResponse>((resolve) => (keep = resolve));
    await using platform = await open({
      answer(request, response) {
        if (!hold || request.url !== '/nb/hub/api/users/demo') return false;
        hold = false;
        keep(response);
        return true;
      },
    });
    const client = clientAt(platform.hubUrl, platform.token);
    valueOf(await client.owner(signal));
    platform.endSessions();
    hold = true;
    const late = client.user('demo', signal);
    const response = await held;
    valueOf(await client.owner(signal));
    response.writeHead(403, { 'content-type': 'application/json', 'x-jupyterhub-version': '5.5.4' });
    response.end('{"status": 403, "message": "Missing or invalid credentials."}');
    assert.equal(valueOf(await late).name, 'demo');
    assert.equal(client.session.opened, 2);
  });

  it('is renewed for a start and a stop', async () => {
    await using platform = await open();
    const client = clientAt(platform.hubUrl, platform.token);
    valueOf(await client.owner(signal));
    platform.endSessions();
    valueOf(await client.start(demo, labOptions, signal));
    platform.endSessions();
    valueOf(await client.stop(demo, false, signal));
    assert.equal(client.session.opened, 3);
  });

  it('leaves no cookie in traces, and makes each a secret', async () => {
    await using platform = await open();
    const client = clientAt(platform.hubUrl, platform.token);
    valueOf(await client.start(demo, labOptions, signal));
    const cookies = platform.asked.at(-1)?.headers.cookie?.split('; ') ?? [];
    assert.equal(cookies.length, 3);
    const trace = client.trace.join('\n');
    for (const cookie of cookies) {
      const [name = '', value = ''] = cookie.split('=');
      const bare = value.replaceAll('"', '');
      assert.ok(!trace.includes(bare), name);
      assert.equal(client.redact(`<${bare}>`), '<[secret]>', name);
    }
  });

  it('is not opened with a token that the ingress refuses', async () => {
    await using platform = await open();
    const client = clientAt(platform.hubUrl, 'gt-wrong');
    const failure = failureOf(await client.start(demo, labOptions, signal));
    assert.equal(failure.kind, 'unauthorized');
    assert.equal(failure.effect, 'none');
    assert.match(
      lines(failure),
      /^could not sign in to the Hub: the response was a redirect to http.*\/login\?rd=/,
    );
    assert.deepEqual(paths(platform), ['GET /nb/hub/home']);
    assert.equal(platform.asked.length, 1);
  });

  it('is not opened at a Hub that asks for a password', async () => {
    await using platform = await open({ hub: { platform: false } });
    const client = clientAt(platform.hubUrl, platform.token);
    assert.equal(
      lines(failureOf(await client.owner(signal))),
      'could not sign in to the Hub: it asks for a password\n' +
        'This Hub does not accept the tokens of a platform. Use it alone, with a token of its own.',
    );
  });

  it('is opened for requests that still wait when another one is abandoned', async () => {
    const held: (() => void)[] = [];
    await using platform = await open({
      answer(request, response) {
        if (request.url !== '/nb/hub/home' || held.length > 0) return false;
        held.push(() => response.writeHead(302, { location: '/nb/hub/login?next=/nb/hub/home' }).end());
        leave.abort();
        return true;
      },
    });
    const leave = new AbortController();
    const client = clientAt(platform.hubUrl, platform.token);
    const abandoned = client.owner(leave.signal);
    const waiting = client.owner(signal);
    assert.equal(failureOf(await abandoned).effect, 'none');
    held[0]?.();
    assert.equal(valueOf(await waiting).name, 'demo');
  });

  it('is opened by the next request if the one that began the login was abandoned', async () => {
    const leave = new AbortController();
    let asked = 0;
    await using platform = await open({
      answer() {
        asked += 1;
        if (asked === 1) leave.abort();
        return asked === 1;
      },
    });
    const client = clientAt(platform.hubUrl, platform.token);
    failureOf(await client.owner(leave.signal));
    assert.equal(valueOf(await client.owner(signal)).name, 'demo');
  });
});

type Answer = (response: ServerResponse, asked: Asked) => void;

const replay = ({ status, headers, body }: Exchange): Answer => {
  const cookies = headers['set-cookie']?.split('\n');
  const kept = Object.entries(headers).filter(
    ([name]) => !['content-length', 'connection', 'transfer-encoding', 'set-cookie'].includes(name),
  );
  return (response) => {
    if (cookies !== undefined) response.setHeader('set-cookie', cookies);
    response.writeHead(status, Object.fromEntries(kept)).end(body);
  };
};

const captured = (scenario: string, step: string): Exchange => {
  const found = readScenario('rubin-5.5.4', scenario).exchanges[step];
  assert.ok(found, `${scenario}.${step}`);
  return found;
};

/** The captured login; `api` responds to everything else. */
function real(api: Answer): Answer {
  return (response, asked) => {
    const step =
      asked.url === '/nb/hub/home'
        ? asked.headers.cookie === undefined
          ? 'home-1'
          : 'home-4'
        : asked.url.startsWith('/nb/hub/login?')
          ? 'home-2'
          : asked.url.startsWith('/nb/hub/gafaelfawr/login?')
            ? 'home-3'
            : null;
    if (step === null) api(response, asked);
    else replay(captured('40-rubin-login', step))(response, asked);
  };
}

async function at<T>(
  answer: Answer,
  use: (client: Client, server: Answering) => Promise<T>,
  hosts: string[] = [],
): Promise<T> {
  await using server = await answering(answer);
  return await use(clientAt(`${server.origin}/nb/`, 'gt-rachel', { hosts }), server);
}

describe('with the responses of a real Hub, a session', () => {
  const user = replay(captured('40-rubin-login', 'api-user-plain'));
  const rachel = { user: 'rachel', server: '' };

  it('sends the cookies as they were captured', async () => {
    await at(real(user), async (client, { asked }) => {
      assert.equal(valueOf(await client.owner(signal)).name, 'rachel');
      const { headers } = captured('40-rubin-login', 'api-user-plain').request;
      const pairs = (text = ''): string[] => text.split('; ').sort();
      assert.deepEqual(pairs(asked.at(-1)?.headers.cookie), pairs(headers?.['Cookie']));
      assert.equal(asked.length, login.length + 1);
    });
  });

  it('sends the proof as it was captured', async () => {
    await at(real(replay(captured('42-rubin-spawn-api', 'create'))), async (client, { asked }) => {
      valueOf(await client.start(rachel, 'reuse', signal));
      const { headers } = captured('40-rubin-login', 'api-user-xsrf').request;
      assert.equal(asked.at(-1)?.headers['x-xsrftoken'], headers?.['X-XSRFToken']);
    });
  });

  for (const [step, request] of [
    ['api-no-cookies', (client: HubClient) => client.owner(signal)],
    ['api-create-no-cookies', (client: HubClient) => client.start(rachel, 'reuse', signal)],
    ['api-user-secfetch', (client: HubClient) => client.owner(signal)],
  ] as const) {
    it(`is renewed once, and then reported, for ${step}`, async () => {
      await at(real(replay(captured('40-rubin-login', step))), async (client, { asked }) => {
        valueOf(await at(real(user), (other) => other.owner(signal)));
        const failure = failureOf<unknown>(await request(client));
        assert.match(
          failure.error.message,
          /: the Hub refused the session that it had opened \(HTTP 403 Forbidden\)$/,
        );
        assert.equal(failure.error.type, 'invalid_session');
        // The session was new, so it is not renewed.
        assert.equal(asked.length, login.length + 1);
        failureOf<unknown>(await request(client));
        assert.equal(asked.length, login.length + 1 + 1 + login.length + 1);
      });
    });
  }

  it('is not renewed where the Spawner or a missing scope refuses', async () => {
    const texts = [
      'not in the allowed group',
      'Action is not authorized with current scopes; requires any of [x]',
    ];
    for (const message of [...texts, null]) {
      const refused: Answer = (response) =>
        response
          .writeHead(403, { 'content-type': 'application/json', 'x-jupyterhub-version': '5.5.4' })
          .end(JSON.stringify({ status: 403, message }));
      await at(real(refused), async (client, { asked }) => {
        failureOf(await client.start(rachel, 'reuse', signal));
        failureOf(await client.start(rachel, 'reuse', signal));
        assert.equal(asked.length, login.length + 2);
      });
    }
  });

  it('says which scope the user lacks', async () => {
    const message = 'Action is not authorized with current scopes; requires any of [list:users]';
    const refused: Answer = (response) =>
      response
        .writeHead(403, { 'content-type': 'application/json', 'x-jupyterhub-version': '5.5.4' })
        .end(JSON.stringify({ status: 403, message }));
    const result = await at(real(refused), (client) => client.readyUsers(signal));
    assert.equal(
      lines(failureOf(result)),
      'could not list the users with servers: the user lacks the scope list:users (HTTP 403 Forbidden)',
    );
  });

  it('is renewed where the response is a redirect to the login', async () => {
    let redirected = false;
    const answer: Answer = (response, asked) => {
      if (redirected) user(response, asked);
      else response.writeHead(302, { location: '/nb/hub/login?next=%2Fnb%2Fhub%2Fapi%2Fuser' }).end();
      redirected = true;
    };
    await at(real(answer), async (client) => {
      failureOf(await client.owner(signal));
      redirected = false;
      assert.equal(valueOf(await client.owner(signal)).name, 'rachel');
      assert.equal(client.session.opened, 2);
    });
  });

  for (const location of ['/login?rd=x', 'https://other.test/nb/hub/login']) {
    it(`is not renewed where the response is a redirect to ${location}`, async () => {
      const answer: Answer = (response) => response.writeHead(302, { location }).end();
      await at(real(answer), async (client, { asked }) => {
        for (let nth = 0; nth < 2; nth++)
          assert.equal(failureOf(await client.owner(signal)).kind, 'unauthorized');
        assert.equal(asked.length, login.length + 2);
      });
    });
  }

  it('keeps the reason of a response that was read to find out whether it is over', async () => {
    const message = 'quota exceeded for gt-rachel';
    const refused: Answer = (response) =>
      response
        .writeHead(403, { 'content-type': 'application/json', 'x-jupyterhub-version': '5.5.4' })
        .end(JSON.stringify({ status: 403, message }));
    const result = await at(real(refused), (client) => client.start(rachel, 'reuse', signal));
    assert.equal(
      failureOf(result).error.message,
      'could not start the server of rachel: quota exceeded for [secret] (HTTP 403 Forbidden)',
    );
  });
});

describe('a login', () => {
  const to =
    (location: string): Answer =>
    (response) =>
      response.writeHead(302, { location }).end();
  const failureAt = async (
    answer: Answer,
    hosts: string[] = [],
  ): Promise<{ failure: Failure; asked: string[] }> =>
    at(
      answer,
      async (client, { asked, origin }) => {
        const failure = failureOf(await client.owner(signal));
        const shown = {
          ...failure,
          error: { ...failure.error, message: failure.error.message.replace(origin, '') },
        };
        return { failure: shown, asked: asked.map(({ url }) => url) };
      },
      hosts,
    );

  it('does not follow a redirect to another host', async () => {
    await using other = await answering((response) => response.writeHead(200).end());
    const { failure, asked } = await failureAt(to(`${other.origin}/nb/hub/login`));
    assert.equal(failure.kind, 'unauthorized');
    assert.deepEqual(asked, ['/nb/hub/home']);
    assert.deepEqual(other.asked, []);
  });

  it('follows one to a host that the caller names, with the token', async () => {
    await using other = await answering((response) => response.writeHead(500).end());
    const { failure } = await failureAt(to(`${other.origin}/login?x=1`), [`127.0.0.1:${other.port}`]);
    assert.equal(failure.error.status, 500);
    assert.deepEqual(
      other.asked.map(({ url, headers }) => `${url} ${headers.authorization ?? ''}`),
      ['/login?x=1 Bearer gt-rachel'],
    );
  });

  it('does not send the cookies of the Hub to a named host', async () => {
    await using other = await answering((response) => response.writeHead(500).end());
    const answer: Answer = (response) =>
      response
        .writeHead(302, { location: `http://localhost:${other.port}/`, 'set-cookie': 'a=1; Path=/' })
        .end();
    await failureAt(answer, [`localhost:${other.port}`]);
    assert.deepEqual(
      other.asked.map(({ headers }) => headers.cookie),
      [undefined],
    );
  });

  it('gives up a loop of redirects', async () => {
    const { failure, asked } = await failureAt(to('/nb/hub/home'));
    assert.equal(
      failure.error.message,
      'could not sign in to the Hub: the response was a redirect to /nb/hub/home (HTTP 302 Found)',
    );
    assert.equal(asked.length, 9);
  });

  for (const page of ['/nb/hub/logout', '/nb/hub/spawn', '/nb/hub/spawn/rachel']) {
    it(`never requests ${page}, which changes servers`, async () => {
      assert.deepEqual((await failureAt(to(page))).asked, ['/nb/hub/home']);
    });
  }

  it('names the right prefix where the Hub shows it', async () => {
    const { failure } = await failureAt(to('/x/hub/hub/home'));
    assert.equal(failure.error.type, 'wrong_prefix');
    assert.match(failure.error.hint ?? '', /^Use --hub http:\/\/127\.0\.0\.1:\d+\/x\/$/);
  });

  it('needs a session at its end', async () => {
    const { failure } = await failureAt((response) =>
      response.writeHead(200, { 'content-type': 'text/html', 'x-jupyterhub-version': '5.5.4' }).end('home'),
    );
    assert.equal(
      failure.error.message,
      'could not sign in to the Hub: the response is a web page (HTTP 200 OK)',
    );
  });

  it('needs a Hub at its end', async () => {
    const { failure } = await failureAt((response) =>
      response.writeHead(200, { 'content-type': 'text/html', 'set-cookie': 'a=1; Path=/' }).end('home'),
    );
    assert.match(failure.error.message, /^could not sign in to the Hub: /);
    assert.equal(failure.error.type, 'not_a_hub');
  });

  it('is retried later if the Hub is away', async () => {
    const { failure } = await failureAt((response) => response.writeHead(503).end());
    assert.equal(failure.retry, 'later');
    assert.equal(failure.effect, 'none');
    assert.equal(failure.error.type, 'unavailable');
  });

  it('has no effect if its response is lost', async () => {
    const { failure } = await failureAt((response) => response.destroy());
    assert.equal(failure.from, 'nobody');
    assert.equal(failure.effect, 'none');
  });

  for (const [status, challenge, hint] of [
    [401, 'error="invalid_token"', 'The token from LAB_TOKEN is invalid or has expired. Create a new one.'],
    [
      403,
      'error="insufficient_scope", scope="exec:notebook"',
      'The token from LAB_TOKEN lacks the scope exec:notebook.',
    ],
    [403, 'realm="x"', 'A proxy in front of the Hub refused the request.'],
  ] as const) {
    it(`says why the ingress refuses: ${challenge}`, async () => {
      const { failure } = await failureAt((response) =>
        response
          .writeHead(status, { 'content-type': 'text/html', 'www-authenticate': `Bearer ${challenge}` })
          .end('<html></html>'),
      );
      assert.equal(failure.kind, 'unauthorized');
      assert.equal(failure.error.hint, hint);
    });
  }
});
