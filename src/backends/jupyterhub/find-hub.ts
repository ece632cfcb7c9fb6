/**
 * Finds the Hub of the server that this program runs in, by the variables that the Hub has set there.
 *
 * Only for the command line: what another program passes to the library is explicit. Sends nothing.
 */
import { readVariable } from '../../config/environment.js';
import type { EnvironmentHub } from '../../config/servers.js';
import { isSafe } from '../../model/host.js';
import type { Context } from '../../runtime/context.js';

/** The variables that lead to the Hub's prefix, and what follows it in each. */
const variables = [
  { name: 'JUPYTERHUB_PUBLIC_HUB_URL', suffix: /\/hub\/?$/, isPublic: true },
  { name: 'JUPYTERHUB_PUBLIC_URL', suffix: /\/(user|services)\/.*$/, isPublic: true },
  // An address for the servers, often inside a cluster and without https.
  { name: 'JUPYTERHUB_API_URL', suffix: /\/hub\/api\/?$/, isPublic: false },
] as const;

export function findHub(env: Context['env']): EnvironmentHub {
  const tried: string[] = [];
  for (const { name, suffix, isPublic } of variables) {
    const text = readVariable(env, name);
    const url = text !== undefined && URL.canParse(text) ? new URL(text) : null;
    if (text === undefined) {
      tried.push(`${name} is not set`);
    } else if (url === null || !/^https?:$/.test(url.protocol) || !suffix.test(url.pathname)) {
      tried.push(`${name} has an unexpected form`);
    } else if (isPublic && !isSafe(url)) {
      tried.push(`${name} is an address without https`);
    } else {
      const found = new URL(`${url.origin}${url.pathname.replace(suffix, '/')}`);
      return { found: { url: found, variable: name, isPublic }, tried };
    }
  }
  return { found: null, tried };
}
