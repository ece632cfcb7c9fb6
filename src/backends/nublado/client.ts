/**
 * The controller's routes, one method each (contract, "Routes").
 *
 * Owns the paths and which responses are valid. Leaves sending requests to `http/requests.ts`, the meaning of a refusal
 * to `failures.ts`, and what a result means to a command to `backend.ts`.
 */
import type { Choices } from '../../model/choices.js';
import type { Result } from '../../model/result.js';
import { createRequests } from '../../http/requests.js';
import { compression, header, headersOf, isEventStream, isPage } from '../../http/response.js';
import type { EventStream } from '../../stream/event-stream.js';
import type { CreateBody } from './create-body.js';
import { bodyTime, notAController, refusal } from './failures.js';
import { decodeFrame } from './operation.js';
import { parseLabState, TokenInfo, UserInfo, Users, type LabState } from './schemas.js';
import { redactState } from './state.js';
import {
  baseText,
  createTransport,
  discard,
  type ControllerOptions,
  type Request,
} from '../../http/transport.js';

export type { ControllerOptions, Credentials } from '../../http/transport.js';

export interface NubladoClient {
  /** Requests a lab. Success means accepted, not done. */
  create(user: string, body: CreateBody, signal: AbortSignal): Promise<Result<null>>;
  /** Opens the user's event stream; aborting the signal closes it. */
  events(user: string, signal: AbortSignal): Promise<Result<EventStream>>;
  /** The state of the lab of the token's own user; null if the user has no lab. */
  ownState(signal: AbortSignal): Promise<Result<LabState | null>>;
  /** The state of any user's lab, for a token that may read it; null if the user has no lab. */
  stateOf(user: string, signal: AbortSignal): Promise<Result<LabState | null>>;
  /** Deletes a lab. The response comes only when the deletion has finished. */
  remove(user: string, signal: AbortSignal): Promise<Result<null>>;
  /** The users whose labs are running. */
  list(signal: AbortSignal): Promise<Result<string[]>>;
  /** The choices for a new lab; null if the controller offers none at the moment. */
  choices(user: string, signal: AbortSignal): Promise<Result<Choices | null>>;
  /** The name of the token's own user. */
  whoAmI(signal: AbortSignal): Promise<Result<string>>;
  /** When the token expires, in milliseconds since the epoch; null if it does not expire. */
  tokenExpiry(signal: AbortSignal): Promise<Result<number | null>>;
}

