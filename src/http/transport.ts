/**
 * One request to the controller, up to the headers of its response.
 *
 * Owns headers, redirects, and the repetition after a kept-alive connection was closed just as it was reused. Sends the
 * token only to the controller's origin.
 */
import type { Dispatcher } from 'undici';
import type { Clock } from '../runtime/context.js';
import { unlessAborted } from '../runtime/deadline.js';
import type { Redact } from '../model/redactor.js';
import type { Result } from '../model/result.js';
import { version } from '../model/version.js';
import { header, type UnreadResponse } from './response.js';
import { redactError } from './redact-error.js';
import { describeNetworkError, networkFailure, type Progress } from './network.js';
import { isProgrammingError, wasCut } from './trouble.js';

/** How the caller authenticates (contract, "Base and authentication"). */
export type Credentials = (
  | { kind: 'bearer'; token: string }
  /** Behind the ingress: identity headers instead of a token check. */
  | { kind: 'direct'; user: string; token: string | null }
) & {
  /** Where the token came from, in words. */
  origin?: string | null;
};

export interface TransportOptions {
  /** The base URL without a final slash, as in `https://host/nublado`. */
  base: URL;
  /** `none`: for a server that must not get a token. */
  credentials: Credentials | { kind: 'none' };
  dispatcher: Dispatcher;
  /** Resolves after one turn of the event loop; omitted if an additional connection does not matter. */
  turn?: () => Promise<void>;
  clock: Clock;
  /** Removes secrets, including the token, from the text of servers and libraries. */
  redact: Redact;
  /** Receives every request and its response, without secrets. */
  trace?: (message: string) => void;
}

export interface ControllerOptions extends TransportOptions {
  credentials: Credentials;
}

export interface Request {
  /** What is requested, as in "create a lab for NAME": the beginning of every error message. */
  asked: string;
  method: 'GET' | 'POST' | 'DELETE';
  /** The URL without its origin. */
  url: string;
  accept: string;
  /** Additional headers, with names in lower case. */
  headers?: Readonly<Record<string, string>>;
  json?: unknown;
  /** The hint if it is unknown whether the request arrived. */
  hintIfSent?: string;
  /** Whether a redirect is a response like any other. Default: redirects within the same origin are followed. */
  keepRedirects?: boolean;
  /** The maximum size of the body of the response, in bytes; default 1 MiB. */
  bodyLimit?: number;
  signal: AbortSignal;
}

export type Send = (request: Request) => Promise<Result<UnreadResponse>>;

/** Maximum redirects. A longer chain is a loop. */
const redirectLimit = 5;

