/**
 * Requests whose response is read: the value that was requested, or the failure that the response means.
 *
 * Owns the order of decisions (status and headers first, then the body, within bounds). Leaves the meaning of a
 * response of one kind of server to that server's dialect.
 */
import type { Failure, Result } from '../model/result.js';
import { networkFailure } from './network.js';
import { redactError } from './redact-error.js';
import {
  compression,
  describeContent,
  headersOf,
  isJson,
  parseJson,
  readWhole,
  readWithin,
  type HttpResponse,
  type UnreadResponse,
} from './response.js';
import { baseText, discard, type Request, type Send, type TransportOptions } from './transport.js';

export interface Dialect {
  /** The failure of a response that is not a success. */
  refusal(request: Request, response: HttpResponse): Failure;
  /** The failure of a successful response with unexpected content; `is` describes what it contains instead. */
  unexpected(request: Request, reply: HttpResponse, is: string): Failure;
  /** Maximum time from the headers to the end of a refusal's body, in milliseconds; null if the body is not needed. */
  bodyTime(request: Request, head: HttpResponse): number | null;
}

export interface Requests {
  send: Send;
  /** The failure of a response that is not the one requested. */
  refuse: (request: Request, reply: UnreadResponse) => Promise<{ ok: false; failure: Failure }>;
  /** The response to a GET with its body, if it is successful and has the right type. */
  get: (request: Request, isRight: (head: HttpResponse) => boolean) => Promise<Result<HttpResponse>>;
  /** The value in a JSON response; `parse` returns null if the JSON has an unexpected shape. */
  getJson: <T>(request: Request, parse: (json: unknown) => T | null) => Promise<Result<T>>;
}

/** `transport` sends the requests. `observe` is called with every response, successful or not. */
export function createRequests(
  { base, clock, redact }: Pick<TransportOptions, 'base' | 'clock' | 'redact'>,
  transport: Send,
  dialect: Dialect,
  observe: (reply: UnreadResponse) => void = () => undefined,
): Requests {
  const send: Send = async (request) => {
    const sent = await transport(request);
    if (sent.ok) observe(sent.value);
    return sent;
  };

  async function refuse(request: Request, reply: UnreadResponse): Promise<{ ok: false; failure: Failure }> {
    const head = headersOf(reply);
    const ms = head.status < 300 ? null : dialect.bodyTime(request, head);
    if (ms === null) discard(reply, clock);
    const response = ms === null ? head : await readWithin(reply, clock, ms);
    const failure =
      head.status < 300
        ? dialect.unexpected(request, response, describeContent(response))
        : dialect.refusal(request, response);
    return { ok: false, failure };
  }

  async function get(
    request: Request,
    isRight: (head: HttpResponse) => boolean,
  ): Promise<Result<HttpResponse>> {
    const sent = await send(request);
    if (!sent.ok) return sent;
    const head = headersOf(sent.value);
    if (head.status !== 200 || compression(head) !== null || !isRight(head))
      return refuse(request, sent.value);
    let received: HttpResponse;
    try {
      received = await readWhole(sent.value, clock, request.bodyLimit);
    } catch (error) {
      redactError(error, redact);
      return { ok: false, failure: networkFailure(request.asked, error, baseText(base), { sent: true }) };
    }
    if (received.whole) return { ok: true, value: received };
    return { ok: false, failure: dialect.unexpected(request, received, describeContent(received)) };
  }

  async function getJson<T>(request: Request, parse: (json: unknown) => T | null): Promise<Result<T>> {
    const got = await get(request, isJson);
    if (!got.ok) return got;
    let json: unknown;
    try {
      json = parseJson(got.value.body);
    } catch {
      // JSON that does not parse counts as unexpected JSON.
      json = undefined;
    }
    const value = parse(json);
    if (value !== null) return { ok: true, value };
    return { ok: false, failure: dialect.unexpected(request, got.value, 'unexpected JSON') };
  }

  return { send, refuse, get, getJson };
}
