/**
 * The API's routes for one server: start, stop, progress, and its model.
 *
 * Owns the checks of each route, in the Hub's order. api.ts decides which tokens may call them.
 */
import type { User } from './accounts.js';
import { access, type HubGrant } from './accounts.js';
import { serverModel } from './models.js';
import type { ProgressStream } from './progress.js';
import { pythonRepr } from './python-json.js';
import { apiEmpty, apiGone, apiHeaders, apiJson, type HubReply } from './replies.js';
import type { Server } from './server.js';
import type { Site } from './site.js';
import type { Spawn } from './spawn.js';
import type { Failure } from './story.js';

export interface ServerCall {
  user: User;
  name: string;
  grant: HubGrant;
  body: string;
}

export async function startServer(site: Site, { user, name, body }: ServerCall): Promise<HubReply> {
  const { release, limits } = site;
  if (name !== '') {
    if (!site.namedServers) return site.refuse(400, 'Named servers are not enabled.');
    const invalid = invalidName(site, name);
    if (invalid !== null) return site.refuse(400, invalid);
    if (limits.named !== null && user.find(name) === undefined && namedServers(user) >= limits.named) {
      const message =
        `User ${user.name} already has the maximum of ${limits.named} named servers.` +
        '  One must be deleted before a new server can be created';
      return site.refuse(400, message);
    }
  }
  const server = user.server(name);
  server.load();
  const failedBefore = server.spawn?.outcome?.kind === 'failed';
  if (server.pending === 'spawn') return apiEmpty(site.tornado, 202);
  if (server.pending === 'stop') return site.refuse(400, `${server.logName} is pending stop`);
  if (server.ready && server.notice()) return site.refuse(400, `${server.logName} is already running`);

  const options = readOptions(site, server, body);
  if ('refusal' in options) return options.refusal;
  const full = hubIsFull(site);
  if (full !== null) return full;
  if (options.displayName !== undefined) server.displayName = options.displayName;
  const spawn = server.start(site.storyOf(options.value, user.name), options.value);
  return new Promise((resolve) => {
    const accepted = release.strayCreated && failedBefore ? 201 : 202;
    hold(site, server, spawn, accepted, resolve);
  });
}

/** Responds when the spawn is over, or when the time limit of a POST is reached. */
function hold(
  site: Site,
  server: Server,
  spawn: Spawn,
  accepted: 201 | 202,
  reply: (reply: HubReply) => void,
): void {
  const { release, timers, slowSpawnMs } = site;
  const response = (): void => {
    if (spawn.outcome?.kind === 'failed') reply(failed(site, spawn.outcome.failure));
    else reply(apiEmpty(site.tornado, 201));
  };
  if (spawn.outcome) {
    response();
    return;
  }
  const stopWaiting = spawn.onOver(() => {
    cancel();
    response();
  });
  const cancel = timers.after(slowSpawnMs, () => {
    stopWaiting();
    const status = spawn.child?.status ?? null;
    if (status === null) {
      reply(apiEmpty(site.tornado, accepted));
      return;
    }
    const text = `Spawner failed to start [status=${status}]. The logs for ${server.logName} may contain details.`;
    const plain = release.exited.message === 'plain';
    timers.after(release.exited.afterMs, () => {
      reply(site.refuse(500, plain ? 'Internal Server Error' : text));
    });
  });
}

function failed(site: Site, failure: Failure | { kind: 'timeout' }): HubReply {
  const { release } = site;
  if (failure.kind === 'http') {
    return { ...site.refuse(failure.status, failure.text), reason: 'error' };
  }
  const told = failure.kind === 'told' && release.failedMessageToUser;
  return site.refuse(500, told ? failure.message : release.failedMessage);
}

/** The options of a start. Without a body, those of the last one. */
function readOptions(
  site: Site,
  { options: last }: Server,
  body: string,
): { value: unknown; displayName?: string } | { refusal: HubReply } {
  if (body === '') return { value: last };
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { refusal: site.refuse(400, 'Invalid JSON in body of request') };
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!site.release.serverRoutes) {
    if (value === null) return { value: last };
    return isObject ? { value } : { refusal: site.refuse(500, 'Internal Server Error') };
  }
  if (!isObject) return { refusal: site.refuse(400, 'Body must be a JSON object') };
  const object = value as Record<string, unknown>;
  const { user_options: options, display_name: displayName } = object;
  if (options === undefined && displayName === undefined) {
    return { value: Object.keys(object).length === 0 ? last : object };
  }
  if (displayName !== undefined && typeof displayName !== 'string') {
    return { refusal: site.refuse(400, 'display_name must be a string') };
  }
  if (options !== undefined && (typeof options !== 'object' || Array.isArray(options))) {
    return { refusal: site.refuse(400, 'user_options must be an object or null') };
  }
  return { value: options ?? last, ...(displayName === undefined ? {} : { displayName }) };
}

