/**
 * The Hub's routes, one method each (contract, "Routes").
 *
 * Owns the paths, the bodies and which responses are valid. `failures.ts` decides what a refusal means, and `backend.ts`
 * what the results mean to a command. The token goes to the Hub's origin only.
 */
import { createRequests } from '../../http/requests.js';
import { compression, header, headersOf, isEventStream, isJson } from '../../http/response.js';
import {
  createTransport,
  discard,
  type Credentials,
  type Request,
  type TransportOptions,
} from '../../http/transport.js';
import type { UserOptions } from '../../model/lab-request.js';
import type { Failure, Result } from '../../model/result.js';
import { createDecoder } from './decode.js';
import type { EventStream } from '../../stream/event-stream.js';
import { bodyTime, notAHub, refusal, type RefusalContext } from './failures.js';
import { createSessionTransport, type SessionCredentials } from './login.js';
import { segment } from './names.js';
import { progressBody } from './progress-body.js';
import { TokenOwner, UserModel, UserPage, Version } from './schemas.js';

/** A server of a user. The default server's name is empty. */
export interface ServerId {
  user: string;
  server: string;
}

export interface HubClientOptions extends Omit<TransportOptions, 'credentials'> {
  /** `session`: the token of a platform, with which the Hub opens a session. */
  credentials: Credentials | SessionCredentials;
}

