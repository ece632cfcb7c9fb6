/**
 * All scenarios of the simulated controller, and the look-up by name.
 *
 * Owns which story a scenario plays, and its other conditions: an existing lab, a quota, the ingress, the network. The
 * stories belong to stories.ts. Cheap to import, because the command line lists these names.
 */
import type { Delivery } from '../http/delivery.js';
import { gibibyte, type Quota } from '../labs/people.js';
import type { Rejections } from '../nublado/ingress.js';
import * as stories from './stories.js';
import type { Story } from './story.js';
import * as surprises from './surprises.js';

export interface Scenario {
  /** One line for `lab controller --list`. */
  summary: string;
  /** The story of a create. */
  spawn: Story;
  /** The lab that exists before the create: its spawn, and its state now. */
  before?: { story: Story; now: 'over' | 'dead' | 'in progress' | 'being deleted' };
  /**
   * A fault of the create request. `broken`: always a 500. `slow`: Kubernetes is slow while the old lab exists, so the
   * ingress responds 504 after `lostMs` and the create takes effect after `decidedMs`.
   */
  create?: { kind: 'broken' } | { kind: 'slow'; decidedMs: number; lostMs: number };
  /** The story of a DELETE, if it is not the ordinary deletion. */
  deletion?: Story;
  /** Replaces every user's own. */
  quota?: Quota;
  /** Network faults of the spawn's stream. */
  delivery?: Delivery;
  /** Requests that the ingress rejects. */
  ingress?: Rejections;
}

/** The image tag `scenario-NAME` chooses a scenario for one lab. */
export const scenarioTagPrefix = 'scenario-';

export const scenarios: Readonly<Record<string, Scenario>> = {
  happy: { summary: 'a spawn that succeeds, in about five seconds', spawn: stories.happy },
  'slow-pull': { summary: 'the image takes a minute to arrive, with few events', spawn: stories.slowPull },
  'image-pull-failure': {
    summary: 'the image cannot be pulled: the spawn fails',
    spawn: stories.imagePullFailure,
  },
  quota: {
    summary: 'the user has no quota for a lab of any size: the create is refused, 403',
    spawn: stories.happy,
    quota: { cpu: 0.5, memory: 1.5 * gibibyte, spawn: true },
  },
  'spawn-timeout': {
    summary: 'no node has room: the spawn times out after 3 s',
    spawn: stories.spawnTimeout,
  },
  unschedulable: {
    summary: 'no node has room, reported repeatedly: the spawn times out after 8 s',
    spawn: stories.unschedulable,
  },
  recreate: {
    summary: 'a failed lab exists and is replaced',
    spawn: stories.brisk,
    before: { story: stories.createFailure, now: 'over' },
  },
  'delete-failure': {
    summary: 'the spawn succeeds, but the lab cannot be deleted: 500',
    spawn: stories.brisk,
    deletion: stories.failedDeletion,
  },
  cut: {
    summary: 'succeeds; the first two streams are dropped in the middle of an event',
    spawn: stories.happy,
    // The second time it is `complete` of which half arrives.
    delivery: { kind: 'cut', at: [5, 12] },
  },
  stall: {
    summary: 'succeeds, but the stream falls silent half way, even the pings',
    spawn: stories.happy,
    delivery: { kind: 'stall', at: 6 },
  },
  'ping-only': {
    summary: 'succeeds after 2 s, but the stream has only pings',
    spawn: stories.pingOnly,
  },
  restart: {
    summary: 'the controller restarts in the middle of the spawn, which succeeds',
    spawn: stories.restarted,
  },
  buffered: {
    summary: 'succeeds; the stream arrives all at once, when it is over',
    spawn: stories.happy,
    delivery: { kind: 'buffered' },
  },
  malformed: { summary: 'succeeds, with some invalid frames', spawn: stories.malformed },
  hostile: { summary: 'succeeds, with messages that attack a terminal', spawn: stories.hostile },
  flood: { summary: 'succeeds after a million events', spawn: stories.flood },
  conflict: {
    summary: 'another spawn is in progress: the create is refused with 409',
    spawn: stories.happy,
    before: { story: stories.happy, now: 'in progress' },
  },
  exists: {
    summary: 'a lab is already running: the create is refused with 409',
    spawn: stories.brisk,
    before: { story: stories.immediate, now: 'over' },
  },
  deleting: {
    summary: 'a lab is being deleted, for 3 s: the create is refused with 409',
    spawn: stories.brisk,
    before: { story: stories.immediate, now: 'being deleted' },
    deletion: stories.slowDeletion,
  },
  'login-page': {
    summary: 'the ingress redirects every request to the login page',
    spawn: stories.happy,
    ingress: { response: 'login', times: Infinity },
  },
  'rate-limit': {
    summary: 'the first two requests get a 429 from the ingress, then as happy',
    spawn: stories.happy,
    ingress: { response: 429, times: 2 },
  },
  immediate: { summary: 'the pod starts at once: three events', spawn: stories.immediate },
  delayed: { summary: 'a spawn that succeeds in 1.3 s, with 14 events of the pod', spawn: stories.delayed },
  'create-failure': {
    summary: 'the pod cannot be created: the spawn fails at once',
    spawn: stories.createFailure,
  },
  'failed-state': {
    summary: 'succeeds in 10 s; the state says failed until the pod exists',
    spawn: surprises.failedMeanwhile,
  },
  'deleting-failed': {
    summary: 'a lab is being deleted, for 9 s, and its state says failed: 409',
    spawn: stories.brisk,
    before: { story: stories.immediate, now: 'being deleted' },
    deletion: surprises.failedDeletionMeanwhile,
  },
  'dead-pod': {
    summary: 'complete, though the pod has failed; the state says running',
    spawn: surprises.deadOnArrival,
  },
  'recreate-lost': {
    summary: 'a dead lab is replaced after 3 s; the create gets a 504',
    spawn: stories.brisk,
    before: { story: stories.immediate, now: 'dead' },
    create: { kind: 'slow', decidedMs: 3000, lostMs: 1000 },
  },
  'create-broken': {
    summary: 'every create gets a 500 without a reason',
    spawn: stories.happy,
    create: { kind: 'broken' },
  },
  'failure-forgotten': {
    summary: 'fails; a restart forgets it, and the stream had only the reason',
    spawn: surprises.forgottenFailure,
  },
  'deletion-forgotten': {
    summary: 'succeeds; a restart in the first deletion forgets that deletion',
    spawn: stories.brisk,
    deletion: surprises.forgottenDeletion,
  },
};

export const scenarioNames: readonly string[] = Object.keys(scenarios);

export function findScenario(name: string): Scenario | undefined {
  return Object.hasOwn(scenarios, name) ? scenarios[name] : undefined;
}
