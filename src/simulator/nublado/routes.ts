/**
 * The controller's routes: their checks, in the controller's order, and their responses.
 *
 * Owns paths, methods and handlers. The ingress (ingress.ts) decides which requests arrive here; the labs themselves
 * belong to labs.ts.
 */
import type { IncomingMessage } from 'node:http';
import type { Faults } from '../stories/faults.js';
import { fits, labForm } from './form.js';
import { imageList, prepulls, resolveImage, sizes, type Image } from './images.js';
import { delegatedUser, ingressReply, type Caller, type Turnstile } from './ingress.js';
import type { Labs } from '../labs/labs.js';
import type { CreateResult } from '../labs/operation.js';
import type { Pauses } from '../http/pauses.js';
import type { Directory, Person, Quota } from '../labs/people.js';
import type { EventQueue } from '../labs/queue.js';
import * as refusals from './refusals.js';
import { html, json, jsonWithFloats, type Reply } from '../http/reply.js';
import { findScenario, scenarioTagPrefix, type Scenario } from '../stories/scenarios.js';
import type { LabRequest, State } from './state.js';
import { parseBody, validateCreate, type Specification } from './validate.js';

/** A request that has passed the ingress. `path` is relative to `base`, which is the URL that the client used. */
export interface Call {
  method: string;
  path: string;
  base: string;
  caller: Caller;
  request: Pick<IncomingMessage, 'headers' | 'url'>;
  body: () => Promise<string>;
}

/** What the routes work on. `scenario` applies unless an image tag chooses another. */
export interface Site {
  labs: Labs;
  directory: Directory;
  scenario: Scenario;
  faults: Faults;
  pauses: Pauses;
  turnstile: Turnstile;
}

/** A response: complete, or an event queue to stream. Null: cut the connection without one. */
export type Outgoing = Reply | EventQueue | null;

type Handler = (site: Site, call: Call, username: string) => Outgoing | Promise<Outgoing>;

const routes: readonly (readonly [method: string, path: RegExp, handler: Handler])[] = [
  ['GET', /^$/, index],
  ['GET', /^\/spawner\/v1\/labs$/, ({ labs }) => json(200, labs.running())],
  ['GET', /^\/spawner\/v1\/labs\/([^/]+)$/, ({ labs }, _, username) => showState(labs, username, true)],
  ['POST', /^\/spawner\/v1\/labs\/([^/]+)\/create$/, create],
  ['DELETE', /^\/spawner\/v1\/labs\/([^/]+)$/, remove],
  ['GET', /^\/spawner\/v1\/labs\/([^/]+)\/events$/, events],
  ['GET', /^\/spawner\/v1\/user-status$/, ({ labs }, { caller }) => showState(labs, caller.username, false)],
  ['GET', /^\/spawner\/v1\/lab-form\/([^/]+)$/, form],
  ['GET', /^\/spawner\/v1\/images$/, () => json(200, imageList())],
  ['GET', /^\/spawner\/v1\/prepulls$/, () => jsonWithFloats(200, prepulls())],
];

export function dispatch(site: Site, call: Call): Outgoing | Promise<Outgoing> {
  let allow: string | undefined;
  for (const [method, pattern, handler] of routes) {
    const match = pattern.exec(call.path);
    if (match && method === call.method) return handler(site, call, decode(match[1] ?? ''));
    // FastAPI reports the method of only the first route with this path.
    if (match) allow ??= method;
  }
  return allow === undefined ? refusals.notFound : refusals.methodNotAllowed(allow);
}

function index(): Reply {
  return json(200, {
    metadata: {
      name: 'Nublado',
      version: '15.1.0',
      description: 'Nublado Jupyter service for the Rubin Science Platform.',
      repository_url: 'https://github.com/lsst-sqre/nublado',
      documentation_url: 'https://nublado.lsst.io',
    },
  });
}

function showState(labs: Labs, username: string, inPath: boolean): Reply {
  const state: State | null = labs.find(username)?.state ?? null;
  return state === null ? refusals.unknownUser(username, inPath) : jsonWithFloats(200, state);
}

function events({ labs }: Site, { caller }: Call, username: string): Outgoing {
  if (username !== caller.username) return refusals.permissionDenied;
  return labs.find(username)?.queue ?? refusals.unknownUser(username, true);
}

/** The result, or a 504 if the ingress times out first. The operation still takes effect. */
async function inTime<T>(
  { pauses }: Site,
  { request }: Call,
  ms: number | null,
  result: Promise<T>,
): Promise<T | Reply> {
  if (ms === null) return result;
  return Promise.race([result, pauses.pause(ms).then(() => ingressReply(504, request))]);
}

