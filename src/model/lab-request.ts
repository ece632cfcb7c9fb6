/**
 * The parameters of a lab to create, and what to do if one exists already.
 *
 * Owns no wire format: each backend builds its own request body.
 */
export const imageClasses = ['recommended', 'latest-release', 'latest-weekly', 'latest-daily'] as const;
export type ImageClass = (typeof imageClasses)[number];

/** The image to run, named in exactly one of these ways. */
export type ImageChoice =
  { image_list: string } /* a Docker reference */ | { image_tag: string } | { image_class: ImageClass };

/** The request for a new lab. */
export interface LabRequest {
  image: ImageChoice;
  size: string;
  enableDebug: boolean;
  resetUserEnv: boolean;
  /** Added to the environment of the lab. The values may be secret. */
  env: Readonly<Record<string, string>>;
}

/** The options for a JupyterHub's Spawner: any JSON. `reuse`: the options of the last start. */
export type UserOptions = Readonly<Record<string, unknown>> | 'reuse';

/** What to do if a lab or an operation exists already. */
export const conflictPolicies = ['attach', 'replace', 'fail'] as const;
export type ConflictPolicy = (typeof conflictPolicies)[number];
