/**
 * What commands need from a server that runs labs: the interface that every backend implements.
 *
 * Owns no wire format. Paths, status codes, bodies and credentials belong to the backend that knows them; commands see
 * labs with phases, Events and failures.
 *
 * To implement one:
 * - Every method sends one request (or as few as one question takes) and never repeats it: a command decides when, from
 *   the failure. A failure says what became of the request; see `Failure`. Expected endings are Results, never exceptions.
 * - Every method ends soon after its signal aborts. What it then returns is ignored, so a failure will do.
 * - What a server says is hostile and may repeat secrets: check its shape, and redact its words where they are received.
 *   Commands and displays sanitise text, but cannot redact what they do not know.
 * - One object serves one command. It is asked for many things at once, and holds no lab's state between requests.
 */
import type { Choices } from '../model/choices.js';
import type { Lab, LabAddress, ListedLab, Phase } from '../model/lab.js';
import type { ConflictPolicy, LabRequest } from '../model/lab-request.js';
import type { Failure, Result } from '../model/result.js';
import type { ServerName } from '../model/run-state.js';
import type { EventStream } from '../stream/event-stream.js';
import type { Probed } from './probe-judge.js';

export type { Probed } from './probe-judge.js';

/** A server that runs labs. */
export interface Backend {
  /** What the server is called in messages. */
  readonly name: ServerName;

  /**
   * If a lab that was there is suddenly absent, a second state after this many milliseconds has to confirm it; null if one
   * is enough.
   */
  readonly confirmAbsenceAfter: number | null;

  /**
   * Throws a UsageError where the settings rule out what a command is about to do, such as a token that is missing. It is
   * called first and sends nothing. `given`: the options of the command line that only some servers understand.
   */
  checkSettings(action: Action, given?: readonly string[]): void;

  /**
   * Whose lab a command is about. A backend that has no special rules returns `findSubject(...)` of `subject.ts`, which
   * needs `whoAmI` only.
   */
  subject(wanted: WantedUser, lookup: Lookup): Promise<Result<Subject>>;

  /** The name of the token's own user. */
  whoAmI(signal: AbortSignal): Promise<Result<string>>;

  /** The users whose labs are running. */
  list(signal: AbortSignal): Promise<Result<Listing>>;

  /** All labs of one user; null where a user has one at most. */
  readonly labsOf: ((user: string, signal: AbortSignal) => Promise<Result<ListedLab[]>>) | null;

  /**
   * When the token expires, in milliseconds since the epoch; null if it does not expire. Omitted where it does not matter for
   * a lab that is created with it.
   */
  readonly tokenExpiry?: (signal: AbortSignal) => Promise<Result<number | null>>;

  /** One user's lab. Sends nothing. */
  lab(subject: Subject): RemoteLab;

  /**
   * The lab of the token's own user, requested before anybody knows who that is. Only whether the server responds is of
   * interest.
   */
  ownState(signal: AbortSignal): Promise<Result<Lab | null>>;
}

export interface Listing {
  users: string[];
  /** The labs of these users; omitted if the server lists users only. */
  labs?: ListedLab[];
}

/** What a command is about to do that not all settings allow. */
export type Action = 'create' | 'choices' | 'open' | 'stop' | 'status';

/** One user's lab at a backend. */
export interface RemoteLab {
  /** What `create` requests, as JSON output prints it: the names of environment variables, never their values. */
  shown(request: LabRequest): Record<string, unknown>;

  /**
   * Requests a lab. `accepted` means that the server is now creating it, or that it exists: the events or the state report
   * what becomes of it.
   *
   * A response that certainly left nothing behind is a failure with effect `none`; one that is lost, or says nothing about
   * the lab, has effect `possible`, and the command then requests the state before anything is sent again. A backend whose
   * state shows in advance that something is in the way may report the conflict without sending the request.
   * `policy`: what the command does in case of a conflict, for a server that would delete a lab without asking.
   */
  create(request: LabRequest, signal: AbortSignal, policy?: ConflictPolicy): Promise<Result<Creation>>;

  /**
   * The lab as it is now; null if the user has no lab. `isLast`: whether the command has no time left to request it again; then
   * a backend must not do that either, if it would otherwise have to before it is sure.
   */
  state(signal: AbortSignal, isLast?: boolean): Promise<Result<Lab | null>>;

  /**
   * Opens the event stream, and ends it when the signal aborts. The property is null if this lab has no event stream, or
   * the token may not read it: then the state decides alone. A failure of kind `not-found` means that there are no events: no
   * operation has begun, or its events are gone. `idleTimeout`: the user's own limit for a connection without a byte, in
   * milliseconds, null for none; it matters only to a backend that reads several connections for one stream.
   */
  readonly events:
    ((signal: AbortSignal, idleTimeout?: number | null) => Promise<Result<EventStream>>) | null;

  /** Whether the event stream also shows deletions. If not, the state alone shows their progress. */
  readonly streamsDeletions: boolean;

  /** How a lab that is there already differs from the requested one, in words for a warning. */
  differences(lab: Lab, request: LabRequest): string[];

  /** Deletes the lab. A failure of kind `failed` means that the deletion itself failed; `conflict`, that another operation is in the way. */
  remove(signal: AbortSignal): Promise<Result<Removal>>;

  /** Whether this command runs in the lab itself, and so ends with it. */
  readonly hostsCommand: boolean;

  /** What may be chosen for `create`; null where nothing is offered now. The property is null where the backend has no such list. */
  readonly choices: ((signal: AbortSignal) => Promise<Result<Choices | null>>) | null;

  /**
   * Sends a request to the lab's own address, to find out whether the lab itself responds. It never sends a token there.
   * The property is null if the labs of this server have no address that can be probed.
   */
  readonly probe: ((address: LabAddress, signal: AbortSignal) => Promise<Probed>) | null;

  /**
   * Whether the server may report `running`, in a state or by a `complete`, although nothing runs: then it counts only
   * after a second state two seconds later, and by default also the lab itself has to respond.
   */
  readonly mustConfirmRunning: boolean;
}

export type Creation =
  /** `replaced`: a lab was there that the server took for running, and that was not. */
  | { kind: 'accepted'; replaced?: boolean }
  /**
   * A lab, or an operation, is in the way. `phase` is what the response itself proves: `running` for a lab that runs;
   * `starting` or `stopping` for an operation, or `unsettled` where the response does not say which; null where it proves
   * nothing. The failure ends the command if its policy is to fail. `lab`: the state, if the backend has just read it;
   * otherwise it is requested.
   */
  | { kind: 'conflict'; phase: Exclude<Phase, 'other'> | null; failure: Failure; lab?: Lab };

/** `gone`: the lab is deleted. `under way`: the deletion was accepted, and the state reports its end. */
export type Removal = 'gone' | 'under way';

/** Whose lab is meant, as far as the settings say. */
export interface WantedUser {
  /** Null where the token decides. */
  name: string | null;
  /** Whether it may be another user than the token's own: somebody named it, and the command can serve others. */
  mayBeAnother: boolean;
}

/** Whose lab it is. */
export interface Subject {
  name: string;
  /** Whether it is the token's own user, who may create a lab. */
  own: boolean;
}

/** How `Backend.subject` sends its requests: each is retried until there is a response, or none can be expected. */
export interface Lookup {
  /** `from`: who responds; whether the server with the labs is reachable shows only in its own responses. */
  request<T>(send: (signal: AbortSignal) => Promise<Result<T>>, from: 'server' | 'other'): Promise<Result<T>>;
  /** The state of a lab, which the command need not request again at once. */
  state(lab: Subject): Promise<Result<Lab | null>>;
}
