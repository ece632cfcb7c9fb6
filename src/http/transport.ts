/**
 * One question to the controller, from the request to the headers of its answer.
 *
 * Owns headers, redirects, and the connection that was closed just when it was used again. The token goes to the
 * controller's origin and nowhere else.
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

/** How the caller proves who it is (contract, "Base and authentication"). */
export type Credentials = (
  | { kind: 'bearer'; token: string }
  /** Behind the ingress: identity headers instead of a token check. */
  | { kind: 'direct'; user: string; token: string | null }
) & {
  /** Where the token came from, in words. */
  origin?: string | null;
};

export interface ControllerOptions {
  /** The base URL without a final slash, as in `https://host/nublado`. */
  base: URL;
  credentials: Credentials;
  dispatcher: Dispatcher;
  /** Resolves when the event loop has come round; left out where one connection more does no harm. */
  turn?: () => Promise<void>;
  clock: Clock;
  /** Removes secrets from what servers and libraries say, the token among them. */
  redact: Redact;
  /** Told every request and its answer, without secrets. */
  trace?: (message: string) => void;
}

export interface Request {
  /** What is being asked, as in "create a lab for NAME": the beginning of every error message. */
  asked: string;
  method: 'GET' | 'POST' | 'DELETE';
  /** From the host on. */
  url: string;
  accept: string;
  json?: unknown;
  /** What to say when it is not known whether the request arrived. */
  hintIfSent?: string;
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
}: ControllerOptions): Send {
  const identity = identityHeaders(credentials);
  /** Only a connection that has brought an answer can be a kept-alive one. */
  let answered = false;

  async function exchange(
    request: Request,
    url: URL,
    shownUrl: string,
    progress: Progress,
  ): Promise<Dispatcher.ResponseData> {
    // A value that JSON cannot hold is a mistake of the caller's, and no trouble of the network.
    const body = request.json === undefined ? null : JSON.stringify(request.json);
    // undici frees the connection of an answer that was read only then, and would open another before. A POST does
    // not go on one that the server may be about to close: if its answer is lost, it is not sent again.
    if (answered && request.method !== 'POST') await turn();
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
          ...identity,
          accept: request.accept,
          // Whoever asks for nothing agrees to everything (RFC 9110, section 12.5.3).
          'accept-encoding': 'identity',
          'user-agent': `nublado-lab/${version}`,
          ...(body === null ? {} : { 'content-type': 'application/json' }),
        },
        body,
        signal: request.signal,
        // Deadlines and the watch over a silent stream are the caller's, on its own clock.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      // undici heeds a signal only once it is connected, and a connection may take its time.
      const response = await unlessAborted(asking, request.signal);
      answered = true;
      trace(`< ${response.statusCode} to ${what} ${after()}`);
      return response;
    } catch (error) {
      redactError(error, redact);
      const sent = progress.sent ? 'no response to' : 'could not send';
      trace(`< ${sent} ${what} ${after()}: ${describeNetworkError(error)}`);
      throw error;
    }
  }

  /** Sends it once more where a kept-alive connection was cut, because the server may have closed it for its age. */
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
        const mayBeOld = answered && !repeated && request.method !== 'POST';
        if (mayBeOld && wasCut(error) && !aborted) continue;
        const failure = networkFailure(request.asked, error, baseText(base), progress);
        return { ok: false, failure: repeated ? { ...failure, effect: 'possible' } : failure };
      }
    }
  }

  return async (request) => {
    // Not relative to the base: a path that begins with two slashes would be another host, and get the token.
    let url = new URL(base.origin + request.url);
    let repeated = false;
    for (let redirects = 0; ; redirects++) {
      // Only what a server has written into it may hold a secret.
      const sent = await ask(request, url, redirects === 0 ? url.href : redact(url.href));
      if (!sent.ok) return sent;
      repeated ||= sent.value.repeated;
      const reply = { ...sent.value, url, redirects, repeated, redact };
      const next = redirects < redirectLimit ? whereTo(request, reply) : null;
      if (next === null) return { ok: true, value: reply };
      discard(reply, clock);
      url = next;
    }
  };
}

/**
 * The dispatcher for one request, which notes when that is given to a connection: until then the server cannot have
 * got any of it. A dispatcher that cannot be watched counts as having sent everything.
 */
function noting(dispatcher: Dispatcher, progress: Progress): Dispatcher {
  progress.sent = !('compose' in dispatcher);
  if (progress.sent) return dispatcher;
  return dispatcher.compose((dispatch) => (options, handler) => {
    // Until its version 6, undici called it by another name.
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

/** A body that nobody needs may have so many bytes, and so many milliseconds to come. */
const discardLimit = 16 * 1024;
const discardTimeout = 1_000;

/** Lets go of a body: what is short is read, so that its connection can be used again; any other is cut off. */
export function discard({ response: { body } }: UnreadResponse, clock: Clock): void {
  const cancelTimer = clock.after(discardTimeout, () => body.destroy());
  body
    .dump({ limit: discardLimit })
    .catch(() => undefined)
    .finally(cancelTimer);
}

/** Where a redirect is to be followed to: the same origin, with the same method; null for what is no such redirect. */
function whereTo({ method }: Request, { response, url }: UnreadResponse): URL | null {
  const keepsMethod = response.statusCode === 307 || response.statusCode === 308;
  const asksToGet = [301, 302, 303].includes(response.statusCode);
  if (!keepsMethod && !(asksToGet && method === 'GET')) return null;
  const location = header(response, 'location');
  if (location === null || !URL.canParse(location, url.href)) return null;
  const target = new URL(location, url);
  return target.origin === url.origin ? target : null;
}

function identityHeaders(credentials: Credentials): Record<string, string> {
  if (credentials.kind === 'bearer') return { authorization: `Bearer ${credentials.token}` };
  return {
    'x-auth-request-user': credentials.user,
    ...(credentials.token === null ? {} : { 'x-auth-request-token': credentials.token }),
  };
}
