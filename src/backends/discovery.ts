/**
 * Service discovery of a platform: finds its controller, its Hub and Gafaelfawr from the address of one of them
 * (contract, "Base and authentication").
 *
 * Owns the address that is requested, and which addresses in the response are believed. No token is sent. Other keys of the
 * response are ignored, and each service may be missing.
 */
import * as z from 'zod';
import { isPassing } from '../http/network.js';
import { isRedirect } from '../http/refusal.js';
import { createRequests } from '../http/requests.js';
import type { HttpResponse } from '../http/response.js';
import { createTransport, type Request, type TransportOptions } from '../http/transport.js';
import { isLoopback, isSafe } from '../model/host.js';
import type { Failure, Result } from '../model/result.js';

/** The services that were found; null for each one that the platform does not name. */
export interface Services {
  /** The controller's base URL, without a final slash. */
  controller: URL | null;
  /** The Hub's public prefix, with a slash at the end. It may be at another host than the platform. */
  hub: URL | null;
  /** Gafaelfawr's routes for the owner of a token, and for what the token may do and when it expires. */
  gafaelfawr: { userInfo: URL; tokenInfo: URL } | null;
}

export type DiscoveryOptions = Omit<TransportOptions, 'base' | 'credentials'>;

const service = z.looseObject({ url: z.string().optional() }).optional();
const Discovery = z.looseObject({
  services: z
    .looseObject({
      ui: z.looseObject({ nublado: service }).optional(),
      internal: z.looseObject({ 'nublado-controller': service, gafaelfawr: service }).optional(),
    })
    .optional(),
});

/** Requests the services of the platform at the origin of `site`. */
export async function discover(
  options: DiscoveryOptions,
  site: URL,
  signal: AbortSignal,
): Promise<Result<Services>> {
  const { origin } = site;
  const asked = `find the services of ${origin}`;
  if (!isSafe(site)) {
    return { ok: false, failure: failure('usage', `could not ${asked}: it needs https`, null, 'none') };
  }
  const base = new URL(origin);
  const transport = createTransport({ ...options, base, credentials: { kind: 'none' } });
  const { getJson } = createRequests({ ...options, base }, transport, {
    refusal: (_request, response) => refusal(asked, response),
    unexpected: (_request, response, is) =>
      failure('unknown', `could not ${asked}: the response is ${is}`, response.status),
    bodyTime: () => null,
  });
  const request: Request = {
    asked,
    method: 'GET',
    url: '/repertoire/discovery',
    accept: 'application/json',
    signal,
  };
  const found = await getJson(request, (json) => Discovery.safeParse(json).data ?? null);
  if (!found.ok) return found;
  const { ui, internal } = found.value.services ?? {};
  const texts = {
    hub: ui?.nublado?.url,
    controller: internal?.['nublado-controller']?.url,
    gafaelfawr: internal?.gafaelfawr?.url,
  };
  for (const [name, text] of Object.entries(texts)) {
    const problem = text === undefined ? null : problemOf(text, base);
    if (problem === null) continue;
    const shown = options.redact(text ?? '');
    const message = `could not ${asked}: the address of the ${names[name] ?? name}, ${shown}, ${problem}`;
    return { ok: false, failure: failure('unknown', message, null) };
  }
  return {
    ok: true,
    value: {
      controller: texts.controller === undefined ? null : withEnd(texts.controller, ''),
      hub: texts.hub === undefined ? null : withEnd(texts.hub, '/'),
      gafaelfawr: texts.gafaelfawr === undefined ? null : gafaelfawrAt(withEnd(texts.gafaelfawr, '/')),
    },
  };
}

const names: Readonly<Record<string, string>> = {
  controller: 'controller',
  hub: 'JupyterHub',
  gafaelfawr: 'Gafaelfawr service',
};

/** Why an address is not believed; null if it is. A token may be sent there later. */
function problemOf(text: string, { hostname, protocol }: URL): string | null {
  if (!URL.canParse(text)) return 'is not a URL';
  const url = new URL(text);
  const isPlain = url.protocol === 'http:' && protocol === 'http:' && isLoopback(url.hostname);
  if (url.protocol !== 'https:' && !isPlain) return 'is not an https URL';
  if (url.username !== '' || url.password !== '') return 'contains a user name or password';
  if (url.search !== '' || url.hash !== '') return 'is not a base URL';
  const isOwn = url.hostname === hostname || url.hostname.endsWith(`.${hostname}`);
  return isOwn ? null : 'is at another host';
}

/** The URL with exactly this at the end of its path. */
function withEnd(text: string, end: '' | '/'): URL {
  const url = new URL(text);
  url.pathname = url.pathname.replace(/\/+$/, '') + end;
  return url;
}

function gafaelfawrAt(base: URL): Services['gafaelfawr'] {
  return { userInfo: new URL('user-info', base), tokenInfo: new URL('token-info', base) };
}

function refusal(asked: string, response: HttpResponse): Failure {
  const { status } = response;
  if (isRedirect(status)) return failure('unknown', `could not ${asked}: the response is a redirect`, status);
  const passing = isPassing(status);
  return {
    ...failure('unknown', `could not ${asked}: HTTP ${status}`, status),
    ...(passing ? { retry: 'later', from: 'server' } : {}),
  };
}

function failure(
  kind: Failure['kind'],
  message: string,
  status: number | null,
  hint: 'give' | 'none' = 'give',
): Failure {
  return {
    kind,
    error: {
      type: 'discovery',
      message,
      status,
      hint: hint === 'give' ? 'Give the URLs with --controller and --hub.' : null,
    },
    retry: 'never',
    effect: 'none',
    from: 'other',
  };
}
