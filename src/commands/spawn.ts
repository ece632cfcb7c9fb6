/**
 * `lab spawn`: requests a lab, follows its events, and ends with the outcome.
 */
import { isAborted, startDeadline } from '../runtime/deadline.js';
import type { Ending } from '../display/display.js';
import type { Lab } from '../model/lab.js';
import type { Outcome } from '../model/outcome.js';
import { outcomeOf, type Failure } from '../model/result.js';
import type { ConflictPolicy, ImageChoice, LabRequest } from '../model/lab-request.js';
import { choicesHint } from './choices-hint.js';
import { HopelessCreate } from './session/hopeless-create.js';
import { followSpawn, pause, settledState } from './session/following.js';
import { alreadyRunning, Conflict, type ConflictOptions } from './session/conflict.js';
import { deleteLab } from './session/delete.js';
import { Seen } from '../stream/seen.js';
import { begin } from './session/begin.js';
import type { Words } from './session/cut-short.js';
import type { Session } from './session/session.js';
import type { Creation, Subject } from '../backends/backend.js';
import { untilConfirmed, type ReadyOptions } from './session/ready.js';
import { endingWithUrl } from './session/url.js';

export interface SpawnOptions extends ReadyOptions {
  request: LabRequest;
  /** The options that were given and that only some servers understand, by their names; default none. */
  given?: readonly string[];
  /** Return as soon as the controller has accepted the request. */
  detach: boolean;
  /** What to do if a lab already exists. */
  onConflict: ConflictPolicy;
}

const wayBack = '`lab wait` follows it again, `lab stop` cancels it.';

/** The messages for a run that is cut short, by what is known about the create. */
const words = {
  detached: ({ server }: Session): Words => ({
    interrupted: `detached; the spawn continues in ${server}`,
    hint: wayBack,
  }),
  notAccepted: ({ server }: Session): Words => ({
    interrupted: `interrupted; ${server} has not accepted the request for a lab`,
    hint: null,
  }),
  unanswered: ({ server }: Session): Words => ({
    interrupted: `interrupted before ${server} responded; it may have started to create the lab`,
    hint: '`lab status` shows whether there is a lab.',
  }),
};

export async function spawn(session: Session, options: SpawnOptions): Promise<Ending> {
  session.backend.checkSettings('create', options.given);
  const begun = await begin(session, {
    command: 'spawn',
    mayBeAnother: false,
    words: { interrupted: 'interrupted; no lab was requested', hint: null },
    request: (lab) => lab.shown(options.request),
  });
  if (!begun.ok) return begun.ending;
  const { subject } = begun;
  session.timeStages(false);
  await warnOfExpiry(session);
  const detached = words.detached(session);
  const { outcome, readiness, isChecked } = await untilConfirmed(
    session,
    subject,
    { ...options, words: detached },
    async (again) =>
      again
        ? ((await followSpawn(session, subject)) ?? session.cutShort(detached))
        : createAndFollow(session, subject, options),
  );
  if (outcome.kind !== 'complete' && outcome.kind !== 'running') {
    return session.ending(outcome, { more: readiness });
  }
  return endingWithUrl(session, subject, outcome, { isChecked, more: readiness });
}

/** A token that expires sooner is worth a warning, in milliseconds: a lab gets credentials that expire with it. */
const shortLife = 86_400_000;

/** How long to look that up, in milliseconds. */
const expiryTimeout = 2_000;

/** Warns if the lab would get credentials that expire soon. */
async function warnOfExpiry({ backend, context, display, signal }: Session): Promise<void> {
  if (backend.tokenExpiry === undefined) return;
  const limit = startDeadline(context.clock, expiryTimeout, signal);
  const expiry = await backend.tokenExpiry(limit.signal);
  limit.cancel();
  if (!expiry.ok || expiry.value === null) return;
  const left = expiry.value - context.clock.now();
  if (left <= 0 || left >= shortLife) return;
  const hours = left / 3_600_000;
  const time = hours >= 1 ? `${Math.floor(hours)} h` : `${Math.max(1, Math.floor(hours * 60))} min`;
  display.warn(`the token expires in ${time}, and the credentials in the lab expire with it`);
}

