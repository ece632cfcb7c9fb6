/**
 * A probe: one request to a lab's own address, which shows whether the lab itself responds.
 *
 * The server that runs the labs only knows that it has started one. Owns the request, and what a missing response proves;
 * `probe-judge.ts` judges responses. A token is sent only to an address that may get one, and redirects are not
 * followed, because most of them lead away from the lab.
 */
import { compression, headersOf, isJson, readWithin } from '../http/response.js';
import { createTransport, discard, type Request, type TransportOptions } from '../http/transport.js';
import type { LabAddress } from '../model/lab.js';
import type { Failure } from '../model/result.js';
import { startDeadline, type Deadline } from '../runtime/deadline.js';
import { judge, judgeOwnUrl, type Probed, type ProbeTarget } from './probe-judge.js';

export type { Probed } from './probe-judge.js';

export interface ProbeOptions extends Omit<TransportOptions, 'base' | 'credentials'> {
  /** See `ProbeTarget.prefix`. */
  prefix: string | null;
  /** Sent along if the address may get a token; null or omitted for none. */
  token?: string | null;
}

/** How long to wait for a response, in milliseconds. */
const timeout = 5_000;

/** How long its body may take after that, in milliseconds. */
const bodyTimeout = 2_000;

export async function probe(
  options: ProbeOptions,
  address: LabAddress,
  signal: AbortSignal,
): Promise<Probed> {
  const own = ownUrl(address.url);
  const api = new URL('api', own);
  const target = { own, prefix: options.prefix, isShared: address.isShared };
  const limit = startDeadline(options.clock, timeout, signal);
  const sent = address.mayGetToken ? options : { ...options, token: null };
  try {
    const first = await ask(sent, { ...target, asked: api }, judge, limit);
    const isOthers = first.status === 404 && address.isShared;
    if (!isOthers) return first.probed;
    return (await ask(sent, { ...target, asked: own }, judgeOwnUrl, limit)).probed;
  } finally {
    limit.cancel();
  }
}

async function ask(
  options: ProbeOptions,
  target: ProbeTarget,
  judged: typeof judge,
  limit: Deadline,
): Promise<{ probed: Probed; status: number | null }> {
  const { origin, pathname } = target.asked;
  const { token = null } = options;
  const credentials: TransportOptions['credentials'] =
    token === null ? { kind: 'none' } : { kind: 'bearer', token };
  const send = createTransport({ ...options, base: new URL(origin), credentials });
  const request: Request = {
    asked: 'probe the lab',
    method: 'GET',
    url: pathname,
    accept: 'application/json',
    keepRedirects: true,
    signal: limit.signal,
  };
  const sent = await send(request);
  if (!sent.ok) return { probed: withoutResponse(sent.failure, limit), status: null };
  const head = headersOf(sent.value);
  const isNeeded = isJson(head) && compression(head) === null;
  if (!isNeeded) discard(sent.value, options.clock);
  const response = isNeeded ? await readWithin(sent.value, options.clock, bodyTimeout) : head;
  return { probed: judged(target, response), status: head.status };
}

/** What a failed connection, or a missing response, proves. */
function withoutResponse({ refused, effect, error }: Failure, { signal, expired }: Deadline): Probed {
  const reason = error.message.replace(/^could not probe the lab: /, '');
  if (signal.aborted && !expired)
    return { kind: 'no evidence', connected: false, reason: 'the probe was cut short' };
  if (refused === true) return { kind: 'not yet', reason: 'the connection to its address was refused' };
  const connected = effect === 'possible';
  if (!expired) return { kind: 'no evidence', connected, reason };
  const what = connected ? 'no response from its address' : 'no connection to its address';
  return { kind: 'no evidence', connected, reason: `${what} within ${timeout / 1000} s` };
}

/** The URL as a prefix: with a slash at the end, and nothing after it. */
function ownUrl(url: string): URL {
  const own = new URL(url);
  own.search = own.hash = '';
  if (!own.pathname.endsWith('/')) own.pathname += '/';
  return own;
}
