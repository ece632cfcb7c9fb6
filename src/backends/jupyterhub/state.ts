/**
 * Converts a server's model to a Lab: the meaning of its flags, and the fields that JSON output shows.
 */
import type { Lab, LabAddress, Phase } from '../../model/lab.js';
import type { Redact } from '../../model/redactor.js';
import { addressOf } from './address.js';
import type { ServerModel } from './schemas.js';

/** The names of the phases in JSON output version 1. */
const statuses: Readonly<Record<Exclude<Phase, 'other' | 'orphaned'>, string>> = {
  starting: 'pending',
  running: 'running',
  stopping: 'terminating',
  failed: 'failed',
  unsettled: 'unsettled',
};

/** What is pending, by the Hub's words. `check` shows after a restart of the Hub, while it looks for the server. */
const pendingPhases: Readonly<Record<string, Exclude<Phase, 'orphaned'>>> = {
  spawn: 'starting',
  check: 'starting',
  rename: 'starting',
  stop: 'stopping',
};

/**
 * A server that is active or pending; null for a stopped one of which only the name is left. `hub`: the Hub's public
 * prefix; null if it is not known. `isShared`: whether the user's default server responds below its address while it does
 * not run itself.
 */
export function labOf(model: ServerModel, hub: URL | null, redact: Redact, isShared = false): Lab | null {
  const phase = phaseOf(model);
  if (phase === null) return null;
  const address = hub === null ? null : labAddress(model, hub, isShared);
  const url = address?.url ?? null;
  const status = phase === 'other' ? redact(model.pending ?? '') : statuses[phase];
  const started = Date.parse(model.started ?? '');
  return {
    phase,
    status,
    url,
    address,
    started: Number.isNaN(started) ? null : started,
    image: null,
    size: null,
    raw: rawOf(model, status, url, redact),
  };
}

function labAddress(model: ServerModel, hub: URL, isShared: boolean): LabAddress | null {
  const address = addressOf(model, hub);
  if (address === null) return null;
  const { url, trust, hasCapitals } = address;
  return { url: url.href, mayOpen: trust !== 'other', mayGetToken: trust === 'hub', hasCapitals, isShared };
}

function phaseOf({ pending, ready, stopped }: ServerModel): Exclude<Phase, 'orphaned'> | null {
  if (typeof pending === 'string' && pending !== '') {
    return Object.hasOwn(pendingPhases, pending) ? (pendingPhases[pending] ?? 'other') : 'other';
  }
  if (ready === true) return 'running';
  return stopped === true ? null : 'unsettled';
}

/** A server that did not start. The Hub keeps no model of it; the message comes from the stream. */
export function failedLab(reason: string): Lab {
  const raw = { status: statuses.failed, internal_url: null, url: null };
  return {
    phase: 'failed',
    status: statuses.failed,
    reason,
    gone: true,
    url: null,
    address: null,
    started: null,
    image: null,
    size: null,
    raw,
  };
}

function rawOf(model: ServerModel, status: string, url: string | null, redact: Redact): Lab['raw'] {
  const { name = '', pending = null, ready = null, started = null, last_activity = null } = model;
  return {
    status,
    internal_url: null,
    url,
    server: name,
    pending,
    ready,
    started,
    last_activity,
    // The user's options may contain secrets, and the Hub returns them.
    user_options: redactDeep(model.user_options ?? {}, redact),
  };
}

/** A value without the secrets in its texts. */
export function redactDeep(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => redactDeep(each, redact));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, redactDeep(each, redact)]));
}
