/**
 * `lab spawn`: asks for a lab, follows its events, and ends with the outcome.
 */
import { UsageError } from '../config/usage-error.js';
import { isAborted, startDeadline } from '../deadline.js';
import type { Ending } from '../display/display.js';
import type { LabState } from '../model/lab.js';
import type { Outcome } from '../model/outcome.js';
import { outcomeOf, type Failure } from '../model/result.js';
import type { ConflictPolicy, ImageChoice, LabSpecification } from '../model/specification.js';
import { followDeletion, followSpawn, pause, settledState } from './attach.js';
import { deleteLab } from './delete.js';
import type { Session } from './session.js';
import type { Subject } from './subject.js';
import { endingWithUrl } from './url.js';

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

/** The state may change between two questions: so often is a conflict looked at anew. */
const mostConflicts = 20;

async function createAndFollow(
  session: Session,
  subject: Subject,
  specification: LabSpecification,
  asAsked: SpawnOptions,
): Promise<Outcome> {
  const retry = session.retries();
  let options = asAsked;
  let conflicts = 0;
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
      conflicts += 1;
      outcome =
        conflicts > mostConflicts
          ? outcomeOf(withHint(failure, 'The state of the lab kept changing; try again.'))
          : await resolve(session, subject, specification, options, failure);
    } else {
      const wait = retry.after(failure);
      if (wait === null) return refused(session, subject, failure);
      await session.waitToRetry(retry, failure, wait);
      if (failure.maybeDone) {
        // What is in the way of the repeated request will be the first one's lab.
        options = { ...options, onConflict: 'attach' };
        outcome = await afterLostAnswer(session, subject, options);
      }
    }
    if (outcome !== null) return outcome;
  }
  return session.cutShort(maybeCreated ? unanswered : notAccepted);
}

/** Whether a create whose answer was lost was accepted is for the state to tell; null where it was not, or the run was cut short. */
async function afterLostAnswer(
  session: Session,
  subject: Subject,
  options: SpawnOptions,
): Promise<Outcome | null> {
  session.trace(1, 'the answer was lost; asking the state before the request is repeated');
  const asked = await settledState(session, subject);
  if (!asked.ok) return session.signal.aborted ? null : outcomeOf(asked.failure);
  switch (asked.value?.status) {
    case 'running':
      return { kind: 'running', message: 'the lab is running' };
    case 'pending':
      return followCreated(session, subject, options);
    case 'terminating':
      await followDeletion(session, subject);
      return null;
    default:
      return null;
  }
}

async function followCreated(session: Session, subject: Subject, { detach }: SpawnOptions): Promise<Outcome> {
  if (detach) return session.detached('creating the lab', wayBack);
  const outcome = await followSpawn(session, subject);
  return outcome ?? session.cutShort(detached);
}

/**
 * What a conflict comes to, by the state and not by the words of the refusal; null where to create is to be tried
 * again, or the run was cut short.
 */
async function resolve(
  session: Session,
  subject: Subject,
  specification: LabSpecification,
  options: SpawnOptions,
  conflict: Failure,
): Promise<Outcome | null> {
  if (options.onConflict === 'fail') {
    return outcomeOf(withHint(conflict, '`lab status` tells what is there; see --on-conflict.'));
  }
  const asked = await settledState(session, subject);
  if (!asked.ok) return session.signal.aborted ? null : outcomeOf(asked.failure);
  const lab = asked.value;
  session.trace(1, `the controller refused (409), and the lab is ${lab?.status ?? 'not there'}`);
  switch (lab?.status) {
    case undefined:
    case 'failed':
      await pause(session, raceDelay);
      return null;
    case 'terminating':
      await followDeletion(session, subject);
      return null;
    case 'running':
    case 'pending':
      if (options.onConflict === 'replace') return replace(session, subject);
      for (const warning of differences(lab, specification)) session.display.warn(warning);
      if (lab.status === 'running') return { kind: 'running', message: 'the lab runs already' };
      session.display.warn(`a spawn is in progress already${options.detach ? '' : '; following it'}`);
      return followCreated(session, subject, options);
    default:
      await pause(session, raceDelay);
      return null;
  }
}

/** What has just changed is given this long to settle, in milliseconds. */
const raceDelay = 300;

async function replace(session: Session, subject: Subject): Promise<Outcome | null> {
  const outcome = await deleteLab(session, subject, {
    detach: false,
    words: {
      interrupted: 'interrupted; the old lab is being deleted, and no new one was asked for',
      hint: null,
    },
  });
  if (outcome.kind === 'absent' || outcome.kind === 'not-found') return null;
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
