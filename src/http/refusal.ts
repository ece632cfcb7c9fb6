/**
 * What refusals of all HTTP servers have in common: redirects, retry delays and challenges.
 */
import { header, type HttpResponse } from './response.js';

/** Whether a status is a redirect with a target. 304 and the other 3xx statuses have none. */
export function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

/** Whether a redirect goes from plain http to https at the same host. */
export function isUpgrade(base: string, target: string): boolean {
  if (!URL.canParse(target, base)) return false;
  const [from, to] = [new URL(base), new URL(target, base)];
  return from.protocol === 'http:' && to.protocol === 'https:' && from.hostname === to.hostname;
}

/** `Retry-After` in milliseconds: seconds, or a date (RFC 9110, section 10.2.3). */
export function retryAfter(response: HttpResponse): number | null {
  const value = header(response, 'retry-after');
  if (value === null) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  const sent = Date.parse(header(response, 'date') ?? '');
  return Number.isNaN(date) || Number.isNaN(sent) ? null : Math.max(0, date - sent);
}

/** The parameters of a Bearer challenge (RFC 6750, section 3). */
export function challengeParameters(response: HttpResponse): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [, name, value] of (header(response, 'www-authenticate') ?? '').matchAll(/(\w+)="([^"]*)"/g)) {
    if (name !== undefined && value !== undefined) parameters.set(name, value);
  }
  return parameters;
}
