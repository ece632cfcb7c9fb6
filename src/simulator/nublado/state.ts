/**
 * A lab's state as `user-status` and `labs/USER` show it.
 *
 * Owns its shape and the order of its fields. lab.ts decides when it changes.
 */
import { reference, type Image, type Size } from './images.js';
import type { Person } from '../labs/people.js';

/** The states of a lab. `terminated` is transient. */
export type LabStatus = 'pending' | 'running' | 'terminating' | 'terminated' | 'failed';

/** The validated request of a create. */
export interface LabRequest {
  image: Image;
  size: Size;
  enable_debug: boolean;
  reset_user_env: boolean;
  /** `JUPYTERHUB_SERVICE_PREFIX`: the path of the lab's URL. */
  prefix: string;
}

/** LabState (contract, "Routes"). Memory is in bytes, CPU in cores. */
export interface State {
  readonly user: unknown;
  readonly options: { size: string; enable_debug: boolean; reset_user_env: boolean; image: string };
  status: LabStatus;
  internal_url: string | null;
  readonly resources: unknown;
  readonly quota: unknown;
}

export function pendingState(person: Person, request: LabRequest): State {
  const { username, name, uid, gid, groups, quota } = person;
  const { image, size, enable_debug, reset_user_env } = request;
  return {
    user: { username, name, uid, gid, groups },
    options: { size: size.name, enable_debug, reset_user_env, image: reference(image) },
    status: 'pending',
    internal_url: null,
    resources: {
      limits: { cpu: size.cpu, memory: size.memory },
      requests: { cpu: size.cpu / 4, memory: size.memory / 4 },
    },
    quota: quota && { cpu: quota.cpu, memory: quota.memory },
  };
}
