/**
 * The options that the platform's Spawner gets: what the controller's form would send, and `--option`.
 *
 * The Spawner hands them to the controller as they are (contract, "Starting").
 */
import type { LabRequest, UserOptions } from '../../model/lab-request.js';
import { UsageError } from '../../model/usage-error.js';

/** The keys of the Spawner's options that an option of the command line sets. The image is named in exactly one way. */
const keysOf: Readonly<Record<string, readonly string[]>> = {
  '--image': ['image_list', 'image_dropdown', 'image_class', 'image_tag'],
  '--tag': ['image_list', 'image_dropdown', 'image_class', 'image_tag'],
  '--class': ['image_list', 'image_dropdown', 'image_class', 'image_tag'],
  '--size': ['size'],
  '--enable-debug': ['enable_debug'],
  '--reset-user-env': ['reset_user_env'],
};

/**
 * Throws a UsageError if an option of the command line and `--option` set the same key, or if `--reuse-options` would
 * ignore one. `given`: the options of the command line, by their names.
 */
export function checkOptions(given: readonly string[], userOptions: UserOptions): void {
  for (const name of given) {
    const keys = Object.hasOwn(keysOf, name) ? (keysOf[name] ?? []) : [];
    if (keys.length === 0) continue;
    if (userOptions === 'reuse') {
      throw new UsageError(
        `${name} and --reuse-options exclude each other`,
        '--reuse-options starts with the options of the last spawn.',
      );
    }
    const twice = keys.find((key) => Object.hasOwn(userOptions, key));
    if (twice === undefined) continue;
    throw new UsageError(`${name} and the option ${twice} set the same thing`, 'Give one of the two.');
  }
}

/** The options for the Spawner. Those of `--option` replace the defaults of the form. */
export function spawnerOptions(request: LabRequest, userOptions: UserOptions): UserOptions {
  if (userOptions === 'reuse') return 'reuse';
  const { image, size, enableDebug, resetUserEnv } = request;
  const isImageChosen = (keysOf['--image'] ?? []).some((key) => Object.hasOwn(userOptions, key));
  return {
    ...(isImageChosen ? {} : image),
    size,
    enable_debug: enableDebug,
    reset_user_env: resetUserEnv,
    ...userOptions,
  };
}
