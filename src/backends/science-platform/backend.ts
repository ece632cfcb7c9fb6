/**
 * The Science Platform as a Backend: its JupyterHub creates and deletes labs, and its controller shows the progress.
 *
 * Owns which of the two serves a command, and the options that neither can serve. One's own lab is in `lab.ts`; another
 * user's lab, which an administrator may see, is the controller's alone.
 */
import { errorInfo } from '../../model/outcome.js';
import type { UserOptions } from '../../model/lab-request.js';
import type { Failure } from '../../model/result.js';
import { UsageError } from '../../model/usage-error.js';
import type { Clock } from '../../runtime/context.js';
import type { Backend, Subject } from '../backend.js';
import { checkOptions } from './form-options.js';
import { platformLab } from './lab.js';

export interface PlatformParts {
  /** The Hub, with a session that the platform's token opens. */
  hub: Backend;
  /** `expiry`: when the token expires; a lab gets a copy of it that does not live longer. */
  controller: Backend & { expiry: NonNullable<Backend['tokenExpiry']> };
  /** What the user chose for the Spawner with `--option`. */
  userOptions: UserOptions;
  clock: Clock;
}

export function createSciencePlatform({ hub, controller, userOptions, clock }: PlatformParts): Backend {
  return {
    name: 'the Hub',
    confirmAbsenceAfter: hub.confirmAbsenceAfter,
    checkSettings(action, given = []) {
      const foreign = given.find((name) => Object.hasOwn(unusable, name));
      if (foreign !== undefined) throw new UsageError(`${foreign}: ${unusable[foreign] ?? ''}`);
      if (action === 'create') checkOptions(given, userOptions);
    },
    async subject({ name, mayBeAnother }, lookup) {
      const found = await controller.subject({ name, mayBeAnother: name !== null }, lookup);
      if (!found.ok || found.value.own || mayBeAnother) return found;
      return { ok: false, failure: anotherUser(found.value) };
    },
    whoAmI: (signal) => controller.whoAmI(signal),
    list: (signal) => controller.list(signal),
    labsOf: null,
    tokenExpiry: (signal) => controller.expiry(signal),
    lab(subject) {
      const atController = controller.lab(subject);
      if (!subject.own) return atController;
      return platformLab({ user: subject.name, hub: hub.lab(subject), controller: atController, clock });
    },
    ownState: (signal) => hub.ownState(signal),
  };
}

/** Options that the platform cannot serve, and why. */
const unusable: Readonly<Record<string, string>> = {
  '--env': "the platform's Spawner does not pass variables on to a lab",
  '--server-name': 'a user has one lab on the platform, so there are no named servers',
  '--remove': 'a user has one lab on the platform, so there are no named servers',
  '--all': 'a user has one lab on the platform, so there are no named servers',
};

function anotherUser({ name }: Subject): Failure {
  return {
    kind: 'usage',
    error: errorInfo(
      'another_user',
      `the token does not belong to ${name}, and this needs the user's own token`,
      {
        hint: 'Leave out --user, or use a token of that user.',
      },
    ),
    retry: 'never',
    effect: 'none',
    from: 'server',
  };
}
