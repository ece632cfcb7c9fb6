/**
 * The Nublado controller as a Backend: one method per route, over undici.
 *
 * Owns URLs, headers and the bounds on what is read; what a refusal means is `failures.ts`. Never follows a
 * redirect: the token goes to the controller and nowhere else.
 */
import type { Dispatcher } from 'undici';
import type { Choices } from '../model/choices.js';
import { LabState, UserInfo, Users } from '../model/lab.js';
import type { LabSpecification } from '../model/specification.js';
import type { Failure, Result } from '../model/result.js';
import { version } from '../model/version.js';
import type { Backend, EventBody } from './backend.js';
import {
  contentType,
  describeNetworkError,
  networkFailure,
  notAController,
  refusal,
  type Answer,
} from './failures.js';

/** How the caller proves who it is (contract, "Base and authentication"). */
export type Credentials =
  | { kind: 'bearer'; token: string }
  /** Behind the ingress: identity headers instead of a token check. */
  | { kind: 'direct'; user: string; token: string | null };

export interface ControllerOptions {
  /** The base URL without a final slash, as in `https://host/nublado`. */
  base: URL;
  credentials: Credentials;
  dispatcher: Dispatcher;
  /** Told every request and its answer; neither headers nor bodies, so no secret. */
  trace?: (message: string) => void;
  /** Monotonic milliseconds, for the trace. */
  now?: () => number;
}

/** Bodies are read up to this many bytes; a LabState has under a thousand. */
const bodyLimit = 1024 * 1024;

interface Request {
  /** What is being asked, as in "create a lab for NAME": the beginning of every error message. */
  asked: string;
  method: 'GET' | 'POST' | 'DELETE';
  url: string;
  accept: string;
  json?: unknown;
  /** What to say when it is not known whether the request arrived. */
  hintIfSent?: string;
  signal: AbortSignal;
}

