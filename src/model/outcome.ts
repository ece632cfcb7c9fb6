/**
 * Every way a run can end, and the exit status that follows from it.
 *
 * Owns both mappings: `exitCode` for a run, and `exitCodeTable` for the help and the manual page. A test checks that the
 * table has every code.
 */

import { shortageOf } from './machine.js';
import { reportBugsTo, version } from './version.js';

/** Describes a failure, for people and for scripts. */
export interface ErrorInfo {
  /** A stable identifier: the controller's error type if it sent one, otherwise one of this program's. */
  type: string;
  /** What happened, with the server's own text. Not sanitised; the displays sanitise it. */
  message: string;
  /** The HTTP status; null if there was no response. */
  status: number | null;
  /** What to do about it. */
  hint: string | null;
}

export const successKinds = ['ok', 'complete', 'running', 'detached', 'absent', 'pending'] as const;
export const failureKinds = [
  'failed',
  'timeout',
  'refused',
  'unauthorized',
  'not-found',
  'conflict',
  'unknown',
  'usage',
  'bug',
] as const;

/** Signals that end a run, with the exit status a shell would report: 128 and the signal's number. */
export const signalCodes = { SIGHUP: 129, SIGINT: 130, SIGPIPE: 141, SIGTERM: 143 } as const;
export type EndingSignal = keyof typeof signalCodes;

export type SuccessKind = (typeof successKinds)[number];
export type FailureKind = (typeof failureKinds)[number];

export type Outcome =
  | { kind: SuccessKind; message: string }
  | { kind: FailureKind; message: string; error: ErrorInfo }
  | { kind: 'interrupted'; signal: EndingSignal; message: string; error: ErrorInfo };

export type OutcomeKind = Outcome['kind'];

export type Failed = Outcome & { kind: FailureKind };

/** An error. `status` is the HTTP status of the response, if there was one; `hint` is what to do about it. */
export function errorInfo(
  type: string,
  message: string,
  { status = null, hint = null }: Partial<Pick<ErrorInfo, 'status' | 'hint'>> = {},
): ErrorInfo {
  return { type, message, status, hint };
}

/** The outcome of an error, with its message. */
export function errorOutcome(
  kind: FailureKind,
  type: string,
  message: string,
  more?: Partial<Pick<ErrorInfo, 'status' | 'hint'>>,
): Failed {
  return { kind, message, error: errorInfo(type, message, more) };
}

/** The outcome if the lab's state is running. */
export const labRuns: Outcome = { kind: 'running', message: 'the lab is running' };

/** The exit status for an outcome. */
export function exitCode(outcome: Outcome): number {
  switch (outcome.kind) {
    case 'ok':
    case 'complete':
    case 'running':
    case 'detached':
    case 'absent':
      return 0;
    case 'failed':
      return 1;
    case 'usage':
      return 2;
    case 'unauthorized':
      return 3;
    case 'not-found':
      return 4;
    case 'conflict':
      return 5;
    case 'refused':
      return 6;
    case 'unknown':
      return 7;
    case 'pending':
      return 8;
    case 'bug':
      return 70;
    case 'timeout':
      return 124;
    case 'interrupted':
      return signalCodes[outcome.signal];
    default:
      return unreachable(outcome);
  }
}

/** Whether the deadline ended the run, whether or not the controller was reachable. */
export function isByDeadline(outcome: Outcome): boolean {
  return 'error' in outcome && outcome.error.type === 'timeout';
}

function unreachable(outcome: never): never {
  throw new Error(`no exit code for ${JSON.stringify(outcome)}`);
}

/** The exit codes with their meaning, in the order of the help page. */
export const exitCodeTable: readonly (readonly [number, string])[] = [
  [0, 'the awaited outcome: complete, already running, detached, gone'],
  [
    1,
    'the operation failed: terminal event `failed`, or a `failed` state that the event stream confirms; ' +
      'or nothing responds at the address of a lab that should be ready',
  ],
  [2, 'wrong usage or configuration; nothing was sent'],
  [
    3,
    "not authenticated or not allowed (401, 403, a proxy's 407, a redirect to a login page or another origin)",
  ],
  [4, 'no such lab or user (404)'],
  [5, 'conflict (409) that the policy does not resolve'],
  [6, 'the server refused the request (400, 422, 429, quota)'],
  [
    7,
    'outcome unknown: the server was never reached, was not reachable when the deadline passed, ' +
      'or is neither a controller nor a JupyterHub; or whether a lab that runs also responds could not be found out; safe to retry',
  ],
  [
    8,
    '`lab status`, `lab open`: the lab is still pending or terminating; `lab status`: it does not respond yet',
  ],
  [70, 'a bug in this program; the message says where to report it'],
  [124, 'the deadline passed while the server was still responding; the operation continues'],
  [129, 'SIGHUP; the operation continues'],
  [130, 'SIGINT (Ctrl-C); the operation continues'],
  [141, 'stdout was closed (`| head`)'],
  [143, 'SIGTERM; the operation continues'],
];

/** The outcome of wrong usage or configuration. */
export function usage(message: string, hint: string | null = null): Outcome {
  return errorOutcome('usage', 'usage', message, { hint });
}

/** The outcome of an unexpected exception: a bug in this program, unless the machine is out of a resource. */
export function bug(thrown: unknown): Outcome {
  const shortage = shortageOf(thrown);
  if (shortage !== null) {
    return errorOutcome('unknown', 'machine', shortage.text, { hint: shortage.hint });
  }
  const message = `internal error: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  const hint =
    `This is a bug in nublado-lab ${version}. Please report it to ${reportBugsTo}, ` +
    'with the command line and this message.';
  return errorOutcome('bug', 'bug', message, { hint });
}

/** The outcome if the result could not be written. */
export function outputFailed(message: string): Outcome {
  return errorOutcome('unknown', 'output', message);
}
