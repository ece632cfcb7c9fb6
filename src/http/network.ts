/**
 * Requests without a response: converts errors of the network, certificates, proxies and this machine to failures with
 * hints.
 *
 * Owns what an error means for a request: whether it may have had an effect, and whether to retry. Leaves the diagnosis
 * of the error to `trouble.ts`.
 */
import { STATUS_CODES } from 'node:http';
import type { ProxyError } from './proxy-error.js';
import type { Failure } from '../model/result.js';
import { diagnose, type Trouble } from './trouble.js';

/** How far a failed request got. */
export interface Progress {
  /** Whether the request was passed to a connection, so that the server may have received it. */
  sent: boolean;
  /** The hint if the request may have taken effect despite the failure; omitted for a request without effects. */
  hintIfSent?: string | undefined;
}

/** The failure of a request whose response is missing or incomplete. */
export function networkFailure(
  asked: string,
  error: unknown,
  base: string,
  { sent, hintIfSent }: Progress,
): Failure {
  const trouble = diagnose(error, sent);
  const { place, proxy, code } = trouble;
  const status = proxy?.status ?? null;
  // A server that refuses the handshake has read nothing. If the server is probably not a controller, or this machine
  // is at fault, a request without effects changed nothing; the outcome of any other request is unknown.
  const maybeDone = sent && place !== 'tls' && (hintIfSent !== undefined || place === 'network');
  return {
    kind: status === 407 ? 'unauthorized' : 'unknown',
    error: {
      type: trouble.type,
      message: `could not ${asked}: ${textOf(trouble)}`,
      status,
      hint: maybeDone && hintIfSent !== undefined ? hintIfSent : hintFor(trouble, base),
    },
    // Retrying fixes neither, even if the server was reached before.
    retry: place === 'closed' || status === 407 ? 'never' : 'later',
    effect: maybeDone ? 'possible' : 'none',
    ...(code === 'ECONNREFUSED' && proxy === null ? { refused: true } : {}),
    from: place === 'tls' || (status !== null && !isPassing(status)) ? 'other' : 'nobody',
  };
}

/** Describes an error in plain words, for traces. */
export function describeNetworkError(error: unknown): string {
  return textOf(diagnose(error, true));
}

/** Whether the status is temporary, so that the same request may succeed later (RFC 9110, section 15). */
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
