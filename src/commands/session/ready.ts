/**
 * The ready check: whether a lab that is said to run really does, and whether the lab itself responds.
 *
 * A server may report `running` although nothing runs, so where that is possible a second state has to say the same two
 * seconds later. Whether the lab responds is found out by probes of its own address. Owns how often both are requested, how
 * long that lasts, and the outcomes. What a probe shows is decided in `backends/probe-judge.ts`.
 */
import type { Probed, RemoteLab, Subject } from '../../backends/backend.js';
import type { Ending } from '../../display/display.js';
import { hasFailedForGood, type Lab } from '../../model/lab.js';
import { labFailed } from '../../model/reducer.js';
import { errorOutcome, type Outcome } from '../../model/outcome.js';
import type { ReadyCheck } from '../../model/output.js';
import type { Result } from '../../model/result.js';
import type { Clock } from '../../runtime/context.js';
import { isAborted } from '../../runtime/deadline.js';
import type { Words } from './cut-short.js';
import { pause, pollInterval, settledState } from './following.js';
import type { Session } from './session.js';

/** What counts as success: that the lab runs, or that it also responds. */
export type RunningGoal = 'running' | 'ready';

export interface ReadyOptions {
  /** What counts as success; null for the default, which depends on the server. */
  goal?: RunningGoal | null;
  /** How long to probe a lab that runs, in milliseconds; 0 for as long as the command may take, null for the default. */
  readyTimeout?: number | null;
}

/** The fields of the JSON result. */
export type Readiness = Pick<NonNullable<Ending['more']>, 'ready' | 'ready_check'>;

type Checked =
  | { kind: 'confirmed'; outcome: Outcome; readiness: Readiness }
  | { kind: 'ended'; outcome: Outcome; readiness: Readiness }
  /** The lab does not run any more, or never did: the command has to follow what happens. */
  | { kind: 'not running' };

/** The default of `ReadyOptions.readyTimeout`: a Hub has waited for the server itself, a controller only for its container. */
const defaultTimeout = { confirmed: 30_000, final: 120_000 };

/** A second state is requested this long after the first, in milliseconds. */
const confirmAfter = 2_000;

/** Two weak responses in a row must be at least this far apart, in milliseconds. */
const weakInterval = 1_000;

/** What success means for this lab. */
function runningGoal({ goal }: ReadyOptions, { mustConfirmRunning }: RemoteLab): RunningGoal {
  return goal ?? (mustConfirmRunning ? 'ready' : 'running');
}

/**
 * The outcome of `follow`; if it says that the lab runs, once that is confirmed. `again`: whether it is called because a
 * lab that was said to run does not. `isChecked`: whether the last state was read after it.
 */
export async function untilConfirmed(
  session: Session,
  subject: Subject,
  options: ReadyOptions & { words: Words },
  follow: (again: boolean) => Promise<Outcome>,
): Promise<{ outcome: Outcome; readiness: Readiness; isChecked: boolean }> {
  const lab = session.backend.lab(subject);
  const goal = runningGoal(options, lab);
  const isChecked = goal === 'ready' || lab.mustConfirmRunning;
  session.events.holdsComplete = isChecked;
  const warned = new Set<string>();
  const warn = (text: string): void => {
    if (!warned.has(text)) session.display.warn(text);
    warned.add(text);
  };
  for (let again = false; ; again = true) {
    const outcome = await follow(again);
    const runs = outcome.kind === 'complete' || outcome.kind === 'running';
    if (!isChecked || !runs) return { outcome, readiness: {}, isChecked: false };
    const checked = await new Check(session, subject, lab, { ...options, goal, warn }).run(outcome);
    if (checked.kind !== 'not running') return { ...checked, isChecked };
    session.trace(1, 'the lab does not run any more; following it again');
  }
}

interface CheckOptions extends ReadyOptions {
  goal: RunningGoal;
  /** The messages for a run that is cut short. */
  words: Words;
  /** Shows a warning, but none twice. */
  warn: (text: string) => void;
}

class Check {
  readonly #session: Session;
  readonly #subject: Subject;
  readonly #lab: RemoteLab;
  readonly #goal: RunningGoal;
  readonly #words: Words;
  readonly #warn: (text: string) => void;
  /** The time for probes. It runs only between states that say the lab runs, so it stands still while there are none. */
  readonly #timer: Stopwatch;
  readonly #timeout: number;
  #proof: ReadyCheck | null;
  #last: Probed | null = null;
  #lastAt = 0;
  /** When the first of the last weak responses in a row came, in monotonic milliseconds. */
  #weakSince: number | null = null;

  constructor(
    session: Session,
    subject: Subject,
    lab: RemoteLab,
    { goal, readyTimeout = null, words, warn }: CheckOptions,
  ) {
    this.#session = session;
    this.#subject = subject;
    this.#lab = lab;
    this.#goal = goal;
    this.#words = words;
    this.#warn = warn;
    this.#timer = new Stopwatch(session.context.clock);
    const usual = lab.mustConfirmRunning ? defaultTimeout.confirmed : defaultTimeout.final;
    this.#timeout = readyTimeout === 0 ? Infinity : (readyTimeout ?? usual);
    this.#proof = lab.probe === null ? 'hub' : null;
  }

