/**
 * What is known of a run, and what may happen to it: the state and the inputs of the reducer.
 *
 * Owns the types only. What an input changes is decided in `reducer.ts`.
 */
import type { EventType } from './event-types.js';
import type { Event } from './event.js';
import type { RawFrame } from './frame.js';
import type { Lab } from './lab.js';
import type { ErrorInfo, Outcome } from './outcome.js';
import type { Operation } from './operation.js';
import type { Failure, Result } from './result.js';

/** When something happened: `at` in monotonic milliseconds, `time` in milliseconds since the epoch. */
export interface Stamp {
  at: number;
  time: number;
}

export type ConnectionState = 'open' | 'lost' | 'retrying' | 'resumed' | 'replaced';

/** One event; each is shown and counted once, however often the controller repeats it. */
export type EventInput = Stamp & { kind: 'event'; event: Event; operation?: Operation };

/** A frame that is no Event. `type` is its name where that much was right; `frame` is null where it was too large to keep. */
export type SkippedInput = Stamp & {
  kind: 'skipped';
  reason: string;
  frame: RawFrame | null;
  type: EventType | null;
};

export type Input =
  | EventInput
  | SkippedInput
  | (Stamp &
      /** A comment, or the event named `ping` of older controllers: the connection is alive. */
      (
        | { kind: 'heartbeat'; comment: string }
        /** Bytes of the stream that complete nothing new: the connection is alive. */
        | { kind: 'bytes' }
        /** A frame that was shown before but decides something all the same: the reason of a failure, or the end. */
        | { kind: 'repeated'; frame: EventInput | SkippedInput }
        /** What has become of the connection; `attempt` counts from 1 since the last success. */
        | { kind: 'connection'; state: ConnectionState; attempt: number; reason: string | null }
        /**
         * The lab's state as the controller reports it; null where there is no lab. `emptyFor`: for how many milliseconds
         * the stream has been open without a single frame; left out where it is not open, or has sent one.
         */
        | { kind: 'state'; lab: Lab | null; emptyFor?: number }
        /** The lab's state as a command has requested it, which decides itself what follows. */
        | { kind: 'lab'; lab: Lab | null }
        /** A request got a response, or failed. `from`: who was asked; only the server shows whether the server is reachable. */
        | { kind: 'response'; from: 'server' | 'other'; failure: Failure | null }
        /** The controller answered the question for the stream with a refusal. */
        | { kind: 'refused'; failure: Failure }
        /** The stream is over. Clean means that the server ended it properly. */
        | { kind: 'ended'; clean: boolean; reason: string | null }
        /** The last look before the deadline: it has begun, or this is the answer. */
        | { kind: 'look'; answer: Result<Lab | null> | null }
        /** A stream is followed from here on. `again`: the one that was followed last, so that its progress stays. */
        | { kind: 'following'; goal: Goal; again: boolean; known?: Partial<Known> }
        /** What was followed is over, and the next operation is waited for. */
        | { kind: 'polling' }
        /** The command has decided how the run ends. */
        | { kind: 'decided'; outcome: Outcome }
      ));

/** An input before it is stamped. */
export type Fact = Input extends infer I ? (I extends Input ? Omit<I, keyof Stamp> : never) : never;

export type InputKind = Input['kind'];

/**
 * What the run is waiting for: a spawn's outcome; the end of whatever keeps a lab from being created; a deletion's
 * outcome; or merely the end of the stream it shows.
 */
export type Goal = 'spawn' | 'create' | 'delete' | 'events';

/** What may be known of an operation before its stream is read. */
export interface Known {
  /** What it does; null while its events do not show it. */
  operation: Operation | null;
  /** Whether a lab is coming up: its create was accepted, or its state was `pending`. */
  expected: boolean;
  /** Whether the stream may repeat an operation that ended long ago, so that the state must confirm its `complete`. */
  mayBeOld: boolean;
}

export interface RunState extends Known {
  goal: Goal;
  started: Stamp;
  /** Events seen so far. */
  events: number;
  /** The highest progress of this operation, in percent; null while nothing numeric is known. */
  percent: number | null;
  /** The reason that an `error` event gave, for the `failed` that follows it. */
  reason: string | null;
  /** What went wrong last between here and the controller, for a run that ends without knowing more. */
  trouble: ErrorInfo | null;
  /** Whether the controller was reachable last: what a person is shown. The deadline looks for itself. */
  reachable: boolean;
  /** When the controller last responded, or sent something, in monotonic milliseconds. */
  lastContactAt: number;
  /** When the stream brought its last byte, in monotonic milliseconds; null before the first. */
  lastByteAt: number | null;
  /** When the last look before the deadline began, and its answer; null before that. */
  look: { at: number; answer: Result<Lab | null> | null } | null;
  /** When the last event arrived, or the stream was first followed, in monotonic milliseconds. */
  lastEventAt: number;
  /** The event that came last in the whole run, and when. */
  lastEvent: EventInput | null;
  /** Which attempt to reach the controller again is under way; null while none is. */
  retrying: number | null;
  /** A `complete` came with a broken payload: the lab's state decides. */
  completeInDoubt: boolean;
  /** Whether the stream ended cleanly without a terminal event. */
  endedClean: boolean;
  /** Whether the stream is open, is over (it has ended, or there is none), or neither: lost, or not opened yet. */
  stream: 'open' | 'over' | null;
  /** The last state the controller told; undefined while it was not asked. */
  lab: Lab | null | undefined;
  outcome: Outcome | null;
}

export function initialRun(goal: Goal, started: Stamp): RunState {
  return {
    goal,
    started,
    events: 0,
    percent: null,
    reason: null,
    operation: null,
    expected: goal === 'spawn',
    mayBeOld: false,
    trouble: null,
    reachable: false,
    lastContactAt: started.at,
    lastByteAt: null,
    look: null,
    lastEventAt: started.at,
    lastEvent: null,
    retrying: null,
    completeInDoubt: false,
    endedClean: false,
    stream: null,
    lab: undefined,
    outcome: null,
  };
}
