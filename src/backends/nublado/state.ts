/**
 * Converts the controller's LabState to a Lab: the meaning of its statuses, and which of its strings may contain
 * secrets.
 */
import type { Lab, LabAddress, Phase } from '../../model/lab.js';
import type { Redact } from '../../model/redactor.js';
import type { LabState } from './schemas.js';

/**
 * The states that the controller is known to report. `terminated` is transient (contract, "What a client must survive",
 * 11).
 */
const phases: Readonly<Record<string, Phase>> = {
  pending: 'starting',
  running: 'running',
  terminating: 'stopping',
  terminated: 'unsettled',
  failed: 'failed',
};

export function labOf(state: LabState): Lab {
  const { status, internal_url: url, options } = state;
  return {
    phase: Object.hasOwn(phases, status) ? (phases[status] ?? 'other') : 'other',
    status,
    url: url === undefined || url === '' ? null : url,
    address: addressOf(url ?? ''),
    started: null,
    image: options?.image ?? null,
    size: options?.size ?? null,
    raw: state,
  };
}

/** The address of a lab inside the cluster: nothing for a browser. */
function addressOf(url: string): LabAddress | null {
  if (!URL.canParse(url) || !/^https?:/i.test(url)) return null;
  const { href, username, password } = new URL(url);
  if (username !== '' || password !== '') return null;
  return { url: href, mayOpen: false, mayGetToken: false, hasCapitals: false, isShared: false };
}

/**
 * Strings of a state that are not free text: names, and values that scripts use. They must not change, even if one
 * happens to equal a secret.
 */
const exempt = [
  /^status$/,
  /^(internal_)?url$/,
  /^user\.(user)?name$/,
  /^user\.groups\.\d+\.name$/,
  /^options\.(image|size)/,
];

/** A state without the secrets that its other strings may contain: older controllers include the environment. */
export function redactState(state: LabState, redact: Redact): LabState {
  const walk = (value: unknown, path: string): unknown => {
    if (typeof value === 'string')
      return exempt.some((pattern) => pattern.test(path)) ? value : redact(value);
    if (typeof value !== 'object' || value === null) return value;
    const at = (key: string | number): string => (path === '' ? `${key}` : `${path}.${key}`);
    if (Array.isArray(value)) return value.map((each, i) => walk(each, at(i)));
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(each, at(key))]));
  };
  return walk(state, '') as LabState;
}