  /** `claim`: the outcome that says that the lab runs. */
  async run(claim: Outcome): Promise<Checked> {
    const session = this.#session;
    const { clock } = session.context;
    session.events.check();
    if (this.#goal === 'ready' && this.#lab.probe === null) {
      this.#warn('the address of the lab is not known here, so whether it responds is not checked');
    }
    /** When the first state came. */
    let since: number | null = null;
    /** A state that has just been read, so that it need not be requested again. */
    let known = claim.kind === 'running' ? session.state.lab : null;
    for (;;) {
      const asked: Result<Lab | null> =
        known?.phase === 'running' ? { ok: true, value: known } : await settledState(session, this.#subject);
      known = null;
      if (isAborted(session.signal)) return this.#ended(session.cutShort(this.#wordsNow()));
      if (!asked.ok) return this.#ended(session.failureOutcome(asked.failure, this.#words));
      const lab: Lab | null = asked.value;
      if (lab !== null && hasFailedForGood(lab)) return this.#ended(labFailed(lab, session.state.reason));
      if (lab?.phase !== 'running') return { kind: 'not running' };
      const now = clock.monotonic();
      since ??= now;
      const left = this.#lab.mustConfirmRunning ? since + confirmAfter - now : 0;
      if (left > 0) {
        // A probe before that could still reach a server that is being cancelled.
        await this.#timer.during(pause(session, left));
        continue;
      }
      this.#countWeak();
      if (!this.#responds) {
        if (this.#timer.spent >= this.#timeout) return this.#ended(notReady(this.#last, session));
        await this.#timer.during(this.#probe(lab));
      }
      if (this.#responds) return this.#confirmed(claim);
      await this.#timer.during(pause(session, pollInterval));
    }
  }

  /** Whether nothing more has to be known about the lab itself. */
  get #responds(): boolean {
    return this.#goal === 'running' || this.#proof !== null;
  }

  async #probe(lab: Lab): Promise<void> {
    const session = this.#session;
    const { address } = lab;
    if (address?.hasCapitals === true) this.#warn(capitals);
    const probed = await probeOnce(this.#lab, lab, session.signal);
    // The deadline, or a signal, cut it short.
    if (isAborted(session.signal)) return;
    if (probed.kind !== this.#last?.kind || probed.reason !== this.#last.reason) {
      session.trace(1, `probed ${address?.url ?? 'nothing'}: ${probed.kind}; ${probed.reason}`);
    }
    this.#last = probed;
    this.#lastAt = session.context.clock.monotonic();
    if (probed.kind === 'proof') this.#proof = probed.how;
    if (probed.kind !== 'weak') this.#weakSince = null;
  }

  /** Counts the last weak response, after a state that still says that the lab runs. */
  #countWeak(): void {
    if (this.#last?.kind !== 'weak') return;
    this.#weakSince ??= this.#lastAt;
    if (this.#lastAt - this.#weakSince >= weakInterval) this.#proof ??= 'http';
  }

  #confirmed(claim: Outcome): Checked {
    const outcome = this.#session.events.release() ?? claim;
    const readiness =
      this.#goal === 'ready' && this.#proof !== null ? { ready: true, ready_check: this.#proof } : {};
    return { kind: 'confirmed', outcome, readiness };
  }

  #ended(outcome: Outcome): Checked {
    const readiness = this.#goal === 'ready' ? { ready: doesRespond(this.#last) } : {};
    return { kind: 'ended', outcome, readiness };
  }

  #wordsNow(): Words {
    if (this.#last === null) return this.#words;
    return { ...this.#words, timeUp: `the lab runs, but is not ready: ${this.#last.reason}` };
  }
}

/** A probe of the lab; never a failure. */
export function probeOnce({ probe }: RemoteLab, { address }: Lab, signal: AbortSignal): Promise<Probed> {
  if (probe !== null && address !== null) return probe(address, signal);
  return Promise.resolve({ kind: 'no evidence', connected: false, reason: 'its address is not known' });
}

/** Whether the lab itself responds; null if that cannot be found out. */
export function doesRespond(probed: Probed | null): boolean | null {
  switch (probed?.kind) {
    case 'proof':
      return true;
    case 'not yet':
      return false;
    case 'no evidence':
      return probed.connected ? false : null;
    case 'weak':
    case undefined:
      return null;
  }
}

/** The warning for an address whose host has capital letters. */
export const capitals =
  'no browser reaches the lab: the name of its host has capital letters, which browsers send in lower case';

/** The outcome if the time for probes is over. */
function notReady(last: Probed | null, { server }: Session): Outcome {
  const reason = last?.reason ?? 'it was not probed';
  const hint = '`lab wait` checks again; with --for running, it does not.';
  if (last?.kind === 'not yet') {
    const message = `${server} says that the lab runs, but nothing responds at its address: ${reason}`;
    return errorOutcome('failed', 'not_ready', message, { hint: '`lab stop` deletes it.' });
  }
  if (last?.kind === 'no evidence' && last.connected) {
    return errorOutcome('unknown', 'no_response', `the lab runs but does not answer: ${reason}`, { hint });
  }
  const message = `the lab runs, but whether it responds cannot be checked from here: ${reason}`;
  return errorOutcome('unknown', 'not_checked', message, { hint });
}

/** Time that is counted only while something is awaited. */
class Stopwatch {
  readonly #clock: Clock;
  #spent = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In milliseconds. */
  get spent(): number {
    return this.#spent;
  }

  async during(awaited: Promise<void>): Promise<void> {
    const begun = this.#clock.monotonic();
    await awaited;
    this.#spent += this.#clock.monotonic() - begun;
  }
}
