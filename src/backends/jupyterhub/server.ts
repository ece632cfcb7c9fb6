/**
 * One server at a Hub as a RemoteLab.
 *
 * Owns the settings, and the state of a server that is not listed. What the responses to a start or a stop prove is in
 * `start.ts` and `stop.ts`.
 */
import type { ControllerOptions } from '../../http/transport.js';
import type { Pace } from '../../runtime/pace.js';
import type { RemoteLab } from '../backend.js';
import { probe } from '../probe.js';
import type { LabRequest, UserOptions } from '../../model/lab-request.js';
import type { HubClient, ServerId } from './client.js';
import { differentOptions } from './differences.js';
import { Looks } from './looks.js';
import { startServer } from './start.js';
import { failedLab, redactDeep } from './state.js';
import { stopServer } from './stop.js';

export interface HubSettings {
  /** The name of a named server; empty for the default one. */
  server: string;
  userOptions: UserOptions;
  /** The options that are sent for a request; by default `userOptions`, whatever else was requested. */
  optionsFor?: (request: LabRequest, userOptions: UserOptions) => UserOptions;
  /** Whether to delete the name of a named server when it is stopped. */
  forget: boolean;
  /** The server that this program itself runs in; null or omitted if it runs elsewhere. */
  self?: ServerId | null;
  /**
   * Whether the Hub's base is its public prefix; default true. If it is an address inside the Hub's own network, the
   * servers' addresses are not known: none is shown, and none is probed.
   */
  hasPublicAddress?: boolean;
}

/** What a server is requested with. `dispatcher`, `turn` and `trace` are those of its probes. */
export interface HubWorld extends Omit<ControllerOptions, 'credentials'> {
  /** The token for probes of a platform, whose ingress requires one; omitted for a Hub alone. */
  token?: string;
  /** Spaces the requests for the servers of a user; omitted if the caller does. */
  pace?: Pace;
}

export function hubServer(
  client: HubClient,
  id: ServerId,
  settings: HubSettings,
  world: HubWorld,
): RemoteLab {
  const { userOptions, optionsFor = () => userOptions, forget, self = null } = settings;
  const { clock, redact } = world;
  const publicBase = publicBaseOf(settings, world);
  const looks = new Looks(client, id, { ...world, publicBase });

  return {
    shown(request) {
      const options = optionsFor(request, userOptions);
      return { user_options: options === 'reuse' ? null : redactDeep(options, redact) };
    },
    create: (request, signal) =>
      startServer({ client, id, userOptions: optionsFor(request, userOptions), looks, clock }, signal),
    async state(signal) {
      const lab = await looks.listed(signal);
      if (!lab.ok || lab.value !== null) return lab;
      const reason = await looks.lastFailure(signal);
      // Nothing is listed in any case, and only the reason could be added.
      return { ok: true, value: reason.ok && reason.value !== null ? failedLab(reason.value) : null };
    },
    events: (signal) => looks.events(signal),
    streamsDeletions: false,
    differences: (lab) => differentOptions(lab, userOptions, redact),
    remove: (signal) => stopServer({ client, id, forget, looks, clock }, signal),
    hostsCommand: self?.user === id.user && self.server === id.server,
    choices: null,
    probe:
      publicBase === null
        ? null
        : (address, signal) => probe({ ...world, prefix: prefixOf(publicBase) }, address, signal),
    mustConfirmRunning: true,
  };
}

/** The Hub's public prefix; null if it is not known. */
export function publicBaseOf(
  { hasPublicAddress = true }: HubSettings,
  { base }: Pick<HubWorld, 'base'>,
): URL | null {
  return hasPublicAddress ? base : null;
}

/** The path of the Hub's public prefix, with a slash at the end. */
function prefixOf({ pathname }: URL): string {
  return pathname.replace(/\/*$/, '/');
}