export interface HubClient {
  /** The owner of the token. */
  owner(signal: AbortSignal): Promise<Result<TokenOwner>>;
  /** A user with the servers that are active or pending. */
  user(name: string, signal: AbortSignal): Promise<Result<UserModel>>;
  /** All users with a server that is ready. */
  readyUsers(signal: AbortSignal): Promise<Result<UserModel[]>>;
  /** Requests a server. The Hub holds its response while the server starts, and success does not say whether it has. */
  start(server: ServerId, options: UserOptions, signal: AbortSignal): Promise<Result<null>>;
  /**
   * Opens the progress stream. A failure of kind `not-found` means that no spawn is in progress. `isStarting` is called if
   * the stream has ended with a `failed`, which a Spawner may have written.
   */
  progress(
    server: ServerId,
    isStarting: () => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<Result<EventStream>>;
  /** Stops a server. `remove`: also deletes its name. */
  stop(server: ServerId, remove: boolean, signal: AbortSignal): Promise<Result<'stopped' | 'stopping'>>;
}

/** The Hub sends something every eight seconds, so this is two and a half signs of life, in milliseconds. */
const idle = 20_000;

/** Users on one page of the list. A Hub may send fewer. */
const pageSize = 200;

/** The maximum size of a page in bytes: it has the options of all these users' servers. */
const pageLimit = 32 * 1024 * 1024;

export function createHubClient(options: HubClientOptions): HubClient {
  const { base: root, clock, credentials } = options;
  /** With a slash at the end, so that it is a prefix. */
  const base = new URL(root);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  const api = `${base.pathname}hub/api`;

  const context = ({ asked }: Request): RefusalContext => ({
    asked,
    base,
    tokenOrigin: credentials.origin ?? null,
    isSession: credentials.kind === 'session',
  });
  /** Every response of the Hub contains it. */
  let version: string | null = null;
  const requests = createRequests(
    options,
    credentials.kind === 'session'
      ? createSessionTransport({ ...options, base, credentials })
      : createTransport({ ...options, credentials }),
    {
      refusal: (request, reply) => refusal(context(request), reply),
      unexpected: (request, received, is) => notAHub(context(request), received, is),
      bodyTime: (_request, head) => bodyTime(head),
    },
    ({ response }) => {
      version = header(response, 'x-jupyterhub-version') ?? version;
    },
  );

  function getJson<T>(request: Request, schema: Schema<T>): Promise<Result<T>> {
    return requests.getJson(request, (json) => schema.safeParse(json).data ?? null);
  }

  function get(asked: string, path: string, signal: AbortSignal): Request {
    return { asked, method: 'GET', url: `${api}${path}`, accept: 'application/json', signal };
  }

  /** The number before the first dot of the Hub's version. */
  async function majorVersion(signal: AbortSignal): Promise<Result<number>> {
    if (version === null) {
      const asked = await getJson(get('get the version of the Hub', '/', signal), Version);
      if (!asked.ok) return asked;
      version = asked.value.version;
    }
    return { ok: true, value: Number.parseInt(version, 10) };
  }

  return {
    owner: (signal) => getJson(get('look up whose token this is', '/user', signal), TokenOwner),

    user: (name, signal) =>
      getJson(get(`get the servers of ${name}`, `/users/${segment(name)}`, signal), UserModel),

    async readyUsers(signal) {
      const users = new Map<string, UserModel>();
      for (let offset = 0; ;) {
        const request: Request = {
          ...get(
            'list the users with servers',
            `/users?state=ready&limit=${pageSize}&offset=${offset}`,
            signal,
          ),
          accept: 'application/jupyterhub-pagination+json',
          bodyLimit: pageLimit,
        };
        const page = await getJson(request, UserPage);
        if (!page.ok) return page;
        const known = users.size;
        for (const user of page.value.items) users.set(user.name, users.get(user.name) ?? user);
        // The Hub's URL of the next page is not used: it may be wrong behind a proxy.
        offset += page.value.items.length;
        // If the Hub sends the same page again, the loop would never end.
        if (users.size === known || offset >= page.value.total)
          return { ok: true, value: [...users.values()] };
      }
    },

    async start(server, userOptions, signal) {
      const body = userOptions === 'reuse' ? null : await startBody(userOptions, () => majorVersion(signal));
      if (body !== null && !body.ok) return body;
      const request: Request = {
        asked: `start ${describe(server)}`,
        method: 'POST',
        url: `${api}${pathOf(server)}`,
        accept: 'application/json',
        ...(body === null ? {} : { json: body.value }),
        hintIfSent: 'The Hub may have begun to start it all the same; check with `lab status`.',
        signal,
      };
      const sent = await requests.send(request);
      if (!sent.ok) return sent;
      const { statusCode } = sent.value.response;
      if (statusCode !== 201 && statusCode !== 202) return requests.refuse(request, sent.value);
      discard(sent.value, clock);
      return { ok: true, value: null };
    },

    async progress(server, isStarting, signal) {
      const request: Request = {
        asked: `read the progress of ${describe(server)}`,
        method: 'GET',
        url: `${api}${pathOf(server)}/progress`,
        accept: 'text/event-stream',
        signal,
      };
      const sent = await requests.send(request);
      if (!sent.ok) return sent;
      const head = headersOf(sent.value);
      if (head.status !== 200 || !isEventStream(head) || compression(head) !== null) {
        const { failure } = await requests.refuse(request, sent.value);
        return { ok: false, failure: head.status === 400 && isJson(head) ? notStarting(failure) : failure };
      }
      const progress = progressBody(sent.value.response.body, async () => !(await isStarting()));
      return {
        ok: true,
        value: {
          body: progress.body,
          decode: createDecoder(() => progress.isLast()),
          replay: 'unknown',
          heartbeat: 'bytes',
          idleTimeout: idle,
        },
      };
    },

    async stop(server, remove, signal) {
      const request: Request = {
        asked: `stop ${describe(server)}`,
        method: 'DELETE',
        url: `${api}${pathOf(server)}`,
        accept: 'application/json',
        ...(remove ? { json: { remove: true } } : {}),
        hintIfSent: 'The Hub may stop it all the same; check with `lab status`.',
        signal,
      };
      const sent = await requests.send(request);
      if (!sent.ok) return sent;
      const { statusCode } = sent.value.response;
      if (statusCode !== 204 && statusCode !== 202) return requests.refuse(request, sent.value);
      discard(sent.value, clock);
      return { ok: true, value: statusCode === 204 ? 'stopped' : 'stopping' };
    },
  };
}

interface Schema<T> {
  safeParse: (value: unknown) => { data?: T | undefined };
}

/** The body of a start. Since version 6 the options have their own key; earlier versions would not read it. */
async function startBody(
  options: Exclude<UserOptions, 'reuse'>,
  majorVersion: () => Promise<Result<number>>,
): Promise<Result<unknown>> {
  const major = await majorVersion();
  if (!major.ok) return major;
  return { ok: true, value: major.value < 6 ? options : { user_options: options } };
}

/** The Hub reports this with 400 or 404, depending on what it has in memory. */
function notStarting(failure: Failure): Failure {
  return { ...failure, kind: 'not-found', error: { ...failure.error, type: 'not_starting' } };
}

function pathOf({ user, server }: ServerId): string {
  const path = `/users/${segment(user)}`;
  return server === '' ? `${path}/server` : `${path}/servers/${segment(server)}`;
}

function describe({ user, server }: ServerId): string {
  return server === '' ? `the server of ${user}` : `the server ${server} of ${user}`;
}
