/**
 * The stories of spawns and deletions: their events and pauses, as data.
 *
 * Owns the texts and times. scenarios.ts chooses the story and its other conditions. Stories with a misleading state
 * are in surprises.ts.
 */
import { hostileMessages, malformedFrames } from './nasty.js';
import {
  bytes,
  complete,
  created,
  crowd,
  error,
  failed,
  failure,
  info,
  kubernetes,
  podGone,
  restart,
  starting,
  status,
  unreported,
  wait,
  type Step,
  type Story,
} from './story.js';

/** A DELETE that succeeds (contract, "What each operation sends"). Its stream has no terminal event. */
export const deletion: Story = [
  info('Shutting down Kubernetes pod', 25),
  wait(600),
  podGone,
  info('Deleting user namespace', 62),
  wait(600),
  info('Lab for {user} deleted', 100),
];

/** The same without pauses. */
export const quickDeletion: Story = [
  info('Shutting down Kubernetes pod', 25),
  podGone,
  info('Deleting user namespace', 62),
  info('Lab for {user} deleted', 100),
];

/** The same, but long enough to be found in progress. */
export const slowDeletion: Story = [
  info('Shutting down Kubernetes pod', 25),
  wait(2000),
  podGone,
  info('Deleting user namespace', 62),
  wait(1000),
  info('Lab for {user} deleted', 100),
];

export const failedDeletion: Story = [
  info('Shutting down Kubernetes pod', 25),
  wait(1200),
  error('Error deleting object (Pod userlabs-{user}/{user}-nb, status 500): etcdserver: request timed out'),
  failure('Lab delete failed'),
];

/** Follows `starting` if a failed lab is replaced (capture 07, W2). */
const cleanup: Story = [
  info('Deleting existing failed lab for {user}', 2),
  info('Shutting down Kubernetes pod', 5),
  wait(200),
  podGone,
  info('Deleting user namespace', 12),
  wait(500),
  info('Lab for {user} deleted', 20),
  status('terminated'),
  wait(100), // the state stays `terminated` for a moment, so a client may see it
  status('pending'),
];

/** The same spawn, with the clean-up of a failed or dead lab first. */
export function replacing(story: Story): Story {
  return {
    *[Symbol.iterator]() {
      for (const step of story) {
        yield step;
        if (step.kind === 'starting') yield* cleanup;
      }
    },
  };
}

export const assigned = 'Successfully assigned userlabs-{user}/{user}-nb to node4';
export const pulling = 'Pulling image "{image}"';
const noRoom =
  '0/4 nodes are available: 1 node(s) had untolerated taint {node.cloudprovider.kubernetes.io/uninitialized: ' +
  'true}, 3 Insufficient memory. preemption: 0/4 nodes are available: 1 Preemption is not helpful for ' +
  'scheduling, 3 No preemption victims found for incoming pod.';
const notReady =
  'Readiness probe failed: Get "http://10.24.3.17:8888/nb/user/{user}/api": dial tcp 10.24.3.17:8888: connect: ' +
  'connection refused';
const neverAnyRoom = '0/20 nodes are available: 20 Insufficient memory.';
const noScaleUp = "pod didn't trigger scale-up: 1 max node group size reached";

/** Long enough for the display to show its state before the first event. */
const quiet = wait(700);

export const happy: Story = [
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

export const brisk: Story = [wait(400), starting, created, wait(400), complete];

export const slowPull: Story = [
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

export const imagePullFailure: Story = [
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

/** Kubernetes repeats its messages while the progress stays the same, so whole frames repeat byte for byte. */
export const unschedulable: Story = [
  wait(400),
  starting,
  wait(200),
  created,
  ...kubernetes(
    [300, neverAnyRoom],
    [400, noScaleUp],
    ...Array.from({ length: 10 }, () => [600, neverAnyRoom] as const),
  ),
  wait(700),
  error('Lab spawn timed out after 8.002117'),
  failed,
];

/** As after a restart (contract, "What a client must survive", 2): the lab is known, but has no events. */
export const pingOnly: Story = [unreported, wait(400), created, wait(1600), complete];

/** Capture 17a: a spawn, and its events before and after the restart. */
export const restarted: Story = [
  quiet,
  starting,
  created,
  ...kubernetes([290, 'Pulling image']),
  wait(700),
  restart(1000),
  wait(1000),
  ...kubernetes([1200, 'Pulled image']),
  wait(110),
  complete,
];

// Captures 01, 02, 03 and 06, word for word.
export const immediate: Story = [starting, created, complete];
export const delayed: Story = [
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
export const createFailure: Story = [
  starting,
  error('Error creating object (Pod userlabs-{user}/{user}-nb, status 400): Something bad happened'),
  failed,
];
export const spawnTimeout: Story = [
  starting,
  created,
  ...kubernetes([290, '0/5 nodes are available: 5 Insufficient memory.']),
  wait(2725),
  error('Lab spawn timed out after 3.001515'),
  failed,
];

export const malformed: Story = [
  wait(300),
  starting,
  created,
  ...malformedFrames.flatMap((frame) => [wait(50), bytes(frame)]),
  wait(300),
  complete,
];

export const hostile: Story = [
  wait(300),
  starting,
  created,
  ...kubernetes(...hostileMessages.map((message) => [100, message] as const)),
  wait(300),
  complete,
];

/** Number of pod events in `flood`. */
export const floodLength = 1_000_000;

export const flood: Story = {
  *[Symbol.iterator](): Generator<Step> {
    yield* [wait(300), starting, created];
    const size = floodLength / 100;
    for (let first = 1; first <= floodLength; first += size) {
      yield wait(25);
      yield crowd(size, (index) => `Extracted file ${first + index} of ${floodLength} of the image`);
    }
    yield* [wait(300), complete];
  },
};
