/**
 * The platform of a story as two backends, which say what is true, late or not at all.
 */
import type { Backend, Probed, RemoteLab } from '../../../src/backends/backend.js';
import { createSciencePlatform } from '../../../src/backends/science-platform/backend.js';
import { decodeFrame as decode } from '../../../src/backends/nublado/operation.js';
import { findSubject } from '../../../src/backends/subject.js';
import { toSse, type Event } from '../../../src/model/event.js';
import type { Lab, Phase } from '../../../src/model/lab.js';
import type { Failure, Result } from '../../../src/model/result.js';
import type { Clock } from '../../../src/runtime/context.js';
import type { EventStream } from '../../../src/stream/event-stream.js';
import { failure } from '../../support/hand-fed.js';
import type { PlatformStory } from './story.js';
import { reason, type Truth } from './truth.js';

const absent = failure('not-found', 'nothing there', 'server', 'never');
const away = failure('unknown', 'bad gateway', 'server', 'later');
const forbidden = failure('unauthorized', 'not allowed', 'server', 'never');

export interface Counts {
  hubStates: number;
  controllerStates: number;
  /** A POST that was sent although only the controller had a live lab. */
  overOrphan: number;
}

export function platformOf(story: PlatformStory, truth: Truth, clock: Clock, counts: Counts): Backend {
  const hub = base('the Hub', hubLab(story, truth, clock, counts));
  const controller = {
    ...base('the controller', controllerLab(story, truth, clock, counts)),
    expiry: () => ok(null),
  };
  return createSciencePlatform({ hub, controller, userOptions: {}, clock });
}

function base(name: Backend['name'], lab: RemoteLab): Backend {
  const whoAmI = (): Promise<Result<string>> => ok('ann');
  return {
    name,
    confirmAbsenceAfter: name === 'the Hub' ? 3_000 : null,
    checkSettings: () => undefined,
    subject: (wanted) => findSubject(wanted, whoAmI),
    whoAmI,
    list: () => ok({ users: [] }),
    labsOf: null,
    lab: () => lab,
    ownState: (signal) => lab.state(signal),
  };
}

function hubLab(story: PlatformStory, truth: Truth, clock: Clock, counts: Counts): RemoteLab {
  const isAway = (): boolean => !truth.hubIsUp || truth.hubIsAway;
  return {
    shown: () => ({}),
    create() {
      if (isAway()) return no(away);
      if (truth.hub === null) {
        if (truth.controller === 'running' || truth.controller === 'starting') counts.overOrphan += 1;
        truth.post();
        return ok({ kind: 'accepted' });
      }
      const conflict = failure('conflict', `it is ${truth.hub}`, 'server', 'never');
      return ok({ kind: 'conflict', phase: truth.hub, lab: labIn(truth.hub), failure: conflict });
    },
    state() {
      counts.hubStates += 1;
      if (isAway()) return no(away);
      if (truth.hub !== null) return ok(labIn(truth.hub));
      if (truth.failure === null) return ok(null);
      return ok({ ...labIn('failed'), reason: truth.failure, gone: true });
    },
    events(signal) {
      if (isAway()) return no(away);
      if (truth.hub !== 'starting') return no(absent);
      return ok(streamOf(hubBody(truth, clock, signal), 'unknown'));
    },
    streamsDeletions: false,
    differences: () => [],
    remove() {
      if (isAway()) return no(away);
      if (truth.hub === null) return no(absent);
      if (truth.hub !== 'stopping') truth.hubStop();
      return ok('under way');
    },
    hostsCommand: false,
    choices: null,
    probe(): Promise<Probed> {
      if (story.isMasked)
        return Promise.resolve({ kind: 'no evidence', connected: false, reason: 'a login page' });
      return Promise.resolve(
        truth.responds && truth.hub === 'running'
          ? { kind: 'proof', how: 'jupyter', reason: 'it responds' }
          : { kind: 'not yet', reason: 'HTTP 503' },
      );
    },
    mustConfirmRunning: true,
  };
}