async function remove(site: Site, call: Call, username: string): Promise<Reply> {
  const deletion = site.labs.find(username)?.delete() ?? Promise.resolve('unknown' as const);
  const result = await inTime(site, call, site.faults.deleteTimeoutMs, deletion);
  if (typeof result !== 'string') return result;
  switch (result) {
    case 'deleted':
      return { status: 204, headers: { 'content-type': 'application/json' }, body: '' };
    case 'failed':
      return refusals.deleteFailed;
    case 'unknown':
      return refusals.unknownUser(username, true);
    case 'conflict':
      return refusals.operationInProgress(username, null);
  }
}

function form({ directory, scenario }: Site, { caller }: Call, username: string): Reply {
  if (caller.token === null) return refusals.unprocessable([missingToken]);
  const owner = delegatedUser(caller, directory);
  if ('refusal' in owner) return owner.refusal;
  if (username !== owner.person.username) return refusals.permissionDenied;
  return html(labForm(quotaOf(owner.person, scenario)));
}

async function create(site: Site, call: Call, username: string): Promise<Reply | null> {
  const lost = site.faults.lostCreates.shift();
  if (lost === 'before') return null;
  const reply = await decideCreate(site, call, username);
  return lost === 'after' ? null : reply;
}

async function decideCreate(site: Site, call: Call, username: string): Promise<Reply | null> {
  const { caller, request, body: read } = call;
  const { directory, labs, turnstile } = site;
  const body = parseBody(await read(), request.headers['content-type']);
  if ('errors' in body) return refusals.unprocessable(body.errors);
  const owner = caller.token === null ? null : delegatedUser(caller, directory);
  if (owner && 'refusal' in owner) return owner.refusal;
  const validated = validateCreate(body.value);
  const errors = 'errors' in validated ? validated.errors : [];
  if (!owner) return refusals.unprocessable([missingToken, ...errors]);
  if ('errors' in validated) return refusals.unprocessable(errors);

  const { person } = owner;
  if (username !== person.username) return refusals.permissionDenied;
  if (person.uid === null) return refusals.noUid;
  if (person.quota?.spawn === false) return refusals.spawningNotPermitted;
  const wanted = wantedLab(validated.spec, person, site);
  if ('scenario' in wanted && wanted.scenario !== site.scenario && wanted.scenario.ingress) {
    // A scenario chosen by tag affects only its own user at the ingress.
    const rejected = turnstile.reject(username, wanted.scenario.ingress);
    if (rejected !== undefined) return ingressReply(rejected, request);
    turnstile.reset(username);
  }
  const lab = labs.register(username);
  if ('refusal' in wanted) return wanted.refusal;
  lab.arrange(person, wanted.request, wanted.scenario);
  const { create: fate } = wanted.scenario;
  if (fate?.kind === 'broken') return refusals.internalError;
  const slow = fate?.kind === 'slow' && lab.isDead ? fate : { decidedMs: 0, lostMs: null };
  const ms = Math.max(site.faults.createDelayMs, slow.decidedMs);
  const reply = (ms > 0 ? site.pauses.pause(ms) : Promise.resolve()).then(() =>
    createReply(lab.create(person, wanted.request, wanted.scenario), site, call, username),
  );
  return inTime(site, call, slow.lostMs ?? site.faults.createTimeoutMs, reply);
}

function createReply(result: CreateResult, { faults }: Site, { base }: Call, username: string): Reply {
  const location = `${base}/spawner/v1/labs/${encodeURIComponent(username)}`;
  switch (result) {
    case 'created':
      if (faults.olderController) return { status: 303, headers: { location }, body: '' };
      return json(201, null, { location });
    case 'exists':
      return refusals.labExists(username);
    case 'spawn':
    case 'delete':
      return refusals.operationInProgress(username, result);
  }
}

/** The requested lab and its scenario, or the refusal. */
function wantedLab(
  spec: Specification,
  person: Person,
  site: Site,
): { request: LabRequest; scenario: Scenario } | { refusal: Reply } {
  const resolved = resolveImage(spec.image);
  if ('refusal' in resolved) return resolved;
  const { image } = resolved;
  const scenario = scenarioOf(image, site);
  const size = sizes.find(({ name }) => name === spec.size);
  if (size === undefined) return { refusal: refusals.invalidSize(spec.size) };
  if (!fits(size, quotaOf(person, scenario))) return { refusal: refusals.insufficientQuota };
  const { enable_debug, reset_user_env, env } = spec;
  const prefix = env['JUPYTERHUB_SERVICE_PREFIX'] ?? '';
  return { request: { image, size, enable_debug, reset_user_env, prefix }, scenario };
}

function scenarioOf({ tag }: Image, site: Site): Scenario {
  if (!tag.startsWith(scenarioTagPrefix)) return site.scenario;
  return findScenario(tag.slice(scenarioTagPrefix.length)) ?? site.scenario;
}

/** The user's quota in this scenario. */
export function quotaOf({ quota }: Person, scenario: Scenario): Quota | null {
  return quota?.spawn === false ? quota : (scenario.quota ?? quota);
}

const missingToken: refusals.ValidationError = {
  type: 'missing',
  loc: ['header', 'X-Auth-Request-Token'],
  msg: 'Field required',
  input: null,
};

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
