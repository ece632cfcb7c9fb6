/**
 * What crossed the wire, for the judge: every request with its response, in the order of the responses.
 */
import type { Reply } from './replies.js';
import type { Connection } from './connection.js';
import type { Route, Status } from './story.js';

export type Answer =
  /** No connection, a lost connection, a request that the client aborted, or an invalid response. */
  | { kind: 'none'; how: 'refused' | 'reset' | 'aborted' | 'stranger' }
  | ({ kind: 'status' } & Reply)
  | { kind: 'stream'; connection: Connection };

/** What the client received, and when. */
export interface Told {
  askedAt: number;
  at: number;
  route: Route;
  /** Null if there was no response. */
  status: number | null;
  /** The kind of refusal, if it is the controller's own. */
  type: string | null;
  /** Why there was no response. */
  none: 'refused' | 'reset' | 'aborted' | 'stranger' | null;
  /** The lab's status in the response; null for no lab, undefined if it is not reported. */
  lab: Status | null | undefined;
  /** Whether a lab truly ran at that time, or a create had been accepted, so that `running` was not outdated. */
  fresh: boolean;
}

export class WireLog {
  readonly told: Told[] = [];
  /** What the client should not have done. */
  readonly violations: string[] = [];
  /** When the last trouble ended, as far as that has an end. */
  calmSince = 0;
  /** The latest time until which the client was told to wait. */
  waitUntil = 0;
  readonly #notBefore = new Map<Route, number>();

  calm(at: number): void {
    this.calmSince = Math.max(this.calmSince, at);
  }

  asked(route: Route, at: number): void {
    if (at < (this.#notBefore.get(route) ?? 0)) {
      this.violations.push(`${route} was asked before Retry-After at ${at}`);
    }
  }

  /** Another operation has begun, and its stream is not the postponed one. */
  begun(): void {
    this.#notBefore.delete('events');
  }

  answered(told: Omit<Told, 'status' | 'type' | 'none'>, answer: Answer): void {
    const status = answer.kind === 'status' ? answer.status : answer.kind === 'stream' ? 200 : null;
    const none = answer.kind === 'none' ? answer.how : null;
    const wait = answer.kind === 'status' ? answer.headers['retry-after'] : undefined;
    if (wait !== undefined) {
      const until = told.at + Number(wait) * 1000;
      if (told.route !== 'state') this.#notBefore.set(told.route, until);
      this.calm(until);
      this.waitUntil = Math.max(this.waitUntil, until);
    }
    const type = answer.kind === 'status' ? answer.type : null;
    this.told.push({ ...told, status, type, none });
  }
}