export function createController({
  base,
  credentials,
  dispatcher,
  trace = () => undefined,
  now = () => 0,
}: ControllerOptions): Backend {
  const baseText = base.href.replace(/\/$/, '');
  const api = `${base.pathname.replace(/\/$/, '')}/spawner/v1`;
  const identity = identityHeaders(credentials);

  async function send(request: Request): Promise<Result<Dispatcher.ResponseData>> {
    const what = `${request.method} ${base.origin}${request.url}`;
    const begun = now();
    trace(`> ${what}`);
    try {
      const response = await dispatcher.request({
        origin: base.origin,
        path: request.url,
        method: request.method,
        headers: {
          ...identity,
          accept: request.accept,
          'user-agent': `nublado-lab/${version}`,
          ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: request.json === undefined ? null : JSON.stringify(request.json),
        signal: request.signal,
        // Deadlines and the watch over a silent stream are the caller's, on its own clock.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      trace(`< ${response.statusCode} to ${what} after ${Math.round(now() - begun)} ms`);
      return { ok: true, value: response };
    } catch (error) {
      trace(
        `< no answer to ${what} after ${Math.round(now() - begun)} ms: ${describeNetworkError(error).text}`,
      );
      return fail(networkFailure(request.asked, error, baseText, request.hintIfSent));
    }
  }

  async function refuse(request: Request, response: Dispatcher.ResponseData): Promise<Result<never>> {
    const answer = await readAnswer(response);
    if (answer.status < 300) {
      return fail(
        notAController(request.asked, answer, baseText, `the answer is ${describeContent(answer)}`),
      );
    }
    return fail(refusal(request.asked, answer, baseText));
  }

  async function getJson<T>(request: Request, parse: (json: unknown) => T | null): Promise<Result<T>> {
    const sent = await send(request);
    if (!sent.ok) return sent;
    if (sent.value.statusCode !== 200) return refuse(request, sent.value);
    let answer: Answer;
    try {
      answer = await readAnswer(sent.value, true);
    } catch (error) {
      return fail(networkFailure(request.asked, error, baseText));
    }
    if (!contentType(answer).includes('json')) {
      return fail(
        notAController(request.asked, answer, baseText, `the answer is ${describeContent(answer)}`),
      );
    }
    try {
      const value = parse(JSON.parse(answer.body));
      if (value !== null) return { ok: true, value };
    } catch {
      // Falls through: JSON that does not parse is as wrong as JSON of another shape.
    }
    return fail(notAController(request.asked, answer, baseText, 'the answer is JSON of another shape'));
  }

  async function labState(request: Request): Promise<Result<LabState | null>> {
    const result = await getJson(request, (json) => LabState.safeParse(json).data ?? null);
    return !result.ok && result.failure.kind === 'not-found' ? { ok: true, value: null } : result;
  }

  return {
    async create(user, specification: LabSpecification, signal) {
      const request: Request = {
        asked: `create a lab for ${user}`,
        method: 'POST',
        url: `${api}/labs/${encodeURIComponent(user)}/create`,
        accept: 'application/json',
        json: specification,
        hintIfSent: 'It may have begun to create the lab all the same; `lab status` tells.',
        signal,
      };
      const sent = await send(request);
      if (!sent.ok) return sent;
      const { statusCode, headers } = sent.value;
      // Older controllers answered 303 instead of 201.
      if (statusCode === 201 || (statusCode === 303 && leadsTo(base, headers['location'], api))) {
        // Accepted is accepted, whatever becomes of the rest of the answer.
        sent.value.body.dump().catch(() => undefined);
        return { ok: true, value: null };
      }
      return refuse(request, sent.value);
    },

    async events(user, signal): Promise<Result<EventBody>> {
      const request: Request = {
        asked: `watch the events of ${user}`,
        method: 'GET',
        url: `${api}/labs/${encodeURIComponent(user)}/events`,
        accept: 'text/event-stream',
        signal,
      };
      const sent = await send(request);
      if (!sent.ok) return sent;
      if (sent.value.statusCode !== 200) return refuse(request, sent.value);
      const type = String(sent.value.headers['content-type'] ?? '').toLowerCase();
      if (type.startsWith('text/event-stream')) return { ok: true, value: sent.value.body };
      const answer = await readAnswer(sent.value);
      return fail(
        notAController(request.asked, answer, baseText, `the answer is ${describeContent(answer)}`),
      );
    },

    ownState(signal) {
      return labState({
        asked: "ask for the lab's state",
        method: 'GET',
        url: `${api}/user-status`,
        accept: 'application/json',
        signal,
      });
    },

    stateOf(user, signal) {
      return labState({
        asked: `ask for the state of ${user}'s lab`,
        method: 'GET',
        url: `${api}/labs/${encodeURIComponent(user)}`,
        accept: 'application/json',
        signal,
      });
    },

    async remove(user, signal): Promise<Result<null>> {
      const request: Request = {
        asked: `delete the lab of ${user}`,
        method: 'DELETE',
        url: `${api}/labs/${encodeURIComponent(user)}`,
        accept: 'application/json',
        hintIfSent: 'The deletion may go on all the same; `lab status` tells.',
        signal,
      };
      const sent = await send(request);
      if (!sent.ok) return sent;
      if (sent.value.statusCode !== 204) return refuse(request, sent.value);
      sent.value.body.dump().catch(() => undefined);
      return { ok: true, value: null };
    },

    list(signal): Promise<Result<string[]>> {
      return getJson(
        {
          asked: 'list the users with running labs',
          method: 'GET',
          url: `${api}/labs`,
          accept: 'application/json',
          signal,
        },
        (json) => Users.safeParse(json).data ?? null,
      );
    },

    async choices(user, signal): Promise<Result<Choices | null>> {
      const request: Request = {
        asked: `ask what ${user} may choose`,
        method: 'GET',
        url: `${api}/lab-form/${encodeURIComponent(user)}`,
        accept: 'text/html',
        signal,
      };
      const sent = await send(request);
      if (!sent.ok) return sent;
      if (sent.value.statusCode !== 200) return refuse(request, sent.value);
      const [answer, { parseForm }] = await Promise.all([readAnswer(sent.value), import('./form.js')]);
      const form = parseForm(answer.body);
      if (form === null)
        return fail(notAController(request.asked, answer, baseText, 'the answer is no lab form'));
      return { ok: true, value: form === 'unavailable' ? null : form };
    },

    whoAmI(signal): Promise<Result<string>> {
      return getJson(
        {
          asked: 'ask whose token this is',
          method: 'GET',
          url: '/auth/api/v1/user-info',
          accept: 'application/json',
          signal,
        },
        (json) => UserInfo.safeParse(json).data?.username ?? null,
      );
    },
  };
}

function fail(failure: Failure): { ok: false; failure: Failure } {
  return { ok: false, failure };
}

function identityHeaders(credentials: Credentials): Record<string, string> {
  if (credentials.kind === 'bearer') return { authorization: `Bearer ${credentials.token}` };
  return {
    'x-auth-request-user': credentials.user,
    ...(credentials.token === null ? {} : { 'x-auth-request-token': credentials.token }),
  };
}

/** Reads an answer's body up to the bound. Unless `strict`, a body that breaks off counts as far as it came. */
async function readAnswer(response: Dispatcher.ResponseData, strict = false): Promise<Answer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > bodyLimit) break;
    }
  } catch (error) {
    if (strict) throw error;
  }
  const body = Buffer.concat(chunks).subarray(0, bodyLimit).toString('utf8');
  return { status: response.statusCode, headers: response.headers, body };
}

function describeContent(answer: Answer): string {
  const type = contentType(answer).split(';')[0]?.trim() ?? '';
  if (type === 'text/html') return 'a web page';
  return type === '' ? 'of no type' : type;
}

/** Whether a Location stays at the controller itself. */
function leadsTo(base: URL, location: string | string[] | undefined, prefix: string): boolean {
  if (typeof location !== 'string' || !URL.canParse(location, base.href)) return false;
  const target = new URL(location, base);
  return target.host === base.host && target.pathname.startsWith(`${prefix}/labs/`);
}