async function createAndFollow(session: Session, subject: Subject, options: SpawnOptions): Promise<Outcome> {
  const retry = session.requests.retries();
  const obstacles = new Obstacles(session, subject, options);
  const hopeless = new HopelessCreate(session.context.clock, options.request.image);
  /** Whether the controller may be creating the lab although no response confirmed it. */
  let maybeCreated = false;
  /** The last refusal, if the server had no room for a lab. */
  let full: Failure | null = null;
  while (!session.signal.aborted) {
    const created = await session.requests.attempt((signal) =>
      session.backend.lab(subject).create(options.request, signal, options.onConflict),
    );
    let outcome: Outcome | null = null;
    if (created.ok) {
      full = null;
      if (created.value.kind === 'accepted') {
        if (created.value.replaced === true)
          session.display.warn(`${session.server} replaced a lab that was no longer running`);
        return followCreated(session, subject, options);
      }
      if (isAborted(session.signal)) break;
      retry.reset();
      outcome = await obstacles.passed(created.value);
    } else {
      const { failure } = created;
      maybeCreated ||= failure.effect === 'possible';
      if (isAborted(session.signal)) break;
      const wait = retry.after(failure);
      if (wait === null) return refused(session, subject, failure, options.request.image);
      full = failure.full === true ? failure : null;
      hopeless.note(failure);
      if (full !== null) await waitForRoom(session, wait);
      else await session.requests.waitToRetry(retry, failure, hopeless.shorten(wait, failure));
      if (failure.effect === 'possible' || hopeless.isDue) {
        session.trace(1, 'the response was lost; checking the state before retrying');
        const asked = await settledState(session, subject);
        if (isAborted(session.signal)) break;
        if (!asked.ok) return outcomeOf(asked.failure);
        outcome = hopeless.verdict(failure, asked.value) ?? (await obstacles.afterLostResponse(asked.value));
      }
    }
    if (outcome !== null) return outcome;
  }
  // The server refused, and it was not the deadline that decided.
  if (full !== null && !isAborted(session.context.signal)) return outcomeOf(full);
  const known = obstacles.isFollowing ? 'detached' : maybeCreated ? 'unanswered' : 'notAccepted';
  return session.cutShort(words[known](session));
}

/** Waits until a full server may have room again. */
async function waitForRoom(session: Session, ms: number): Promise<void> {
  session.display.warn(`${session.server} is full; next attempt in ${Math.ceil(ms / 1000)} s`);
  await pause(session, ms);
}

async function followCreated(session: Session, subject: Subject, { detach }: SpawnOptions): Promise<Outcome> {
  if (detach) return session.detached('creating the lab', wayBack);
  session.requests.noteCreated();
  session.timeStages(true);
  // Its first events may be identical to those of the previous operation.
  session.events.operation = new Seen();
  const outcome = await followSpawn(session, subject);
  return outcome ?? session.cutShort(words.detached(session));
}

type CreateConflict = Creation & { kind: 'conflict' };

/** Conflicts with a create, and how `--on-conflict` resolves them. */
class Obstacles {
  /** Whether the followed spawn was started elsewhere, or is not known to be ours. */
  isFollowing = false;
  readonly #session: Session;
  readonly #subject: Subject;
  readonly #options: SpawnOptions;
  readonly #conflict: Conflict;
  /** Whether the response to a create was lost: the conflicting lab may be the one that it created. */
  #lost = false;

  constructor(session: Session, subject: Subject, options: SpawnOptions) {
    this.#session = session;
    this.#subject = subject;
    this.#options = options;
    this.#conflict = new Conflict(session, subject);
  }

