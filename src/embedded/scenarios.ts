/**
 * Every story that the embedded controller can tell, as data, and the look-up by name.
 *
 * Owns what is said and how long it takes. Who asks, what is refused and how a story reaches a stream belongs
 * to the rooms around it (routes.ts, labs.ts). Cheap to import: the command line lists these names.
 */
import { hostileMessages, malformedFrames } from './nasty.js';
import {
  bytes,
  complete,
  created,
  error,
  failed,
  info,
  kubernetes,
  starting,
  status,
  wait,
  type Step,
  type Story,
} from './story.js';

export interface Scenario {
  /** One line for `lab controller --list`. */
  summary: string;
  /** What a create sets off. */
  spawn: Story;
  /** What stood there before the create: a story that is over already, or one under way. */
  before?: { story: Story; over: boolean };
  /** What a DELETE sets off, where it is not the ordinary deletion. */
  deletion?: Story;
}

/** This and a scenario's name make the image tag that chooses the scenario for one lab. */
export const scenarioTagPrefix = 'scenario-';

/** A DELETE that succeeds (contract, "What each operation sends"). Its stream has no terminal event. */
export const deletion: Story = [
  info('Shutting down Kubernetes pod', 25),
  wait(600),
  info('Deleting user namespace', 62),
  wait(600),
  info('Lab for {user} deleted', 100),
];

/** What comes after `starting` where a failed lab is being replaced (capture 07, W2). */
export const cleanup: Story = [
  info('Deleting existing failed lab for {user}', 2),
  info('Shutting down Kubernetes pod', 5),
  wait(200),
  info('Deleting user namespace', 12),
  wait(500),
  info('Lab for {user} deleted', 20),
  status('terminated'),
  wait(100), // the controller needs a moment too, and a client may ask within it
  status('pending'),
];

const assigned = 'Successfully assigned userlabs-{user}/{user}-nb to node4';
const pulling = 'Pulling image "{image}"';
const noRoom =
  '0/4 nodes are available: 1 node(s) had untolerated taint {node.cloudprovider.kubernetes.io/uninitialized: ' +
  'true}, 3 Insufficient memory. preemption: 0/4 nodes are available: 1 Preemption is not helpful for ' +
  'scheduling, 3 No preemption victims found for incoming pod.';
const notReady =
  'Readiness probe failed: Get "http://10.24.3.17:8888/nb/user/{user}/api": dial tcp 10.24.3.17:8888: connect: ' +
  'connection refused';

/** Long enough for the part of a display that is seen while nothing is known of the spawn yet. */
const quiet = wait(700);

const happy: Step[] = [
  quiet,
  starting,
  wait(350),
  created,
  ...kubernetes(
    [350, 'Scaling up the cluster: node pool "notebooks" goes from 3 nodes to 4 (of at most 20)'],
    [500, noRoom],
    [450, assigned],
    [250, 'Mounted the volume "home" of {user}'],
    [250, pulling],
    [900, 'Successfully pulled image "{image}" in 897ms. Image size: 9264512311 bytes.'],
    [150, 'Created container: notebook'],
    [150, 'Started container notebook'],
    [350, notReady],
    [350, 'Container notebook is ready'],
  ),
  wait(250),
  complete,
];

const slowPull: Step[] = [
  quiet,
  starting,
  wait(350),
  created,
  ...kubernetes(
    [400, assigned],
    [600, pulling],
    [24_000, 'Image "{image}" is still being pulled: 8 of 41 layers done'],
    [24_000, 'Image "{image}" is still being pulled: 37 of 41 layers done'],
    [12_000, 'Successfully pulled image "{image}" in 1m0.004s. Image size: 9264512311 bytes.'],
    [200, 'Created container: notebook'],
    [200, 'Started container notebook'],
  ),
  wait(600),
  complete,
];

const imagePullFailure: Step[] = [
  wait(400),
  starting,
  wait(200),
  created,
  ...kubernetes(
    [300, assigned],
    [200, pulling],
    [
      700,
      'Failed to pull image "{image}": failed to resolve reference "{image}": unexpected status from HEAD request: ' +
        '503 Service Unavailable',
    ],
    [50, 'Error: ErrImagePull'],
    [500, 'Back-off pulling image "{image}"'],
    [50, 'Error: ImagePullBackOff'],
  ),
  wait(600),
  error('Pod userlabs-{user}/{user}-nb cannot start: ImagePullBackOff: Back-off pulling image "{image}"'),
  failed,
];

// Captures 01, 02, 03 and 06, word for word.
const immediate: Step[] = [starting, created, complete];
const delayed: Step[] = [
  starting,
  created,
  ...kubernetes(
    [290, 'Autoscaling cluster for reasons'],
    [150, 'Mounting all the things'],
    [150, 'Successfully assigned userlabs-{user}/{user}-nb to node1'],
    [150, pulling],
    [350, 'filler 0'],
    ...Array.from({ length: 9 }, (_, index) => [1, `filler ${index + 1}`] as const),
  ),
  wait(210),
  complete,
];
const createFailure: Step[] = [
  starting,
  error('Error creating object (Pod userlabs-{user}/{user}-nb, status 400): Something bad happened'),
  failed,
];
const spawnTimeout: Step[] = [
  starting,
  created,
  ...kubernetes([290, '0/5 nodes are available: 5 Insufficient memory.']),
  wait(2725),
  error('Lab spawn timed out after 3.001515'),
  failed,
];

const malformed: Step[] = [
  wait(300),
  starting,
  created,
  ...malformedFrames.flatMap((frame) => [wait(50), bytes(frame)]),
  wait(300),
  complete,
];

const hostile: Step[] = [
  wait(300),
  starting,
  created,
  ...kubernetes(...hostileMessages.map((message) => [100, message] as const)),
  wait(300),
  complete,
];

export const scenarios: Readonly<Record<string, Scenario>> = {
  happy: { summary: 'a spawn that succeeds, in about five seconds', spawn: happy },
  'slow-pull': { summary: 'the image takes a minute to arrive, with few events', spawn: slowPull },
  'image-pull-failure': { summary: 'the image cannot be pulled: the spawn fails', spawn: imagePullFailure },
  'spawn-timeout': { summary: 'no node has room: the spawn times out after 3 s', spawn: spawnTimeout },
  recreate: {
    summary: 'a failed lab stands there and is replaced',
    spawn: [wait(400), starting, created, wait(400), complete],
    before: { story: createFailure, over: true },
  },
  conflict: {
    summary: 'another spawn is under way already: the create is refused with 409',
    spawn: happy,
    before: { story: happy, over: false },
  },
  malformed: { summary: 'succeeds, with frames in between that are no events', spawn: malformed },
  hostile: { summary: 'succeeds, with messages made to upset a terminal', spawn: hostile },
  immediate: { summary: 'the pod starts at once: three events', spawn: immediate },
  delayed: { summary: 'a spawn that succeeds in 1.3 s, with 14 events of the pod', spawn: delayed },
  'create-failure': { summary: 'the pod cannot be created: the spawn fails at once', spawn: createFailure },
};

export const scenarioNames: readonly string[] = Object.keys(scenarios);

export function findScenario(name: string): Scenario | undefined {
  return Object.hasOwn(scenarios, name) ? scenarios[name] : undefined;
}
