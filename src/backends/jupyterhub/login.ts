/**
 * A session at the Hub of a platform: the platform's token opens it, and its cookies accompany every request.
 *
 * Such a Hub does not accept the token itself. Its ingress does, and the Hub's login then creates a session for the user
 * that the ingress names (contract, "The Rubin way"). Owns the login, the cookies, and when a session is renewed. Leaves
 * what a refusal means to `failures.ts`. The token goes to the Hub's origin, and to the hosts that the caller names.
 */
import { CookieJar, unquoted } from '../../http/cookies.js';
import { isRedirect } from '../../http/refusal.js';
import {
  describeContent,
  header,
  headersOf,
  isJson,
  readWithin,
  type HttpResponse,
  type UnreadResponse,
} from '../../http/response.js';
import {
  createTransport,
  discard,
  type Request,
  type Send,
  type TransportOptions,
} from '../../http/transport.js';
import type { Failure, Result } from '../../model/result.js';
import { unlessAborted } from '../../runtime/deadline.js';
import { bodyTime, isFromHub, isSessionOver, notAHub, refusal, type RefusalContext } from './failures.js';
import { failure } from './outcomes.js';

export interface SessionCredentials {
  kind: 'session';
  /** The platform's token. */
  token: string;
  session: HubSession;
  /** Where the token came from, in words. */
  origin?: string | null;
}

export interface SessionSettings {
  /** The hosts, with their ports, that the login may redirect to in addition to the Hub's own. They get the token. */
  hosts?: readonly string[];
  /** Called with the values of cookies as they are set: they are secrets. */
  remember: (values: readonly string[]) => void;
}

/** The session of one user at one Hub. Clients on different connections may share it. */
export class HubSession {
  readonly hosts: readonly string[];
  readonly #remember: SessionSettings['remember'];
  #cookies: CookieJar | null = null;
  #opened = 0;

  constructor({ hosts = [], remember }: SessionSettings) {
    this.hosts = hosts;
    this.#remember = remember;
  }

  /** The cookies of the session; null before the first login. */
  get cookies(): CookieJar | null {
    return this.#cookies;
  }

  /** How often it was opened. */
  get opened(): number {
    return this.#opened;
  }

  open(cookies: CookieJar): void {
    this.#cookies = cookies;
    this.#opened += 1;
  }

  /** Keeps the cookies that a response sets. */
  keep(cookies: CookieJar, { response, url }: UnreadResponse, now: number): void {
    const values = cookies.store(url, response.headers, now);
    if (values.length > 0) this.#remember(values.flatMap((value) => [value, unquoted(value)]));
  }
}

export interface SessionOptions extends Omit<TransportOptions, 'credentials'> {
  /** The Hub's public prefix, with a slash at the end. */
  base: URL;
  credentials: SessionCredentials;
}

/** Maximum redirects of a login. It needs three. */
const redirectLimit = 8;

/** How long the body of a refusal may take, in milliseconds. */
const refusalTime = 2_000;

const asked = 'sign in to the Hub';

