/**
 * Requests that got no response: network errors, certificates, proxies and this machine, as failures with what helps.
 *
 * Owns what an error means for a request: whether it may have had an effect, and whether to try again. What the error
 * was is found out in `trouble.ts`.
 */
import { STATUS_CODES } from 'node:http';
import type { ProxyError } from './proxy-error.js';
import type { Failure } from '../model/result.js';
import { diagnose, type Trouble } from './trouble.js';

/** How far a request got that failed. */
export interface Progress {
  /** Whether it was given to a connection, so that the server may have got it. */
  sent: boolean;
  /** What to say where it may have had its effect all the same; left out for a request without any. */
  hintIfSent?: string | undefined;
}

/** The failure of a request that got no response, or not all of it. */
export function networkFailure(
  asked: string,
  error: unknown,
  base: string,
  { sent, hintIfSent }: Progress,
): Failure {
  const trouble = diagnose(error, sent);
  const { place, proxy } = trouble;
  const status = proxy?.status ?? null;
  // A server that refuses the handshake has read nothing. Where there is hardly a controller, or this machine is at
  // fault, a request without an effect is no sign of one; but who knows what became of a change.
  const maybeDone = sent && place !== 'tls' && (hintIfSent !== undefined || place === 'network');
  return {
    kind: status === 407 ? 'unauthorized' : 'unknown',
    error: {
      type: trouble.type,
      message: `could not ${asked}: ${textOf(trouble)}`,
      status,
      hint: maybeDone && hintIfSent !== undefined ? hintIfSent : hintFor(trouble, base),
    },
    // Neither heals by itself, however often the server was reached before.
    retry: place === 'closed' || status === 407 ? 'never' : 'later',
    effect: maybeDone ? 'possible' : 'none',
    from: place === 'tls' || (status !== null && !isPassing(status)) ? 'other' : 'nobody',
  };
}

/** Plain words for an error, for traces. */
export function describeNetworkError(error: unknown): string {
  return textOf(diagnose(error, true));
}

/** Whether the same request may well be answered later (RFC 9110, section 15). */
export function isPassing(status: number): boolean {
  return (status >= 500 && status < 600) || status === 408 || status === 425 || status === 429;
}

function textOf({ text, proxy }: Trouble): string {
  return proxy === null ? text : describeProxy(proxy, text);
}

function describeProxy({ proxy, source, status }: ProxyError, text: string): string {
  const name = `the proxy ${proxy} (${source})`;
  if (status === null) return `${name} cannot be used: ${text}`;
  const said = `HTTP ${status} ${STATUS_CODES[status] ?? ''}`.trim();
  return status === 407
    ? `${name} requires a user name and password (${said})`
    : `${name} refused to connect to the controller (${said})`;
}

function hintFor({ place, hint, proxy }: Trouble, base: string): string {
  if (proxy?.status === 407) return proxyCredentialsHint(proxy.source);
  if (proxy !== null && (hint === null || place === 'response')) {
    return `Check ${proxy.source}. Hosts in NO_PROXY are reached without a proxy.`;
  }
  return hint ?? `Check that ${base} is right and reachable from here.`;
}

export function proxyCredentialsHint(variable: string): string {
  return `Put them into ${variable}, as in http://user:password@host:port.`;
}
