/**
 * A user's own lab on the platform as a RemoteLab: the Hub's server and the controller's lab are the same.
 *
 * Owns which of the two is asked for what. The Hub creates and deletes; what both say together is in `state.ts`, and their
 * events in `events.ts`.
 */
import { hasFailedForGood, type Lab } from '../../model/lab.js';
import type { ConflictPolicy, LabRequest } from '../../model/lab-request.js';
import { errorInfo } from '../../model/outcome.js';
import { isFinal, type Failure, type Result } from '../../model/result.js';
import type { Clock } from '../../runtime/context.js';
import { isAborted, startDeadline } from '../../runtime/deadline.js';
import type { EventStream } from '../../stream/event-stream.js';
import type { Creation, Removal, RemoteLab } from '../backend.js';
import { platformStream } from './events.js';
import type { Open } from './feed.js';
import { glanceAtQueue } from './queue.js';
import { stateOf } from './state.js';

export interface PlatformLab {
  user: string;
  hub: RemoteLab;
  controller: RemoteLab;
  clock: Clock;
}

/** How long a probe waits for the controller, in milliseconds. */
const patience = 5_000;

export function platformLab({ user, hub, controller, clock }: PlatformLab): RemoteLab {
  const sides = { hub, controller, clock };
  const openController: Open = (signal) => {
    const { events } = controller;
    return events === null ? Promise.resolve({ ok: false, failure: noEvents }) : events(signal);
  };

  async function create(
    request: LabRequest,
    signal: AbortSignal,
    policy: ConflictPolicy = 'attach',
  ): Promise<Result<Creation>> {
    const obstacle = await obstacleTo(signal, policy);
    if (obstacle !== null) return obstacle;
    const created = await hub.create(request, signal);
    if (created.ok || created.failure.kind !== 'failed') return created;
    return { ok: false, failure: await explained(created.failure, signal) };
  }

  /** What forbids a POST that the Hub would accept; null if nothing does. */
  async function obstacleTo(signal: AbortSignal, policy: ConflictPolicy): Promise<Result<Creation> | null> {
    const seen = await controller.state(signal);
    // Without it, the POST might delete a lab that the Hub does not know.
    if (!seen.ok) return withoutEffect(seen.failure);
    if (seen.value === null) return null;
    const isInProgress = seen.value.phase === 'failed';
    if (isInProgress && (await isLeftover(signal))) return null;
    const listed = await hub.state(signal);
    if (!listed.ok) return withoutEffect(listed.failure);
    if (listed.value !== null && listed.value.gone !== true) return null;
    const { phase } = seen.value;
    if (phase === 'stopping' || phase === 'unsettled') {
      const failure = conflict('in_progress', `the controller is deleting the lab of ${user}`, null);
      return { ok: true, value: { kind: 'conflict', phase: 'stopping', lab: seen.value, failure } };
    }
    if (policy === 'replace') return null;
    // The Hub may be about to find it, as after a restart.
    const now = await state(signal);
    if (!now.ok) return withoutEffect(now.failure);
    const isOrphan = now.value?.phase === 'orphaned' || (isInProgress && now.value?.phase === 'other');
    if (isOrphan) return { ok: false, failure: orphan(user) };
    // It has changed meanwhile, or is not clear yet. It must not be followed: the Hub's stream may have an old failure.
    const again = conflict('in_progress', `the state of the lab of ${user} is not clear yet`, null);
    return { ok: false, failure: { ...again, kind: 'unknown', retry: 'later' } };
  }

  /** Whether a `failed` state is what is left of a lab: it also shows while an operation is in progress. */
  async function isLeftover(signal: AbortSignal): Promise<boolean> {
    const { ended } = await glanceAtQueue(openController, clock, signal);
    if (ended === 'failed' || ended === 'none') return true;
    if (ended === 'open' || ended === null) return false;
    // The operation may have ended while its events were read.
    const now = await controller.state(signal);
    return now.ok && (now.value === null || now.value.phase === 'failed');
  }

  /** A failure of the Hub's spawn with the reason that only the controller's events have. */
  async function explained(failure: Failure, signal: AbortSignal): Promise<Failure> {
    const { ended, reason } = await glanceAtQueue(openController, clock, signal);
    const { message } = failure.error;
    if (ended !== 'failed' || reason === null || message.includes(reason)) return failure;
    return { ...failure, error: { ...failure.error, message: `${message}: ${reason}` } };
  }

  async function state(signal: AbortSignal, isLast = false): Promise<Result<Lab | null>> {
    const now = await stateOf(sides, signal, isLast);
    if (!now.ok || now.value === null || !hasFailedForGood(now.value)) return now;
    const lab = now.value;
    const { reason: known } = lab;
    if (isLast && known !== undefined) return now;
    const { ended, reason } = isLast ? unread : await glanceAtQueue(openController, clock, signal);
    // The Hub knows of no failure, and the controller says `failed` of every operation in progress, too.
    if (known === undefined && (ended === 'open' || ended === null)) {
      const raw = { ...lab.raw, status: 'pending' };
      return { ok: true, value: { ...lab, phase: 'other', status: 'pending', isCertain: false, raw } };
    }
    if (ended !== 'failed' || reason === null || known?.includes(reason) === true) return now;
    return { ok: true, value: { ...lab, reason: known === undefined ? reason : `${known}: ${reason}` } };
  }

  async function events(signal: AbortSignal, idleTimeout?: number | null): Promise<Result<EventStream>> {
    const { events: openHub } = hub;
    if (openHub === null) return { ok: false, failure: noEvents };
    const opened = await openHub(signal);
    const parts = { controller: openController, clock, signal, idleTimeout };
    if (opened.ok) return { ok: true, value: platformStream({ ...parts, hub: opened.value }) };
    if (opened.failure.kind !== 'not-found' || isAborted(signal)) return opened;
    const lab = await hub.state(signal);
    const seen = lab.ok && lab.value === null ? await controller.state(signal) : lab;
    const isStopping = seen.ok && seen.value?.phase === 'stopping';
    return isStopping ? { ok: true, value: platformStream({ ...parts, hub: null }) } : opened;
  }

  async function remove(signal: AbortSignal): Promise<Result<Removal>> {
    const removed = await hub.remove(signal);
    if (!removed.ok && removed.failure.kind !== 'not-found') return removed;
    if (removed.ok && removed.value === 'under way') return removed;
    const left = await controller.state(signal);
    if (!left.ok) {
      if (removed.ok) return isFinal(left.failure) ? removed : { ok: true, value: 'under way' };
      return withoutEffect(left.failure);
    }
    if (left.value === null) return removed;
    const { phase } = left.value;
    if (removed.ok || phase === 'stopping' || phase === 'unsettled') return { ok: true, value: 'under way' };
    const deleted = await controller.remove(signal);
    if (deleted.ok || deleted.failure.kind !== 'unauthorized') return deleted;
    return { ok: false, failure: mayNotDelete(user, deleted.failure) };
  }

  return {
    shown: (request) => hub.shown(request),
    create,
    state,
    events,
    streamsDeletions: true,
    differences: (lab, request) => [
      ...controller.differences(lab, request),
      ...hub.differences(lab, request),
    ],
    remove,
    hostsCommand: hub.hostsCommand,
    choices: controller.choices,
    probe: hub.probe === null ? null : probeWith(hub.probe),
    mustConfirmRunning: true,
  };

  function probeWith(ask: NonNullable<RemoteLab['probe']>): NonNullable<RemoteLab['probe']> {
    return async (address, signal) => {
      const probed = await ask(address, signal);
      if (probed.kind !== 'no evidence') return probed;
      // This Hub itself waits for Jupyter, and something in front of the lab may keep everybody else away.
      const limit = startDeadline(clock, patience, signal);
      const seen = await controller.state(limit.signal);
      limit.cancel();
      const runs = seen.ok && seen.value?.phase === 'running';
      return runs ? { kind: 'proof', how: 'hub', reason: probed.reason } : probed;
    };
  }
}

/** Nothing was sent to the Hub, whatever became of this request. */
function withoutEffect(of: Failure): { ok: false; failure: Failure } {
  return { ok: false, failure: { ...of, effect: 'none' } };
}

function conflict(type: string, message: string, hint: string | null): Failure {
  return {
    kind: 'conflict',
    error: errorInfo(type, message, { hint }),
    retry: 'never',
    effect: 'none',
    from: 'server',
  };
}

function orphan(user: string): Failure {
  return conflict(
    'orphaned',
    `the controller has a lab of ${user} that the Hub does not know; a spawn through the Hub would delete it`,
    'With --on-conflict replace, it is deleted and a new one is created.',
  );
}

function mayNotDelete(user: string, { error, ...failure }: Failure): Failure {
  const message = `only the controller has a lab of ${user}, and the token may not delete it there: ${error.message}`;
  const hint = '`lab spawn --on-conflict replace` replaces it with one that the Hub knows.';
  return { ...failure, error: { ...error, message, hint } };
}

/** A queue for which there is no time. */
const unread = { ended: null, reason: null } as const;

const noEvents: Failure = {
  kind: 'not-found',
  error: errorInfo('not_found', 'the lab has no event stream'),
  retry: 'never',
  effect: 'none',
  from: 'server',
};
