/**
 * `lab spawn`: asks for a lab, follows its events, and ends with the outcome.
 */
import { UsageError } from '../model/usage-error.js';
import { isAborted, startDeadline } from '../runtime/deadline.js';
import type { Ending } from '../display/display.js';
import type { LabState } from '../model/lab.js';
import type { Outcome } from '../model/outcome.js';
import { outcomeOf, type Failure } from '../model/result.js';
import type { ConflictPolicy, ImageChoice, LabSpecification } from '../model/specification.js';
import { HopelessCreate } from './session/hopeless-create.js';
import { followSpawn, settledState } from './session/following.js';
import { alreadyRunning, Conflict, type ConflictOptions } from './session/conflict.js';
import { deleteLab } from './session/delete.js';
import { Seen } from '../stream/seen.js';
import type { Session } from './session/session.js';
import type { Subject } from './session/subject.js';
import { endingWithUrl } from './session/url.js';

export interface SpawnOptions {
  image: ImageChoice;
  size: string;
  enableDebug: boolean;
  resetUserEnv: boolean;
  /** Added to the environment of the lab. */
  env: Readonly<Record<string, string>>;
  /** Return as soon as the controller accepted. */
  detach: boolean;
  /** What to do about a lab that is there already. */
  onConflict: ConflictPolicy;
}

const wayBack = '`lab wait` follows it again, `lab stop` cancels it.';
const detached = { interrupted: 'detached; the spawn goes on in the controller', hint: wayBack };
const notAccepted = {
  interrupted: 'interrupted; the controller has not accepted the request for a lab',
  hint: null,
};
const unanswered = {
  interrupted: 'interrupted before the controller answered; it may have begun to create the lab',
  hint: '`lab status` tells whether a lab was begun.',
};

export async function spawn(session: Session, options: SpawnOptions): Promise<Ending> {
  const { display, controller } = session;
  if (!session.hasToken) {
    throw new UsageError(
      '--direct: creating a lab needs a token all the same',
      'Name a file that holds one in --token-file or LAB_TOKEN_FILE.',
    );
  }
  const subject = await session.subject(false);
  if (!subject.ok) {
    const words = { interrupted: 'interrupted; nothing was asked for', hint: null };
    return session.ending(session.failureOutcome(subject.failure, words));
  }
  const { name } = subject.value;
  const specification = specificationFor(name, options);
  display.start({
    command: 'spawn',
    user: name,
    controller,
    request: { options: specification.options, env: Object.keys(specification.env) },
  });

  const outcome = await createAndFollow(session, subject.value, specification, options);
  if (outcome.kind !== 'complete' && outcome.kind !== 'running') return session.ending(outcome);
  return endingWithUrl(session, subject.value, outcome);
}

async function createAndFollow(
  session: Session,
  subject: Subject,
  specification: LabSpecification,
  options: SpawnOptions,
): Promise<Outcome> {
  const retry = session.retries();
  const obstacles = new Obstacles(session, subject, specification, options);
  const hopeless = new HopelessCreate(session.context.clock, options.image);
  /** Whether the controller may be creating the lab without having said so. */
  let maybeCreated = false;
  while (!session.signal.aborted) {
    const created = await session.attempt((signal) =>
      session.backend.create(subject.name, specification, signal),
    );
    if (created.ok) return followCreated(session, subject, options);
    const { failure } = created;
    maybeCreated ||= failure.maybeDone;
    if (isAborted(session.signal)) break;
    let outcome: Outcome | null = null;
    if (failure.kind === 'conflict') {
      retry.reset();
      outcome = await obstacles.passed(failure);
    } else {
      const wait = retry.after(failure);
      if (wait === null) return refused(session, subject, failure);
      await session.waitToRetry(retry, failure, hopeless.note(failure, wait));
      if (failure.maybeDone) {
        session.trace(1, 'the answer was lost; asking the state before the request is repeated');
        const asked = await settledState(session, subject);
        if (isAborted(session.signal)) break;
        if (!asked.ok) return outcomeOf(asked.failure);
        outcome = hopeless.verdict(failure, asked.value) ?? (await obstacles.afterLostAnswer(asked.value));
      }
    }
    if (outcome !== null) return outcome;
  }
  return session.cutShort(obstacles.isFollowing ? detached : maybeCreated ? unanswered : notAccepted);
}

async function followCreated(session: Session, subject: Subject, { detach }: SpawnOptions): Promise<Outcome> {
  if (detach) return session.detached('creating the lab', wayBack);
  // Its events may begin with the very same ones as those of the operation before.
  session.operation = new Seen();
  const outcome = await followSpawn(session, subject);
  return outcome ?? session.cutShort(detached);
}

/** What is there instead of an accepted create, and what `--on-conflict` makes of it. */
class Obstacles {
  /** Whether a spawn is followed that is somebody else's, or that nobody knows to be ours. */
  isFollowing = false;
  readonly #session: Session;
  readonly #subject: Subject;
  readonly #specification: LabSpecification;
  readonly #options: SpawnOptions;
  readonly #conflict: Conflict;
  /** Whether the response to a create was lost: what is in the way may be its lab. */
  #lost = false;

  constructor(session: Session, subject: Subject, specification: LabSpecification, options: SpawnOptions) {
    this.#session = session;
    this.#subject = subject;
    this.#specification = specification;
    this.#options = options;
    this.#conflict = new Conflict(session, subject);
  }