function hubIsFull(site: Site): HubReply | null {
  const { limits, faults } = site;
  const servers = site.accounts.servers();
  const pending = servers.filter((server) => server.pending === 'spawn').length;
  const active = servers.filter((server) => server.active).length;
  const forced = faults.full.shift();
  const tooMany = limits.concurrent !== null && pending >= limits.concurrent ? limits.retryAfter : forced;
  if (typeof tooMany === 'number') {
    const human = Math.ceil(tooMany / 10) * 10;
    const reply = site.refuse(
      429,
      `Too many users trying to log in right now. Try again in ${human} seconds.`,
    );
    return { ...reply, headers: [...reply.headers, ['retry-after', String(tooMany)]] };
  }
  if (tooMany === null || (limits.active !== null && active >= limits.active)) {
    return site.refuse(429, 'Active user limit exceeded. Try again in a few minutes.');
  }
  return null;
}

function invalidName({ release }: Site, name: string): string | null {
  if (release.serverNames === 'without slash') {
    return name.includes('/') ? `Invalid server_name (may not contain '/'): ${name}` : null;
  }
  const isSlug = name.length <= 255 && /^[A-Za-z0-9](?:[A-Za-z0-9._~-]*[A-Za-z0-9])?$/.test(name);
  return isSlug ? null : `Invalid server_name: ${pythonRepr(name)}`;
}

function namedServers(user: User): number {
  return [...user.servers.values()].filter(({ name, recorded }) => name !== '' && recorded).length;
}

export async function stopServer(site: Site, { user, name, body }: ServerCall): Promise<HubReply> {
  const { release } = site;
  let remove: boolean;
  try {
    remove = body !== '' && (JSON.parse(body) as { remove?: unknown } | null)?.remove === true;
  } catch {
    return site.refuse(400, 'Invalid JSON in body of request');
  }
  if (name === '') {
    if (remove) return site.refuse(400, 'Cannot delete the default server');
  } else {
    if (!site.namedServers) return site.refuse(400, 'Named servers are not enabled.');
    if (!user.find(name)) return site.refuse(404, `${user.name} has no server named '${name}'`);
  }
  const server = user.server(name);
  if (server.pending === 'spawn' && !release.cancelsSpawns) {
    return site.refuse(400, `${server.logName} is pending spawn, please wait`);
  }
  const forget = (): void => {
    if (!server.active) user.servers.delete(name);
  };
  return new Promise((resolve) => {
    server.stop(site.slowStopMs, (result) => {
      if (remove && result === 'stopped') forget();
      if (remove && result === 'stopping') server.onStopped(forget);
      if (result === 'stopped') resolve(apiGone(site.tornado));
      else if (result === 'stopping') resolve(apiEmpty(site.tornado, 202));
      else resolve(site.refuse(500, 'Internal Server Error'));
    });
  });
}

export function showServer(site: Site, { user, name, grant }: ServerCall): HubReply {
  const server = user.find(name);
  if (!server?.active) return site.refuse(404, null);
  const withState = access(grant, 'admin:server_state', user.name) === 'granted';
  return apiJson(site.tornado, 200, serverModel(server, withState, site), { etag: true });
}

/** PUT: creates a named server without starting it. */
export function makeServer(site: Site, call: ServerCall): HubReply {
  const { user, name, grant, body } = call;
  const invalid = invalidName(site, name);
  if (invalid !== null) return site.refuse(400, invalid);
  const server = user.server(name);
  const options = readOptions(site, server, body);
  if ('refusal' in options) return options.refusal;
  server.load();
  server.options = options.value;
  if (options.displayName !== undefined) server.displayName = options.displayName;
  const withState = access(grant, 'admin:server_state', user.name) === 'granted';
  return apiJson(site.tornado, 201, serverModel(server, withState, site));
}

export function progressOf(site: Site, { user, name }: ServerCall): HubReply | ProgressStream {
  const server = user.servers.get(name);
  if (!server?.loaded) return site.refuse(404, null);
  const { spawn } = server;
  const headers = apiHeaders(site.tornado, 'text/event-stream', { extra: [['cache-control', 'no-cache']] });
  const last = (): unknown => {
    if (server.ready) return readyEvent(site.addresses.server(server));
    return spawn?.outcome?.kind === 'failed' ? failedEvent(site, spawn.outcome.failure) : null;
  };
  if (server.pending === 'spawn') return { headers, spawn, last };
  const event = server.pending === null ? last() : null;
  return event === null
    ? site.refuse(400, `${server.logName} is not starting...`)
    : { headers, spawn: null, last: () => event };
}

function readyEvent(url: string): unknown {
  return {
    progress: 100,
    ready: true,
    message: `Server ready at ${url}`,
    html_message: `Server ready at <a href="${url}">${url}</a>`,
    url,
  };
}

function failedEvent({ release }: Site, failure: Failure | { kind: 'timeout' }): unknown {
  const reason = ((): string => {
    switch (failure.kind) {
      case 'exception':
        return failure.text;
      case 'told':
        return failure.message;
      case 'http':
        return `HTTP ${failure.status}: error (${failure.text})`;
      case 'timeout':
        return release.timeoutReason;
    }
  })();
  return {
    progress: 100,
    failed: true,
    message: `Spawn failed: ${reason}`,
    ...(failure.kind === 'told' ? { html_message: failure.htmlMessage } : {}),
  };
}