function controllerLab(story: PlatformStory, truth: Truth, clock: Clock, counts: Counts): RemoteLab {
  return {
    shown: () => ({}),
    create: () => no(forbidden),
    state() {
      counts.controllerStates += 1;
      if (truth.controllerIsAway) return no(away);
      if (truth.controller === null) return ok(null);
      const isLie = truth.lies && truth.controller !== 'running';
      return ok(labIn(isLie ? 'failed' : truth.controller));
    },
    events(signal) {
      if (story.isStreamRefused) return no(forbidden);
      if (truth.controllerIsAway) return no(away);
      if (truth.queue === null) return no(absent);
      return ok(streamOf(controllerBody(truth, clock, signal), 'whole'));
    },
    streamsDeletions: true,
    differences: () => [],
    remove() {
      if (!story.mayDelete) return no(forbidden);
      if (truth.controller === null) return no(absent);
      return new Promise((resolve) => {
        truth.controllerStop(() => {
          resolve({ ok: true, value: 'gone' });
        });
      });
    },
    hostsCommand: false,
    choices: null,
    probe: null,
    mustConfirmRunning: false,
  };
}

function labIn(phase: Phase): Lab {
  const url = 'https://hub.test/nb/user/ann/';
  return {
    phase,
    status: phase,
    url,
    address: { url, mayOpen: true, mayGetToken: true, hasCapitals: false, isShared: false },
    started: null,
    image: null,
    size: null,
    raw: { status: phase, internal_url: null },
  };
}

function streamOf(body: AsyncIterable<Uint8Array>, replay: EventStream['replay']): EventStream {
  return { body, decode, replay, heartbeat: replay === 'unknown' ? 'bytes' : 'comment' };
}

/** What a stream sends next: new events, the end, or a sign of life when nothing changes for eight seconds. */
async function* bodyOf(
  truth: Truth,
  clock: Clock,
  signal: AbortSignal,
  next: () => { events: readonly Event[]; isOver: boolean; isLost: boolean; isMute?: boolean },
): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { events, isOver, isLost, isMute = false } = next();
    for (const event of events) yield Buffer.from(toSse(event));
    if (isLost) throw new Error('lost');
    if (isOver) return;
    const isSilent = await changed(truth, clock, signal);
    if (signal.aborted) throw new Error('aborted');
    if (isSilent && !isMute) yield Buffer.from('\n');
  }
}

/** Resolves at the next change, with true if there was none for eight seconds. */
function changed(truth: Truth, clock: Clock, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (isSilent: boolean): void => {
      unsubscribe();
      cancel();
      signal.removeEventListener('abort', abort);
      resolve(isSilent);
    };
    const abort = (): void => {
      end(false);
    };
    const unsubscribe = truth.onChange(abort);
    const cancel = clock.after(8_000, () => {
      end(true);
    });
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
  });
}

/** The controller's queue from its beginning, until its end; lost when the controller goes away. */
function controllerBody(truth: Truth, clock: Clock, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { queue } = truth;
  let sent = 0;
  return bodyOf(truth, clock, signal, () => {
    const events = queue?.events.slice(sent) ?? [];
    sent += events.length;
    return { events, isOver: queue?.isOver ?? true, isLost: truth.controllerIsAway };
  });
}

/** The Hub's progress: everything at the end. A Hub that is killed leaves the stream open and silent. */
function hubBody(truth: Truth, clock: Clock, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let begun = false;
  let isMute = false;
  return bodyOf(truth, clock, signal, () => {
    isMute ||= !truth.hubIsUp;
    const first: Event[] = begun ? [] : [{ type: 'info', message: 'Server requested', progress: null }];
    begun = true;
    if (isMute || truth.hub === 'starting') return { events: first, isOver: false, isLost: false, isMute };
    const burst: Event[] = [{ type: 'info', message: '[info] step 0', progress: 1 }];
    // A spawn that is cancelled is reported as ready.
    const end: Event =
      truth.failure === null
        ? { type: 'complete', message: 'Server ready', progress: 100 }
        : { type: 'failed', message: withError(truth.failure), progress: 100 };
    return { events: [...first, ...burst, end], isOver: true, isLost: false };
  });
}

/** The burst has the controller's error, which the client adds to a failure without a reason. */
function withError(failure: string): string {
  return failure === 'Spawn failed: Lab spawn failed' ? `${failure}; the last error was: ${reason}` : failure;
}

function ok<T>(value: T): Promise<Result<T>> {
  return Promise.resolve({ ok: true, value });
}

function no(of: Failure): Promise<{ ok: false; failure: Failure }> {
  return Promise.resolve({ ok: false, failure: of });
}
