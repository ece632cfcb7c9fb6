/**
 * `auto` as the URL of a JupyterHub: where the Hub is searched for, and in which order.
 *
 * Service discovery comes first, because it also names the controller. Owns the order, and the message if nothing is found.
 * Leaves the requests, and the meaning of the variables, to the backends.
 */
import { UsageError } from '../model/usage-error.js';
import type { Result } from '../model/result.js';
import type { Context } from '../runtime/context.js';
import { readVariable } from './environment.js';
import type { Servers, Services } from './servers.js';
import { setting, type Setting } from './setting.js';

export interface HubSearch {
  /** The setting whose value is `auto`. */
  source: string;
  /** The controller that is configured; null without one. */
  controller: Setting<URL> | null;
  /** Whether a controller must not be used, although the platform may have one. */
  withoutController: boolean;
  env: Context['env'];
  hub: Servers['hub'];
  /** Sends the request of service discovery. */
  discover: (site: URL) => Promise<Result<Services>>;
}

export interface FoundHub {
  url: Setting<URL>;
  /** The controller of the same platform; null for a Hub alone. */
  controller: Setting<URL> | null;
  /** The site whose service discovery has named them; null if none has. */
  site: URL | null;
  isPublic: boolean;
  /** What was tried before, with the reasons. */
  tried: string[];
}

/** Throws a UsageError that lists what was tried if there is no Hub. */
export async function findHub(search: HubSearch): Promise<FoundHub> {
  const { source, controller, env } = search;
  const tried: string[] = [];
  const site = siteOf(search, tried);
  if (site !== null) {
    const found = await discovered(site, search, tried);
    if (found !== null) return found;
  }
  // A Hub that the environment names may belong to another site than this controller.
  if (controller !== null) {
    throw new UsageError(
      `${source}: found no JupyterHub for the controller of ${controller.origin}: ${tried.join('; ')}`,
      'Give the URL of the Hub, or disable the controller with --controller none.',
    );
  }
  const { found, tried: variables } = search.hub.find(env);
  tried.push(...variables);
  if (found === null) {
    throw new UsageError(`${source}: found no JupyterHub: ${tried.join('; ')}`, 'Give the URL of the Hub.');
  }
  const url = setting(found.url, `${source} auto, ${found.variable}`);
  return { url, controller: null, site: null, isPublic: found.isPublic, tried };
}

/** The site that is asked for its services. */
function siteOf({ controller, env }: HubSearch, tried: string[]): Setting<URL> | null {
  if (controller !== null) return controller;
  const instance = readVariable(env, 'EXTERNAL_INSTANCE_URL');
  if (instance === undefined) {
    tried.push('no controller is configured, and EXTERNAL_INSTANCE_URL is not set');
  } else if (!URL.canParse(instance)) {
    tried.push('EXTERNAL_INSTANCE_URL is not a URL');
  } else {
    return setting(new URL(instance), 'EXTERNAL_INSTANCE_URL');
  }
  return null;
}

async function discovered(
  site: Setting<URL>,
  { source, controller, withoutController, discover }: HubSearch,
  tried: string[],
): Promise<FoundHub | null> {
  const services = await discover(site.value);
  if (!services.ok) {
    tried.push(services.failure.error.message);
    return null;
  }
  const { origin } = site.value;
  if (services.value.hub === null) {
    tried.push(`the service discovery of ${origin} names no JupyterHub`);
    return null;
  }
  const from = `${source} auto, service discovery of ${origin}`;
  const named = withoutController ? null : services.value.controller;
  return {
    url: setting(services.value.hub, from),
    controller: controller ?? (named === null ? null : setting(named, from)),
    site: site.value,
    isPublic: true,
    tried,
  };
}
