/**
 * The body of `POST labs/USER/create` (contract, "Routes").
 */
import type { ImageChoice, LabRequest } from '../../model/lab-request.js';

export interface CreateBody {
  options: ImageChoice & { size: string; enable_debug: boolean; reset_user_env: boolean };
  env: Record<string, string>;
}

export function createBody(user: string, request: LabRequest): CreateBody {
  return {
    options: {
      ...request.image,
      size: request.size,
      enable_debug: request.enableDebug,
      reset_user_env: request.resetUserEnv,
    },
    // The controller refuses to create a lab without it.
    env: { JUPYTERHUB_SERVICE_PREFIX: `/nb/user/${user}/`, ...request.env },
  };
}
