/**
 * The state and the inputs of the reducer: what is known about a run, and what may happen in it.
 *
 * Owns the types only. Leaves the effect of an input to `reducer.ts`.
 */
import type { EventType } from './event-types.js';
import type { Event } from './event.js';
import type { RawFrame } from './frame.js';
import type { Lab } from './lab.js';
import type { ErrorInfo, Outcome } from './outcome.js';
import type { Operation } from './operation.js';
import type { Failure, Result } from './result.js';

/** What the server with the labs is called in messages. */
export type ServerName = 'the controller' | 'the Hub';

/** When something happened: `at` in monotonic milliseconds, `time` in milliseconds since the epoch. */
export interface Stamp {
  at: number;
  time: number;
}

export type ConnectionState = 'open' | 'lost' | 'retrying' | 'resumed' | 'replaced';

/** One event; each is shown and counted once, however often the controller repeats it. */
export type EventInput = Stamp & {
  kind: 'event';
  event: Event;
  operation?: Operation;
  /** Whether it is an `error` that only sums up the one before, so that the reason remains. */
  isSummary?: boolean;
};

/** An invalid frame. `type` is its name if that was valid; `frame` is null if it was too large to keep. */
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
        /** Bytes of the stream that complete no new frame: the connection is alive. */
        | { kind: 'bytes' }
        /**
         * A frame that was shown before but is still decisive: it has the reason of a failure, or is a terminal event.
         */
        | { kind: 'repeated'; frame: EventInput | SkippedInput }
        /** A change of the connection; `attempt` counts from 1 since the last success. */
        | { kind: 'connection'; state: ConnectionState; attempt: number; reason: string | null }
        /**
         * The lab's state as the controller reports it; null if there is no lab. `emptyFor`: how long the stream has
         * been open without a single frame, in milliseconds; omitted if it is not open, or has sent one.
         */
        | { kind: 'state'; lab: Lab | null; emptyFor?: number }
        /** The lab's state as requested by a command; the command decides what follows. */
        | { kind: 'lab'; lab: Lab | null }
        /**
         * A request got a response, or failed. `from`: the target of the request; only a request to the server shows
         * whether the server is reachable.
         */
        | { kind: 'response'; from: 'server' | 'other'; failure: Failure | null }
        /** The controller refused the request for the stream. */
        | { kind: 'refused'; failure: Failure }
        /** The stream is over. Clean means that the server ended it properly. */
        | { kind: 'ended'; clean: boolean; reason: string | null }
        /** The final state check before the deadline: null when it starts, then its result. */
        | { kind: 'look'; result: Result<Lab | null> | null }
        /**
         * A stream is followed from now on. `again`: it is the stream that was followed last, so its progress is kept.
         */
        | { kind: 'following'; goal: Goal; again: boolean; known?: Partial<Known> }
        /** The followed operation is over; the run waits for the next one. */
        | { kind: 'polling' }
        /** The lab is said to run, and the command is checking whether that is true. */
        | { kind: 'checking' }
        /** The lab runs: events are no longer held back. */
        | { kind: 'confirmed' }
        /** The command has decided how the run ends. */
        | { kind: 'decided'; outcome: Outcome }
      ));

/** An input before it is stamped. */
export type Fact = Input extends infer I ? (I extends Input ? Omit<I, keyof Stamp> : never) : never;

export type InputKind = Input['kind'];

/**
 * What the run is waiting for: a spawn's outcome; the end of the operation that blocks a create; a deletion's outcome;
 * or only the end of the stream that it shows.
 */
export type Goal = 'spawn' | 'create' | 'delete' | 'events';

/** What may be known about an operation before its stream is read. */
export interface Known {
  /** The kind of operation; null while its events do not show it. */
  operation: Operation | null;
  /** Whether a lab is starting: its create was accepted, or its state was `pending`. */
  expected: boolean;
  /** Whether the stream may repeat an operation that ended long ago, so that the state must confirm its `complete`. */
  mayBeOld: boolean;
  /** Whether a `complete` is held back until the command has checked that the lab really runs. */
  isProvisional: boolean;
}

export interface RunState extends Known {
  goal: Goal;
  started: Stamp;
  server: ServerName;
  /** Events seen so far. */
  events: number;
  /** The highest progress of this operation, in percent; null while nothing numeric is known. */
  percent: number | null;
  /** The reason that an `error` event gave, for the `failed` that follows it. */
  reason: string | null;
  /** The last problem with the connection to the controller, for a run that ends without a better explanation. */
  trouble: ErrorInfo | null;
  /** Whether the controller was reachable at the last attempt, for the display. The deadline makes its own check. */
  reachable: boolean;
  /** When the controller last responded, or sent something, in monotonic milliseconds. */
  lastContactAt: number;
  /** When the stream sent its last byte, in monotonic milliseconds; null before the first. */
  lastByteAt: number | null;
  /** When the final state check before the deadline began, and its result; null before that. */
  look: { at: number; result: Result<Lab | null> | null } | null;
  /** When the last event arrived, or the stream was first followed, in monotonic milliseconds. */
  lastEventAt: number;
  /** The last event of the whole run, with its time. */
  lastEvent: EventInput | null;
  /** The number of the current attempt to reconnect to the controller; null while nothing is retried. */
  retrying: number | null;
  /** The `complete` that is held back: it is not shown, and not counted, before it is confirmed. */
  held: EventInput | null;
  /** A `complete` came with a broken payload: the lab's state decides. */
  completeInDoubt: boolean;
  /** Whether the stream ended cleanly without a terminal event. */
  endedClean: boolean;
  /**
   * Whether the stream is `open`, is `over` (it has ended, or does not exist), or neither (null): lost, or not opened
   * yet.
   */
  stream: 'open' | 'over' | null;
  /** The last state that the controller reported; undefined before the first request for it. */
  lab: Lab | null | undefined;
  outcome: Outcome | null;
}

export function initialRun(goal: Goal, started: Stamp, server: ServerName = 'the controller'): RunState {
  return {
    goal,
    started,
    server,
    events: 0,
    percent: null,
    reason: null,
    operation: null,
    expected: goal === 'spawn',
    mayBeOld: false,
    isProvisional: false,
    held: null,
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
