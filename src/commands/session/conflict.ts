/**
 * Waits until the conflict that prevents a create (409) is over, and decides when to send the create again.
 *
 * Every create sets the state to `failed` for all other clients (contract, "What a client must survive", 12), so it is sent
 * again only after something has changed, and otherwise rarely. The deadline is the only limit. The controller does not
 * reliably say which operation is in progress, so its stream is followed without that assumption. `spawn.ts` implements
 * `--on-conflict`.
 */
import { hasFailedForGood, type Lab } from '../../model/lab.js';
import type { Outcome } from '../../model/outcome.js';
import { outcomeOf, type Result } from '../../model/result.js';
import type { Input, RunState } from '../../model/reducer.js';
import { followSpawn, pause, pollInterval } from './following.js';
import type { Session } from './session.js';
import type { Subject } from '../../backends/backend.js';

export interface ConflictOptions {
  /** Whether a lab that starts is the awaited outcome; otherwise it is also a conflict. */
  attach: boolean;
  /** Whether a create was sent whose response was lost, so that a state `running` may be that of the lab before. */
  lost: boolean;
  /** Whether the controller said that an operation is in progress: then the stream is that operation's. */
  inProgress: boolean;
  /** Called when a spawn turns out to be in progress. An outcome ends the run. */
  onSpawn: (lab: Lab) => Outcome | null;
}

/** The longest interval between two creates while nothing changes and no stream ends, in milliseconds. */
const longestPause = 15_000;

/** An operation emits its first event at once. A running lab without an event for this long (ms) has no operation. */
const emptyWhileRunning = 2_000;

/** In other cases, the time limit for an open stream without an event, in milliseconds. */
const emptyLimit = 30_000;

type StateInput = Input & { kind: 'state' };

/** All successive conflicts of one create. */
export class Conflict {
  readonly #session: Session;
  readonly #subject: Subject;
  #isReadable: boolean;
  readonly #streamsDeletions: boolean;
  #sentAt = 0;
  /** The events that had been shown when the create was sent last. */
  #shown = 0;
  /** Whether no lab existed when the create was sent last. */
  #wasAbsent = false;

  constructor(session: Session, subject: Subject) {
    this.#session = session;
    this.#subject = subject;
    const { events, streamsDeletions } = session.backend.lab(subject);
    this.#isReadable = events !== null;
    this.#streamsDeletions = streamsDeletions;
  }

  /**
   * Waits while another create would be useless; `lab` is the state right after the last create. Null means that the
   * create should be sent again, or that the run was cut short.
   */
  async passed(lab: Lab | null, options: ConflictOptions): Promise<Outcome | null> {
    const session = this.#session;
    this.#sentAt = session.context.clock.monotonic();
    this.#shown = session.state.events;
    const isGone = lab === null && !this.#wasAbsent;
    this.#wasAbsent = lab === null;
    if (isGone) {
      await pause(session, pollInterval);
      return null;
    }
    let known = lab;
    /** Whether an operation was seen to end since the create was sent last. */
    let ended = false;
    for (;;) {
      if (known !== null && this.#isReadable && (known.phase !== 'stopping' || this.#streamsDeletions)) {
        const outcome = await this.#follow(known, options);
        if (outcome !== null || session.signal.aborted) return outcome;
        const { lab: now = known } = session.state;
        const changed = now?.phase !== known.phase;
        ended = this.#hasEnded();
        const next = whatNext(now, changed, ended, options);
        if (next !== 'wait') return next;
        known = now;
        if (changed) {
          await pause(session, pollInterval);
          continue;
        }
      }
      const polled = await this.#untilChanged(known);
      if (!polled.ok) return session.signal.aborted ? null : outcomeOf(polled.failure);
      const isUnchanged = polled.value?.phase === known?.phase;
      if (isUnchanged || session.signal.aborted) return null;
      known = polled.value;
      const next = whatNext(known, true, ended, options);
      if (next !== 'wait') return next;
    }
  }