/** Sends requests with the session. It is opened before the first one, and renewed at most once for each. */
export function createSessionTransport(options: SessionOptions): Send {
  const { base, clock, credentials } = options;
  const { session, token } = credentials;
  const context: RefusalContext = { asked, base, tokenOrigin: credentials.origin ?? null, isSession: true };
  const transports = new Map<string, Send>();

  function transportTo({ origin }: URL): Send {
    const known = transports.get(origin);
    if (known !== undefined) return known;
    const created = createTransport({
      ...options,
      // Only its origin is used for requests; for the Hub's own, messages contain the whole.
      base: origin === base.origin ? base : new URL(origin),
      credentials: { kind: 'bearer', token },
    });
    transports.set(origin, created);
    return created;
  }

  async function exchange(request: Request, url: URL, cookies: CookieJar): Promise<Result<UnreadResponse>> {
    const cookie = cookies.header(url);
    const xsrf = request.method === 'GET' ? null : cookies.value(url, '_xsrf');
    const sent = await transportTo(url)({
      ...request,
      url: url.pathname + url.search,
      // Each target of a redirect has cookies of its own.
      keepRedirects: true,
      headers: {
        ...request.headers,
        ...(cookie === null ? {} : { cookie }),
        ...(xsrf === null ? {} : { 'x-xsrftoken': xsrf }),
      },
    });
    if (sent.ok) session.keep(cookies, sent.value, clock.now());
    return sent;
  }

  /** Follows the login to its end, which is a page for users who are signed in. */
  async function signIn(signal: AbortSignal): Promise<Result<null>> {
    const cookies = new CookieJar();
    let url = new URL('hub/home', base);
    for (let redirects = 0; ; redirects++) {
      const request: Request = { asked, method: 'GET', url: '', accept: 'text/html', signal };
      const sent = await exchange(request, url, cookies);
      if (!sent.ok) return withoutEffect(sent.failure);
      const head = headersOf({ ...sent.value, redirects });
      const next = redirects < redirectLimit ? nextPage(head, url) : null;
      if (next !== null) {
        discard(sent.value, clock);
        url = next;
      } else if (isHome(head, cookies)) {
        discard(sent.value, clock);
        session.open(cookies);
        return { ok: true, value: null };
      } else {
        return withoutEffect(await whyNot(sent.value, head));
      }
    }
  }

  function nextPage(head: HttpResponse, from: URL): URL | null {
    const location = header(head, 'location');
    if (!isRedirect(head.status) || location === null || !URL.canParse(location, from.href)) return null;
    const target = new URL(location, from);
    const isNamed = target.protocol === base.protocol && session.hosts.includes(target.host);
    return isNamed || isPageOfHub(target) ? target : null;
  }

  /** A page of the Hub itself, but none that starts or stops a server: that is not for a login to do. */
  function isPageOfHub({ origin, pathname }: URL): boolean {
    const hub = `${base.pathname}hub/`;
    if (origin !== base.origin || !pathname.startsWith(hub)) return false;
    return !/^(logout|spawn)/.test(pathname.slice(hub.length));
  }

  function isHome(head: HttpResponse, cookies: CookieJar): boolean {
    const { origin, pathname } = new URL(head.url);
    const isRight = origin === base.origin && pathname === `${base.pathname}hub/home`;
    return (
      head.status === 200 && isRight && isFromHub(head) && cookies.header(new URL('hub/api/', base)) !== null
    );
  }

  async function whyNot(reply: UnreadResponse, head: HttpResponse): Promise<Failure> {
    if (head.status < 300) {
      discard(reply, clock);
      const isForm = new URL(head.url).pathname === `${base.pathname}hub/login` && isFromHub(head);
      if (isForm)
        return failure('unauthorized', 'login_form', `could not ${asked}: it asks for a password`, formHint);
      return notAHub(context, { ...head, redirects: 0 }, describeContent(head));
    }
    const ms = bodyTime(head);
    if (ms === null) discard(reply, clock);
    return refusal(context, ms === null ? head : await readWithin(reply, clock, ms));
  }

  let current: Login | null = null;

  /** Requests at the same time share one login, which is ended when none of them waits for it any more. */
  async function sharedSignIn(signal: AbortSignal): Promise<Result<null>> {
    const login = (current ??= begin());
    login.waiting += 1;
    try {
      return await unlessAborted(login.done, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      return { ok: false, failure: abandoned };
    } finally {
      login.waiting -= 1;
      if (login.waiting === 0) {
        if (current === login) current = null;
        login.stop.abort();
      }
    }
  }

  function begin(): Login {
    const stop = new AbortController();
    return { done: signIn(stop.signal), waiting: 0, stop };
  }

  return async (request) => {
    const url = new URL(base.origin + request.url);
    let mayRenew = true;
    for (;;) {
      const { cookies, opened } = session;
      if (cookies === null) {
        const login = await sharedSignIn(request.signal);
        if (!login.ok) return login;
        mayRenew = false;
        continue;
      }
      const sent = await exchange(request, url, cookies);
      if (!sent.ok) return sent;
      const reply = await readRefusal(sent.value);
      if (!mayRenew || !isSessionOver(request, base, reply.read ?? headersOf(reply))) {
        return { ok: true, value: reply };
      }
      mayRenew = false;
      if (reply.read === undefined) discard(reply, clock);
      // Another request may have renewed it meanwhile.
      if (session.opened !== opened) continue;
      const login = await sharedSignIn(request.signal);
      if (!login.ok) return login;
    }
  };

  /** Reads the body of a response that may mean that the session is over. */
  async function readRefusal(reply: UnreadResponse): Promise<UnreadResponse> {
    const head = headersOf(reply);
    if (head.status !== 403 || !isJson(head)) return reply;
    return { ...reply, read: await readWithin(reply, clock, refusalTime) };
  }
}

interface Login {
  done: Promise<Result<null>>;
  /** How many requests wait for it. */
  waiting: number;
  stop: AbortController;
}

const formHint = 'This Hub does not accept the tokens of a platform. Use it alone, with a token of its own.';

/** The caller no longer waits for the response, so nothing was sent. */
const abandoned: Failure = {
  ...failure('unknown', 'network', `could not ${asked}`),
  retry: 'later',
  from: 'nobody',
};

/** The request for which the login was made was not sent. */
function withoutEffect(of: Failure): { ok: false; failure: Failure } {
  return { ok: false, failure: { ...of, effect: 'none' } };
}