export function createClient(options: ControllerOptions): NubladoClient {
  const { base, clock, credentials, redact } = options;
  const shownBase = baseText(base);
  const api = `${base.pathname.replace(/\/$/, '')}/spawner/v1`;
  const { send, refuse, get, getJson } = createRequests(options, createTransport(options), {
    refusal: ({ asked }, response) => refusal(asked, response, shownBase, credentials.origin),
    unexpected: ({ asked }, response, is) =>
      notAController(asked, response, shownBase, `the response is ${is}`),
    bodyTime: ({ method }, head) => bodyTime(method, head),
  });

  async function labState(request: Request): Promise<Result<LabState | null>> {
    const result = await getJson(request, (json) => {
      const parsed = parseLabState(json);
      return parsed.ok ? redactState(parsed.value, redact) : null;
    });
    return !result.ok && result.failure.kind === 'not-found' ? { ok: true, value: null } : result;
  }

  return {
    async create(user, body, signal) {
      const request: Request = {
        asked: `create a lab for ${user}`,
        method: 'POST',
        url: `${api}/labs/${encodeURIComponent(user)}/create`,
        accept: 'application/json',
        json: body,
        hintIfSent: 'The controller may still have started to create the lab; check with `lab status`.',
        signal,
      };
      const sent = await send(request);
      if (!sent.ok) return sent;
      const { statusCode } = sent.value.response;
      // Older controllers respond with 303 instead of 201.
      const location = header(sent.value.response, 'location');
      if (statusCode === 201 || (statusCode === 303 && leadsTo(base, location, api))) {
        // The request is accepted, even if the rest of the response is lost.
        discard(sent.value, clock);
        return { ok: true, value: null };
      }
      return refuse(request, sent.value);
    },

    async events(user, signal): Promise<Result<EventStream>> {
      const request: Request = {
        asked: `read ${user}'s event stream`,
        method: 'GET',
        url: `${api}/labs/${encodeURIComponent(user)}/events`,
        accept: 'text/event-stream',
        signal,
      };
      const sent = await send(request);
      if (!sent.ok) return sent;
      const head = headersOf(sent.value);
      const isRight = head.status === 200 && isEventStream(head) && compression(head) === null;
      if (!isRight) return refuse(request, sent.value);
      const { body } = sent.value.response;
      return { ok: true, value: { body, decode: decodeFrame, replay: 'whole', heartbeat: 'comment' } };
    },

    ownState(signal) {
      return labState({
        asked: "get the lab's status",
        method: 'GET',
        url: `${api}/user-status`,
        accept: 'application/json',
        signal,
      });
    },

    stateOf(user, signal) {
      return labState({
        asked: `get the status of ${user}'s lab`,
        method: 'GET',
        url: `${api}/labs/${encodeURIComponent(user)}`,
        accept: 'application/json',
        signal,
      });
    },

    async remove(user, signal): Promise<Result<null>> {
      const request: Request = {
        asked: `delete ${user}'s lab`,
        method: 'DELETE',
        url: `${api}/labs/${encodeURIComponent(user)}`,
        accept: 'application/json',
        hintIfSent: 'The deletion may still continue; check with `lab status`.',
        signal,
      };
      const sent = await send(request);
      if (!sent.ok) return sent;
      if (sent.value.response.statusCode !== 204) {
        const refused = await refuse(request, sent.value);
        // The first request, whose response was lost, has deleted the lab.
        const isGone = sent.value.repeated && refused.failure.kind === 'not-found';
        return isGone ? { ok: true, value: null } : refused;
      }
      discard(sent.value, clock);
      return { ok: true, value: null };
    },

    list(signal): Promise<Result<string[]>> {
      return getJson(
        {
          asked: 'list the users with running labs',
          method: 'GET',
          url: `${api}/labs`,
          accept: 'application/json',
          signal,
        },
        (json) => Users.safeParse(json).data ?? null,
      );
    },

    async choices(user, signal): Promise<Result<Choices | null>> {
      const request: Request = {
        asked: `get the images and sizes for ${user}`,
        method: 'GET',
        url: `${api}/lab-form/${encodeURIComponent(user)}`,
        accept: 'text/html',
        signal,
      };
      const [got, { parseForm }] = await Promise.all([get(request, isPage), import('./form.js')]);
      if (!got.ok) return got;
      const form = parseForm(got.value.body);
      if (form === null) {
        const failure = notAController(request.asked, got.value, shownBase, 'the response is not a lab form');
        return { ok: false, failure };
      }
      return { ok: true, value: form === 'unavailable' ? null : form };
    },

    whoAmI(signal): Promise<Result<string>> {
      return getJson(
        {
          asked: "look up the token's user",
          method: 'GET',
          url: '/auth/api/v1/user-info',
          accept: 'application/json',
          signal,
        },
        (json) => UserInfo.safeParse(json).data?.username ?? null,
      );
    },

    async tokenExpiry(signal): Promise<Result<number | null>> {
      const info = await getJson(
        {
          asked: 'look up when the token expires',
          method: 'GET',
          url: '/auth/api/v1/token-info',
          accept: 'application/json',
          signal,
        },
        (json) => TokenInfo.safeParse(json).data ?? null,
      );
      if (!info.ok) return info;
      const { expires } = info.value;
      return { ok: true, value: expires === undefined || expires === null ? null : expires * 1000 };
    },
  };
}

/** Whether a Location is on the controller itself. */
function leadsTo(base: URL, location: string | null, prefix: string): boolean {
  if (location === null || !URL.canParse(location, base.href)) return false;
  const target = new URL(location, base);
  return target.host === base.host && target.pathname.startsWith(`${prefix}/labs/`);
}