  /** What a 409 comes to; null where the create is to be sent again, or the run was cut short. */
  async passed(failure: Failure): Promise<Outcome | null> {
    const session = this.#session;
    // What is in the way of a repeated create is the first one's lab.
    const policy = this.#lost ? 'attach' : this.#options.onConflict;
    if (policy === 'fail') {
      return outcomeOf(withHint(failure, '`lab status` tells what is there; see --on-conflict.'));
    }
    const asked = await settledState(session, this.#subject);
    if (session.signal.aborted) return null;
    if (!asked.ok) return outcomeOf(asked.failure);
    const lab = asked.value;
    session.trace(1, `the controller refused (409), and the lab is ${lab?.status ?? 'not there'}`);
    const inProgress = failure.error.type === 'operation_in_progress';
    if (policy === 'replace') {
      if (lab === null || lab.status === 'terminating') return this.#wait(lab, { attach: false, inProgress });
      const outcome = await replace(session, this.#subject);
      return outcome?.kind === 'not-found' ? this.#wait(null, { attach: false, inProgress }) : outcome;
    }
    // After a lost response the state may be that of the lab before, but not the type of this one.
    const runs = this.#lost ? failure.error.type === 'lab_exists' : lab?.status === 'running' && !inProgress;
    if (!runs) return this.#wait(lab, { attach: true, inProgress });
    this.#warnOfDifferences(lab);
    return alreadyRunning;
  }

  /** What the state comes to after a create whose response was lost; null where the create is to be sent again. */
  async afterLostAnswer(lab: LabState | null): Promise<Outcome | null> {
    this.#lost = true;
    if (lab?.status === 'pending') return followCreated(this.#session, this.#subject, this.#options);
    return lab?.status === 'terminating' ? this.#wait(lab, { attach: true, inProgress: true }) : null;
  }

  async #wait(
    lab: LabState | null,
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

  #onSpawn(lab: LabState): Outcome | null {
    const { detach } = this.#options;
    if (!this.#lost && !this.isFollowing) {
      this.#warnOfDifferences(lab);
      this.#session.display.warn(`a spawn is already in progress${detach ? '' : '; following it'}`);
    }
    this.isFollowing = true;
    return detach ? this.#session.detached('creating the lab', wayBack) : null;
  }

  #warnOfDifferences(lab: LabState | null): void {
    if (lab === null) return;
    for (const warning of differences(lab, this.#specification)) this.#session.display.warn(warning);
  }
}

async function replace(session: Session, subject: Subject): Promise<Outcome | null> {
  const outcome = await deleteLab(session, subject, {
    detach: false,
    words: {
      interrupted: 'interrupted; the old lab is being deleted, and no new one was asked for',
      hint: null,
    },
  });
  if (outcome.kind === 'absent') return null;
  if (outcome.kind !== 'unauthorized') return outcome;
  const hint =
    `${outcome.error.hint ?? ''} --on-conflict replace deletes the lab that is there, and this token may not.`.trim();
  return { ...outcome, error: { ...outcome.error, hint } };
}

/** Where a lab that is there is not the one that was asked for. */
function differences({ options: is }: LabState, { options: asked }: LabSpecification): string[] {
  const image = is?.image ?? null;
  const tag = image === null ? null : (/:([^:@/]+)(?:@|$)/.exec(image)?.[1] ?? null);
  const found: string[] = [];
  if ('image_list' in asked && image !== null && withoutDigest(image) !== withoutDigest(asked.image_list)) {
    found.push(`the lab has another image than asked for: ${image}`);
  }
  if ('image_tag' in asked && tag !== null && tag !== asked.image_tag) {
    found.push(`the lab has another image than asked for: ${image ?? ''}`);
  }
  if (typeof is?.size === 'string' && is.size !== asked.size) {
    found.push(`the lab has another size than asked for: ${is.size}`);
  }
  return found;
}

function withoutDigest(reference: string): string {
  return reference.replace(/@.*$/, '');
}

/** A refused image or size is told with what may be chosen instead. */
async function refused(session: Session, subject: Subject, failure: Failure): Promise<Outcome> {
  const about = `${failure.error.type} ${failure.error.message}`;
  const size = /lab_size|options\.size|insufficient_quota/.test(about);
  const image = /unknown_image|docker_reference/.test(about);
  if (failure.kind !== 'refused' || (!size && !image)) return outcomeOf(failure);
  const limit = startDeadline(session.context.clock, choicesTimeout, session.signal);
  const asked = await session.backend.choices(subject.name, limit.signal);
  limit.cancel();
  if (!asked.ok || asked.value === null) return outcomeOf(failure);
  const { sizes, images } = asked.value;
  const names = size ? sizes.map(({ name }) => name) : images.slice(0, 5).map(({ reference }) => reference);
  const more = image && images.length > 5 ? ', …; see `lab images`' : '';
  return outcomeOf(withHint(failure, `${size ? '--size' : '--image'} may be: ${names.join(', ')}${more}`));
}

/** How long to ask for the choices, in milliseconds: the refusal is what matters. */
const choicesTimeout = 2_000;

function withHint(failure: Failure, hint: string): Failure {
  return { ...failure, error: { ...failure.error, hint } };
}

function specificationFor(user: string, options: SpawnOptions): LabSpecification {
  return {
    options: {
      ...options.image,
      size: options.size,
      enable_debug: options.enableDebug,
      reset_user_env: options.resetUserEnv,
    },
    // The controller refuses to create a lab without it (contract, "Routes").
    env: { JUPYTERHUB_SERVICE_PREFIX: `/nb/user/${user}/`, ...options.env },
  };
}
