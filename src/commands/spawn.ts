/**
 * `lab spawn`: asks for a lab, follows its events, and ends with the outcome.
 */
import { UsageError } from '../config/usage-error.js';
import type { Ending } from '../display/display.js';
import { startDeadline, sleep } from '../deadline.js';
import type { LabState } from '../model/lab.js';
import type { ImageChoice, LabSpecification } from '../model/specification.js';
import type { Session } from './session.js';

export interface SpawnOptions {
  image: ImageChoice;
  size: string;
  enableDebug: boolean;
  resetUserEnv: boolean;
  /** Added to the environment of the lab. */
  env: Readonly<Record<string, string>>;
  /** Return as soon as the controller accepted. */
  detach: boolean;
}

/** The state is asked after this long without an event, in milliseconds: pings prove only that the connection lives. */
const quiet = 10_000;

/** How long to ask for the URL of a lab that has come up, in milliseconds. */
const urlTimeout = 2_000;
const urlRetry = 200;

const wayBack = '`lab wait` follows it again, `lab stop` cancels it.';

export async function spawn(session: Session, options: SpawnOptions): Promise<Ending> {
  const { backend, display, controller } = session;
  if (!session.hasToken) {
    throw new UsageError(
      '--direct: creating a lab needs a token all the same',
      'Name a file that holds one in --token-file or LAB_TOKEN_FILE.',
    );
  }

  const user = await session.user();
  if (!user.ok) {
    return session.ending(
      session.failureOutcome(user.failure, { interrupted: 'interrupted; nothing was asked for', hint: null }),
    );
  }
  const specification = specificationFor(user.value, options);
  display.start({
    command: 'spawn',
    user: user.value,
    controller,
    request: { options: specification.options, env: Object.keys(specification.env) },
  });

  const created = await backend.create(user.value, specification, session.signal);
  if (!created.ok) {
    return session.ending(
      session.failureOutcome(created.failure, {
        interrupted: 'interrupted before the controller answered; it may have begun to create the lab',
        hint: '`lab status` tells whether it did.',
      }),
    );
  }
  session.heard();
  if (options.detach) {
    return session.ending({
      kind: 'detached',
      message: `the controller is creating the lab; ${wayBack}`,
    });
  }

  await session.follow(user.value, { quiet });
  const outcome =
    session.state.outcome ??
    session.cutShort({ interrupted: 'detached; the spawn goes on in the controller', hint: wayBack });
  if (outcome.kind !== 'complete' && outcome.kind !== 'running') return session.ending(outcome);

  const lab = urlOf(session.state.lab) === null ? await askForUrl(session) : session.state.lab;
  const url = urlOf(lab);
  if (url === null) display.warn('the lab is up, but the controller does not tell its URL');
  return session.ending(outcome, { lab: lab ?? null, text: url });
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

/** The lab's state, asked for until it has a URL or the time is up. */
async function askForUrl(session: Session): Promise<LabState | null> {
  const { backend, context } = session;
  const limit = startDeadline(context.clock, urlTimeout, context.signal);
  try {
    let lab: LabState | null = null;
    while (!limit.signal.aborted) {
      const answer = await backend.ownState(limit.signal);
      if (answer.ok) lab = answer.value;
      if (urlOf(lab) !== null) break;
      await sleep(context.clock, urlRetry, limit.signal);
    }
    return lab;
  } finally {
    limit.cancel();
  }
}

function urlOf(lab: LabState | null | undefined): string | null {
  const url = lab?.internal_url;
  return url === undefined || url === '' ? null : url;
}
