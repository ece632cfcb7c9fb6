/**
 * Finds the Hub of the server that this program runs in, by the variables that the Hub has set there.
 *
 * Only for the command line: what another program passes to the library is explicit.
 */
import { readVariable } from '../../config/environment.js';
import { setting, type Setting } from '../../config/setting.js';
import { isSafe } from '../../model/host.js';
import { UsageError } from '../../model/usage-error.js';
import type { Context } from '../../runtime/context.js';

/** The variables that lead to the Hub's public prefix, and what follows it in each. */
const publicVariables = [
  ['JUPYTERHUB_PUBLIC_HUB_URL', /\/hub\/?$/],
  ['JUPYTERHUB_PUBLIC_URL', /\/(user|services)\/.*$/],
  ['JUPYTERHUB_API_URL', /\/hub\/api\/?$/],
] as const;

/** The Hub whose server this program runs in. An address inside a cluster is not used: its servers have others. */
export function findHub(env: Context['env'], source: string): Setting<URL> {
  const tried: string[] = [];
  for (const [name, suffix] of publicVariables) {
    const text = readVariable(env, name);
    if (text === undefined) {
      tried.push(`${name} is not set`);
    } else if (!URL.canParse(text) || !suffix.test(new URL(text).pathname)) {
      tried.push(`${name} has an unexpected form`);
    } else if (!isSafe(new URL(text))) {
      tried.push(`${name} is an internal address without https`);
    } else {
      const { origin, pathname } = new URL(text);
      return setting(new URL(`${origin}${pathname.replace(suffix, '/')}`), `${source} auto, ${name}`);
    }
  }
  throw new UsageError(
    `${source}: found no JupyterHub: ${tried.join('; ')}; service discovery is not supported yet`,
    'Give the URL of the Hub.',
  );
}
