/**
 * Every scenario of the simulated platform, and the look-up by name.
 *
 * Owns what happens in each of them, as data: the lab's story at the controller, when Jupyter listens in it, and what
 * happens meanwhile. platform.ts does it. Cheap to import, because the command line lists these names.
 */
import type { Scenario } from '../stories/scenarios.js';
import { brisk, imagePullFailure, immediate, slowPull } from '../stories/stories.js';
import type { PlatformHosts } from './ingress.js';
import { complete, created, kubernetes, starting, wait, type Story } from '../stories/story.js';

/** What can happen to a platform while it is used. */
export type Incident =
  /** All sessions at the Hub end. */
  | 'sessions end'
  /** Streams of the controller are cut, and all further requests to it from outside get 503. */
  | 'controller away'
  | 'controller back'
  /** The same for event streams only. */
  | 'events away'
  /** The controller's process restarts: a spawn continues, a deletion does not. */
  | 'controller restarts'
  /** The Hub is killed, and is back after four seconds. */
  | 'hub restarts'
  /** Somebody deletes the lab at the controller. */
  | 'lab deleted'
  /** The controller says something else about a lab that runs. */
  | 'lab said failed'
  | 'lab said terminating'
  /** The controller has no lab any more, and does not tell the Hub. */
  | 'lab forgotten'
  /** The lab's pod dies, which nobody notices. */
  | 'pod dies';

export interface PlatformScenario {
  /** One line for `lab controller --list`. */
  summary: string;
  /** What the controller does with a lab. */
  lab: Omit<Scenario, 'summary'>;
  /** The time from the controller's `complete` until Jupyter listens, in milliseconds; null: it never does. Default 500. */
  listenMs?: number | null;
  /** How long the Hub waits for Jupyter; default 30 s. */
  httpTimeoutMs?: number;
  /** How long the Spawner takes before it requests a lab; default 50 ms. */
  delayMs?: number;
  /** The lifetime of all tokens. Default: they do not expire. */
  expiresInSeconds?: number;
  /** The Hub and each user's servers have hosts of their own. Default: everything is on one host. */
  hosts?: PlatformHosts;
  /** The server's state before the first request; default none. */
  before?: 'ready' | 'stopped';
  /** At times since the first spawn began, in milliseconds, or as soon as the Hub says ready. */
  incidents?: readonly (readonly [when: number | 'ready', what: Incident])[];
}

/** Everything that a display can show. With the two seconds that confirm a ready server, it lasts about five. */
const lively: Story = [
  wait(150),
  starting,
  wait(150),
  created,
  ...kubernetes(
    [250, 'Scaling up the cluster: node pool "notebooks" goes from 3 nodes to 4 (of at most 20)'],
    [250, '0/4 nodes are available: 4 Insufficient memory.'],
    [250, 'Successfully assigned userlabs-{user}/{user}-nb to node4'],
    [150, 'Pulling image "{image}"'],
    [600, 'Successfully pulled image "{image}" in 597ms. Image size: 9264512311 bytes.'],
    [100, 'Created container: notebook'],
    [100, 'Started container notebook'],
  ),
  wait(200),
  complete,
];

export const platformScenarios: Readonly<Record<string, PlatformScenario>> = {
  platform: {
    summary: 'Hub and controller: a lab that starts, in about five seconds',
    lab: { spawn: lively },
  },
  'platform-slow-pull': {
    summary: 'the image takes a minute to arrive: the response to the POST is 202 after 10 s',
    lab: { spawn: slowPull },
  },
  'platform-fail': {
    summary: 'the image cannot be pulled: the spawn fails, and the Hub deletes the lab',
    lab: { spawn: imagePullFailure },
  },
  'platform-orphan': {
    summary: 'the controller has a lab that the Hub does not know: a spawn deletes it first',
    lab: { spawn: lively, before: { story: immediate, now: 'over' } },
  },
  'platform-late': {
    summary: 'Jupyter responds 6 s after the controller says complete',
    lab: { spawn: lively },
    listenMs: 6000,
  },
  'platform-no-jupyter': {
    summary: 'the controller says complete, but Jupyter never responds: the spawn fails after 10 s',
    lab: { spawn: lively },
    listenMs: null,
    httpTimeoutMs: 10_000,
  },
  'platform-session': {
    summary: 'the session at the Hub ends in the middle of the spawn, which succeeds',
    lab: { spawn: lively },
    incidents: [[1200, 'sessions end']],
  },
  'platform-controller-away': {
    summary: 'the controller cannot be reached from the middle on; the Hub can, and the spawn succeeds',
    lab: { spawn: lively },
    incidents: [[1700, 'controller away']],
  },
  'platform-hub-restart': {
    summary: 'the Hub is killed in the middle, and adopts the lab when it is back',
    lab: { spawn: lively },
    incidents: [[1200, 'hub restarts']],
  },
  'platform-contradiction': {
    summary: 'the Hub says ready, while the controller has no lab; the Hub notices after 30 s',
    lab: { spawn: lively },
    incidents: [['ready', 'lab forgotten']],
  },
  'platform-expiring': {
    summary: 'a lab that starts; the token expires in an hour',
    lab: { spawn: lively },
    expiresInSeconds: 3600,
  },
  'platform-hosts': {
    summary: 'servers have hosts of their own',
    lab: { spawn: lively },
    hosts: { platform: 'localhost', hub: 'localhost' },
  },
  'platform-dead-pod': {
    summary: 'the pod dies as soon as the Hub says ready, which neither Hub nor controller notices',
    lab: { spawn: lively },
    incidents: [['ready', 'pod dies']],
  },
  'platform-running': {
    summary: 'a lab is ready already, at the Hub and at the controller',
    lab: { spawn: brisk },
    before: 'ready',
  },
  'platform-old-queue': {
    summary: 'a lab has been stopped; for 2 s after the POST the events are those of its deletion',
    lab: { spawn: lively },
    before: 'stopped',
    delayMs: 2000,
  },
};

export const platformScenarioNames: readonly string[] = Object.keys(platformScenarios);

export function findPlatformScenario(name: string): PlatformScenario | undefined {
  return Object.hasOwn(platformScenarios, name) ? platformScenarios[name] : undefined;
}
