/**
 * What a lab is requested with, and what to do about one that is there already.
 *
 * Owns no wire format: a backend makes its own request body of it.
 */
export const imageClasses = ['recommended', 'latest-release', 'latest-weekly', 'latest-daily'] as const;
export type ImageClass = (typeof imageClasses)[number];

/** The image to run, named in exactly one of these ways. */
export type ImageChoice =
  { image_list: string } /* a Docker reference */ | { image_tag: string } | { image_class: ImageClass };

/** A lab as it is requested. */
export interface LabRequest {
  image: ImageChoice;
  size: string;
  enableDebug: boolean;
  resetUserEnv: boolean;
  /** Added to the environment of the lab. The values may be secret. */
  env: Readonly<Record<string, string>>;
}

/** What to do if a lab or an operation is there already. */
export const conflictPolicies = ['attach', 'replace', 'fail'] as const;
export type ConflictPolicy = (typeof conflictPolicies)[number];