  #isLate(): boolean {
    return this.#session.context.clock.monotonic() - this.#sentAt >= longestPause;
  }

  /** Whether the stream has shown the end of an operation since the create was sent last. */
  #hasEnded(): boolean {
    const { stream, outcome, events } = this.#session.state;
    return (stream === 'over' || outcome !== null) && events > this.#shown;
  }

  /** Follows the operation in progress. Returns an outcome only if it is also the outcome of the command. */
  async #follow(lab: Lab, options: ConflictOptions): Promise<Outcome | null> {
    const { attach, inProgress, onSpawn } = options;
    const session = this.#session;
    /** The lab that is starting. */
    let spawning = lab.phase === 'starting' ? lab : null;
    if (spawning === null) {
      const outcome = await session.events.follow(this.#subject, {
        goal: 'create',
        silence: pollInterval,
        afterEnd: 'stop',
        seen: session.events.operation,
        known: { operation: lab.phase === 'stopping' ? 'deletion' : null, mayBeOld: !inProgress },
        stopOn: (input, state) => {
          const now = state.lab ?? lab;
          // While a dead lab is being replaced, its state still says that it runs (survive, 13).
          const isSpawn = state.operation === 'spawn' || now.phase === 'starting';
          if (isSpawn && now.phase !== 'running') spawning = now;
          return spawning !== null || (input.kind === 'state' && this.#isDecisive(input, state, lab))
            ? 'leave'
            : null;
        },
      });
      const end = this.#outcomeFor(outcome, attach);
      if (end !== null || session.signal.aborted) return end;
    }
    if (spawning === null || !attach) return null;
    return onSpawn(spawning) ?? followSpawn(session, this.#subject);
  }

  /** Whether the state shows that following the stream is no longer useful; `before` is the state at the start. */
  #isDecisive({ lab, emptyFor = 0 }: StateInput, { stream }: RunState, before: Lab): boolean {
    if (lab === null || emptyFor >= emptyLimit || (stream === null && this.#isLate())) return true;
    return lab.phase === 'running' && (before.phase !== 'running' || emptyFor >= emptyWhileRunning);
  }

  /** The command's outcome for an outcome of the stream; null if it only means that an operation is over. */
  #outcomeFor(outcome: Outcome | null, attach: boolean): Outcome | null {
    switch (outcome?.kind) {
      case 'unauthorized':
        // The state shows whether the token is refused, or only the stream.
        this.#isReadable = false;
        return null;
      case 'complete':
        return attach ? outcome : null;
      case 'failed':
        return attach && this.#session.state.operation !== 'deletion' ? outcome : null;
      default:
        return outcome;
    }
  }

  /** The state once it has changed, or when it is time to send the create even though it has not. */
  async #untilChanged(known: Lab | null): Promise<Result<Lab | null>> {
    const { signal } = this.#session;
    for (;;) {
      await pause(this.#session, pollInterval);
      const asked = await this.#session.requests.labState(this.#subject);
      if (!asked.ok || this.#isLate() || signal.aborted || asked.value?.phase !== known?.phase) return asked;
    }
  }
}

/** What a state means for the create: an outcome, null to send it again, or to keep waiting. */
function whatNext(
  lab: Lab | null,
  changed: boolean,
  ended: boolean,
  { attach, lost }: ConflictOptions,
): Outcome | 'wait' | null {
  switch (lab?.phase) {
    case undefined:
    case 'orphaned':
      return null;
    case 'running':
      if (attach && !lost) return alreadyRunning;
      return changed || ended ? null : 'wait';
    case 'failed':
      return ended || hasFailedForGood(lab) ? null : 'wait';
    case 'starting':
      return attach ? 'wait' : null;
    case 'stopping':
    case 'unsettled':
    case 'other':
      return 'wait';
  }
}

export const alreadyRunning: Outcome = { kind: 'running', message: 'the lab is already running' };