  /** The outcome of a conflict; null if the create is to be sent again, or the run was cut short. */
  async passed({ phase, failure, lab: known }: CreateConflict): Promise<Outcome | null> {
    const session = this.#session;
    // A repeated create conflicts with the lab of the first one.
    const policy = this.#lost ? 'attach' : this.#options.onConflict;
    if (policy === 'fail') {
      return outcomeOf(withHint(failure, '`lab status` shows the existing lab; see --on-conflict.'));
    }
    const asked =
      known === undefined
        ? await settledState(session, this.#subject)
        : session.requests.noteState({ ok: true, value: known });
    if (session.signal.aborted) return null;
    if (!asked.ok) return outcomeOf(asked.failure);
    const lab = asked.value;
    session.trace(1, `a lab or an operation is in the way; the lab is ${lab?.status ?? 'absent'}`);
    const inProgress = phase !== null && phase !== 'running' && phase !== 'failed';
    if (policy === 'replace') {
      if (lab === null || lab.phase === 'stopping') return this.#wait(lab, { attach: false, inProgress });
      const outcome = await replace(session, this.#subject);
      return outcome?.kind === 'not-found' ? this.#wait(null, { attach: false, inProgress }) : outcome;
    }
    // After a lost response, the state may be the previous lab's, but the type of this conflict is current.
    const runs = this.#lost ? phase === 'running' : lab?.phase === 'running' && !inProgress;
    if (!runs) return this.#wait(lab, { attach: true, inProgress });
    this.#warnOfDifferences(lab);
    return alreadyRunning;
  }

  /** What the state means after a create whose response was lost; null if the create is to be sent again. */
  async afterLostResponse(lab: Lab | null): Promise<Outcome | null> {
    this.#lost = true;
    if (lab?.phase === 'starting') return followCreated(this.#session, this.#subject, this.#options);
    return lab?.phase === 'stopping' ? this.#wait(lab, { attach: true, inProgress: true }) : null;
  }

  async #wait(
    lab: Lab | null,
    options: Pick<ConflictOptions, 'attach' | 'inProgress'>,
  ): Promise<Outcome | null> {
    const outcome = await this.#conflict.passed(lab, {
      ...options,
      lost: this.#lost,
      onSpawn: (is) => this.#onSpawn(is),
    });
    if (outcome === null && !this.#session.signal.aborted) this.isFollowing = false;
    if (outcome === alreadyRunning) this.#warnOfDifferences(this.#session.state.lab ?? null);
    return outcome;
  }

  #onSpawn(lab: Lab): Outcome | null {
    const { detach } = this.#options;
    if (!this.#lost && !this.isFollowing) {
      this.#warnOfDifferences(lab);
      this.#session.display.warn(`a spawn is already in progress${detach ? '' : '; following it'}`);
    }
    this.isFollowing = true;
    return detach ? this.#session.detached('creating the lab', wayBack) : null;
  }

  #warnOfDifferences(lab: Lab | null): void {
    if (lab === null) return;
    const { backend, display } = this.#session;
    for (const warning of backend.lab(this.#subject).differences(lab, this.#options.request))
      display.warn(warning);
  }
}

async function replace(session: Session, subject: Subject): Promise<Outcome | null> {
  const outcome = await deleteLab(session, subject, {
    detach: false,
    words: {
      interrupted: 'interrupted; the old lab is being deleted, and no new one was requested',
      hint: null,
    },
  });
  if (outcome.kind === 'absent') return null;
  if (outcome.kind !== 'unauthorized') return outcome;
  const hint =
    `${outcome.error.hint ?? ''} --on-conflict replace deletes the existing lab, which this token is not allowed to do.`.trim();
  return { ...outcome, error: { ...outcome.error, hint } };
}

/** The outcome of a refusal, with the images or sizes that may be chosen instead. */
async function refused(
  session: Session,
  subject: Subject,
  failure: Failure,
  image: ImageChoice,
): Promise<Outcome> {
  const { choices } = session.backend.lab(subject);
  const { refusedChoice } = failure;
  if (refusedChoice === undefined || choices === null) return outcomeOf(failure);
  const limit = startDeadline(session.context.clock, choicesTimeout, session.signal);
  const asked = await choices(limit.signal);
  limit.cancel();
  if (!asked.ok || asked.value === null) return outcomeOf(failure);
  return outcomeOf(withHint(failure, choicesHint(failure.error, refusedChoice, image, asked.value)));
}

/** How long to request the choices, in milliseconds. They are optional: the refusal is what matters. */
const choicesTimeout = 2_000;

function withHint(failure: Failure, hint: string | null): Failure {
  return { ...failure, error: { ...failure.error, hint } };
}
