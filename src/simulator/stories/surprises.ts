/**
 * Stories in which the lab's state is misleading. The numbers refer to the contract, "What a client must survive".
 *
 * Owns the texts and times, as stories.ts does for the ordinary stories.
 */
import { assigned, pulling } from './stories.js';
import {
  complete,
  created,
  error,
  failed,
  info,
  kubernetes,
  podDead,
  podGone,
  refusedCreate,
  restart,
  starting,
  wait,
  type Story,
} from './story.js';

/** 12: other clients' creates set the state to `failed` before the pod exists, which takes a while. */
export const failedMeanwhile: Story = [
  wait(300),
  starting,
  wait(400),
  refusedCreate,
  wait(4000),
  refusedCreate,
  wait(4000),
  created,
  ...kubernetes([300, assigned], [300, pulling], [500, 'Started container notebook']),
  wait(300),
  complete,
];

/** 12: the same during a deletion, once the pod is gone. */
export const failedDeletionMeanwhile: Story = [
  info('Shutting down Kubernetes pod', 25),
  wait(1000),
  podGone,
  info('Deleting user namespace', 62),
  wait(300),
  refusedCreate,
  wait(7700),
  info('Lab for {user} deleted', 100),
];

/** 1: the pod leaves Pending because it failed, and the event is still `complete`. */
export const deadOnArrival: Story = [
  wait(400),
  starting,
  created,
  ...kubernetes([300, assigned], [200, pulling], [500, 'Back-off restarting failed container notebook']),
  podDead,
  wait(100),
  complete,
];

/** 6: the events of a restarted controller for a pod that was pending and now starts. */
export const monitored: Story = [
  ...kubernetes([1200, assigned], [300, 'Started container notebook']),
  wait(110),
  complete,
];

/** 6: the reason is sent, then the controller restarts, and forgets the failed lab with its queue. */
export const forgottenFailure: Story = [
  wait(400),
  starting,
  wait(300),
  error('Error creating object (Pod userlabs-{user}/{user}-nb, status 403): exceeded quota: pods=1'),
  wait(300),
  restart(1000),
  failed,
];

/** 6: the controller restarts during a deletion, and forgets it. */
export const forgottenDeletion: Story = [info('Shutting down Kubernetes pod', 25), wait(600), restart(1000)];