export function createTransport({
  base,
  credentials,
  dispatcher,
  turn = () => Promise.resolve(),
  clock,
  redact,
  trace = () => undefined,
}: TransportOptions): Send {
  const identity = identityHeaders(credentials);
  /** Only a connection that has delivered a response can be a kept-alive one. */
  let responded = false;

  async function exchange(
    request: Request,
    url: URL,
    shownUrl: string,
    progress: Progress,
  ): Promise<Dispatcher.ResponseData> {
    // Outside of the error handling for the network: a value that JSON cannot represent is a bug in the caller.
    const body = request.json === undefined ? null : JSON.stringify(request.json);
    // undici frees the connection of a response only one turn after it was read, and would open another one before
    // that. A POST does not reuse a connection that the server may be about to close: if its response is lost, it is
    // not repeated.
    if (responded && request.method !== 'POST') await turn();
    const what = `${request.method} ${shownUrl}`;
    const begun = clock.monotonic();
    const after = (): string => `after ${Math.round(clock.monotonic() - begun)} ms`;
    trace(`> ${what}`);
    try {
      const asking = noting(dispatcher, progress).request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method,
        headers: {
          ...request.headers,
          ...identity,
          accept: request.accept,
          // Without this header, any encoding is acceptable (RFC 9110, section 12.5.3).
          'accept-encoding': 'identity',
          'user-agent': `nublado-lab/${version}`,
          ...(body === null ? {} : { 'content-type': 'application/json' }),
        },
        body,
        signal: request.signal,
        // The caller owns deadlines and idle timeouts, on its own clock.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      // undici handles a signal only once it is connected, and connecting may take long.
      const response = await unlessAborted(asking, request.signal);
      responded = true;
      trace(`< ${response.statusCode} to ${what} ${after()}`);
      return response;
    } catch (error) {
      redactError(error, redact);
      const sent = progress.sent ? 'no response to' : 'could not send';
      trace(`< ${sent} ${what} ${after()}: ${describeNetworkError(error)}`);
      throw error;
    }
  }

  /** Sends the request once more if a kept-alive connection was cut, because the server may have closed it as idle. */
  async function ask(
    request: Request,
    url: URL,
    shownUrl: string,
  ): Promise<Result<Pick<UnreadResponse, 'response' | 'repeated'>>> {
    for (let repeated = false; ; repeated = true) {
      const progress: Progress = { sent: false, hintIfSent: request.hintIfSent };
      try {
        const response = await exchange(request, url, shownUrl, progress);
        return { ok: true, value: { response, repeated } };
      } catch (error) {
        const { aborted } = request.signal;
        if (!aborted && isProgrammingError(error, progress.sent)) throw error;
        const mayBeOld = responded && !repeated && request.method !== 'POST';
        if (mayBeOld && wasCut(error) && !aborted) continue;
        const failure = networkFailure(request.asked, error, baseText(base), progress);
        return { ok: false, failure: repeated ? { ...failure, effect: 'possible' } : failure };
      }
    }
  }

  return async (request) => {
    // Not resolved against the base: a path that begins with two slashes would name another host, which would get the
    // token.
    let url = new URL(base.origin + request.url);
    let repeated = false;
    for (let redirects = 0; ; redirects++) {
      // Only a URL that a server sent may contain a secret.
      const sent = await ask(request, url, redirects === 0 ? url.href : redact(url.href));
      if (!sent.ok) return sent;
      repeated ||= sent.value.repeated;
      const reply = { ...sent.value, url, redirects, repeated, redact };
      const isFollowed = request.keepRedirects !== true && redirects < redirectLimit;
      const next = isFollowed ? whereTo(request, reply) : null;
      if (next === null) return { ok: true, value: reply };
      discard(reply, clock);
      url = next;
    }
  };
}

/**
 * The dispatcher for one request. It records when the request is passed to a connection: before that, the server cannot
 * have received any of it. If the dispatcher cannot be observed, every request counts as sent.
 */
function noting(dispatcher: Dispatcher, progress: Progress): Dispatcher {
  progress.sent = !('compose' in dispatcher);
  if (progress.sent) return dispatcher;
  return dispatcher.compose((dispatch) => (options, handler) => {
    // undici up to version 6 uses another name.
    const name = handler.onRequestStart === undefined ? 'onConnect' : 'onRequestStart';
    const begin = handler[name]?.bind(handler) as ((...args: unknown[]) => void) | undefined;
    handler[name] = (...args: unknown[]) => {
      progress.sent = true;
      begin?.(...args);
    };
    return dispatch(options, handler);
  });
}

/** The base URL in error messages. */
export function baseText(base: URL): string {
  return base.href.replace(/\/$/, '');
}

/** Limits for reading a body that is not needed: its size in bytes, and its time in milliseconds. */
const discardLimit = 16 * 1024;
const discardTimeout = 1_000;

/** Discards a body: a short one is read, so that its connection can be reused; any other is cut off. */
export function discard({ response: { body } }: UnreadResponse, clock: Clock): void {
  const cancelTimer = clock.after(discardTimeout, () => body.destroy());
  body
    .dump({ limit: discardLimit })
    .catch(() => undefined)
    .finally(cancelTimer);
}

/** The target of a redirect that can be followed: same origin, same method; null for any other response. */
function whereTo({ method }: Request, { response, url }: UnreadResponse): URL | null {
  const keepsMethod = response.statusCode === 307 || response.statusCode === 308;
  const asksToGet = [301, 302, 303].includes(response.statusCode);
  if (!keepsMethod && !(asksToGet && method === 'GET')) return null;
  const location = header(response, 'location');
  if (location === null || !URL.canParse(location, url.href)) return null;
  const target = new URL(location, url);
  return target.origin === url.origin ? target : null;
}

function identityHeaders(credentials: TransportOptions['credentials']): Record<string, string> {
  if (credentials.kind === 'none') return {};
  if (credentials.kind === 'bearer') return { authorization: `Bearer ${credentials.token}` };
  return {
    'x-auth-request-user': credentials.user,
    ...(credentials.token === null ? {} : { 'x-auth-request-token': credentials.token }),
  };
}
