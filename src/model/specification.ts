/**
 * What is asked of the controller when a lab is created.
 */
export const imageClasses = ['recommended', 'latest-release', 'latest-weekly', 'latest-daily'] as const;
export type ImageClass = (typeof imageClasses)[number];

/** The image to run, named in exactly one of the ways the controller knows. */
export type ImageChoice =
  { image_list: string } /* a Docker reference */ | { image_tag: string } | { image_class: ImageClass };

/** The body of `POST labs/USER/create`. */
export interface LabSpecification {
  options: ImageChoice & { size: string; enable_debug: boolean; reset_user_env: boolean };
  env: Record<string, string>;
}

/** What to do when the controller answers that a lab or an operation is there already. */
export const conflictPolicies = ['attach', 'replace', 'fail'] as const;
export type ConflictPolicy = (typeof conflictPolicies)[number];
