/**
 * What a server says about a running lab, if that may be false: at a JupyterHub, a lab that is cancelled while it starts is
 * reported as ready, and a Hub that restarts has forgotten its labs for a moment.
 *
 * Owns the confirmation: a state counts once a second request gets the same, and a `complete` is held back until then.
 * Leaves to `follow` when the state is requested: a `complete` that cannot be relied on is among its reasons.
 */
import type { Clock } from '../runtime/context.js';
import { isAborted, sleep } from '../runtime/deadline.js';
import type { Event } from '../model/event.js';
import type { Decoder } from '../model/frame.js';
import type { Lab } from '../model/lab.js';
import { errorInfo } from '../model/outcome.js';
import type { Input } from '../model/reducer.js';
import type { Redact } from '../model/redactor.js';
import type { Failure, Result } from '../model/result.js';

/** Between two states that say that the lab runs, in milliseconds. */
const runningAgain = 2_000;

/** Between two states that say that there is no lab, in milliseconds. */
const absentAgain = 3_000;

/** The reason by which what is left of a held-back `complete` is recognised; no decoder returns it. */
const mark = 'not confirmed yet';

type ReadState = (signal: AbortSignal) => Promise<Result<Lab | null>>;

/** The state, requested until two responses agree where one of them proves nothing. */
export async function confirmedState(
  read: ReadState,
  clock: Clock,
  signal: AbortSignal,
): Promise<Result<Lab | null>> {
  let last = await read(signal);
  for (;;) {
    const wait = last.ok ? waitToConfirm(last.value) : null;
    if (!last.ok || wait === null) return last;
    await sleep(clock, wait, signal);
    if (isAborted(signal)) return { ok: false, failure: unconfirmed() };
    const next = await read(signal);
    if (next.ok && next.value?.phase === last.value?.phase) return next;
    last = next;
  }
}

function waitToConfirm(lab: Lab | null): number | null {
  if (lab === null) return absentAgain;
  return lab.phase === 'running' ? runningAgain : null;
}

function unconfirmed(): Failure {
  return {
    kind: 'unknown',
    error: errorInfo('unconfirmed', "the server's state could not be confirmed in time"),
    retry: 'later',
    effect: 'none',
    from: 'server',
  };
}

/** The `complete` of a stream while it is not confirmed. */
export class HeldComplete {
  readonly #redact: Redact;
  #event: Event | null = null;

  constructor(redact: Redact) {
    this.#redact = redact;
  }

  /** The decoder, which holds back a `complete`: what is left of it makes `follow` request the state. */
  decoder(decode: Decoder): Decoder {
    return (frame) => {
      const decoded = decode(frame);
      if (decoded.kind !== 'event' || decoded.event.type !== 'complete') return decoded;
      this.#event = { ...decoded.event, message: this.#redact(decoded.event.message) };
      return { kind: 'invalid', reason: mark, type: 'complete' };
    };
  }

  /** Whether this input is all that is left of a `complete`. */
  isMark(input: Input): boolean {
    return input.kind === 'skipped' && input.type === 'complete' && input.reason === mark;
  }

  /** The event, if the state confirms it. A state of before the event may arrive after it, and proves nothing. */
  confirmedBy({ lab }: Input & { kind: 'state' }): Event | null {
    if (lab?.phase === 'starting') return null;
    const event = lab?.phase === 'running' ? this.#event : null;
    this.#event = null;
    return event;
  }
}
