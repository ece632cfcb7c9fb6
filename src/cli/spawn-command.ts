/**
 * `lab spawn` on the command line: its options, its help, and their values as types.
 */
import { Option, type Command } from 'commander';
import type { Context } from '../runtime/context.js';
import { readUserOptions } from '../config/user-options.js';
import { UsageError } from '../model/usage-error.js';
import {
  conflictPolicies,
  imageClasses,
  type ConflictPolicy,
  type ImageChoice,
} from '../model/lab-request.js';
import type { RunningGoal } from '../commands/session/ready.js';
import {
  addDisplayOptions,
  addLimitOptions,
  addTargetOptions,
  openOption,
  readyOptions,
  readyTimeout,
  shouldOpen,
  type CommonFlags,
  type OpenFlags,
  type ReadyFlags,
} from './options.js';
import { run, type Wiring } from './run.js';

interface SpawnFlags extends CommonFlags, OpenFlags, ReadyFlags<RunningGoal> {
  image?: string;
  tag?: string;
  class?: string;
  size?: string;
  enableDebug?: boolean;
  resetUserEnv?: boolean;
  env?: readonly Variable[];
  detach?: boolean;
  onConflict: ConflictPolicy;
  option?: readonly string[];
  optionEnv?: readonly string[];
  optionsFile?: string;
  reuseOptions?: true;
}

/** The size of a lab for which none is given. */
const defaultSize = 'small';

export function addSpawn(program: Command, wiring: Wiring): void {
  const { context } = wiring;
  const command = program
    .command('spawn')
    .description('Create a lab, show its progress, and exit with the outcome')
    .optionsGroup('Lab options:')
    .option('--image <reference>', 'Choose the image by its full reference with a tag')
    .option('--tag <tag>', 'Choose the image by its tag')
    .addOption(
      new Option('--class <class>', 'Choose the image by class')
        .choices(imageClasses)
        .default(undefined, 'recommended'),
    )
    .addOption(
      new Option('--size <size>', "The lab's size, one of those that `lab images` lists").default(
        undefined,
        defaultSize,
      ),
    )
    .option('--enable-debug', 'Enable debug logging in the lab')
    .option('--reset-user-env', "Set aside the user's existing configuration")
    .option(
      '--env <key[=value]>',
      'Set a variable in the lab, or copy it from the environment; repeatable',
      (text: string, all: readonly Variable[] | undefined) => [
        ...(all ?? []),
        parseEnv(text, context.env, (all?.length ?? 0) + 1),
      ],
    )
    .addOption(
      new Option(
        '--on-conflict <policy>',
        'If a lab or operation already exists: follow it, replace it, or fail',
      )
        .choices(conflictPolicies)
        .default('attach'),
    )
    .option('-d, --detach', 'Return once the request is accepted');
  for (const option of [...readyOptions(['running', 'ready']), openOption()]) command.addOption(option);
  addHubOptions(command);
  addTargetOptions(command);
  addLimitOptions(command, '15m');
  addDisplayOptions(command);
  command
    .addHelpText(
      'after',
      `
Examples:
  lab spawn                              the recommended image, size small
  lab spawn --class latest-weekly --size large
  lab spawn --tag w_2026_40 --env DEBUG=1 --env API_KEY
  lab spawn --timeout 5m -o json         for scripts
  lab spawn --demo image-pull-failure    see what a failure looks like

Ctrl-C stops watching; the spawn continues.
--on-conflict replace needs a token with the scope admin:jupyterlab.
`,
    )
    .action(async (flags: SpawnFlags) => {
      // First, so that wrong usage is reported even if no controller is configured.
      const image = imageChoice(flags);
      const limit = readyTimeout(flags);
      const size = nonEmpty(flags.size ?? defaultSize, '--size');
      if (flags.tokenFile === '-' && flags.optionsFile === '-') {
        throw new UsageError('--token-file and --options-file cannot both read stdin');
      }
      const isToOpen = shouldOpen(flags, flags.detach === true ? '--detach' : null);
      const userOptions = await readUserOptions(flags, context);
      await run(wiring, {
        goal: 'spawn',
        flags,
        demoUnderWay: false,
        secrets: [...(flags.env ?? []).map(([, value]) => value), ...userOptions.secrets],
        hub: { userOptions: userOptions.options },
        events: null,
        run: async (session) => {
          const { spawn } = await import('../commands/spawn.js');
          const ending = await spawn(session, {
            request: {
              image,
              size,
              enableDebug: flags.enableDebug === true,
              resetUserEnv: flags.resetUserEnv === true,
              env: Object.fromEntries(flags.env ?? []),
            },
            given: givenOptions(flags),
            detach: flags.detach === true,
            onConflict: flags.onConflict,
            goal: flags.for ?? null,
            readyTimeout: limit,
          });
          return isToOpen ? (await import('../commands/open.js')).openAfter(session, ending) : ending;
        },
      });
    });
}

/** Options for the Spawner of a JupyterHub. */
function addHubOptions(command: Command): void {
  const collected = (text: string, all: readonly string[] | undefined): string[] => [...(all ?? []), text];
  command
    .optionsGroup('JupyterHub options:')
    .option(
      '--option <key=value>',
      'Option for the Spawner: text, or JSON with KEY:=JSON; repeatable',
      collected,
    )
    .option('--options-file <path>', 'Options for the Spawner: a JSON object, - for stdin')
    .option(
      '--option-env <key=variable>',
      'Option for the Spawner from a variable, as a secret; repeatable',
      collected,
    )
    .option('--reuse-options', 'Use the options of the last spawn');
}

/** The options that only some servers understand, by their names on the command line. */
const serverOptions = {
  image: '--image',
  tag: '--tag',
  class: '--class',
  size: '--size',
  enableDebug: '--enable-debug',
  resetUserEnv: '--reset-user-env',
  env: '--env',
  option: '--option',
  optionsFile: '--options-file',
  optionEnv: '--option-env',
  reuseOptions: '--reuse-options',
} as const satisfies Partial<Record<keyof SpawnFlags, string>>;

function givenOptions(flags: SpawnFlags): string[] {
  return Object.entries(serverOptions).flatMap(([key, name]) =>
    flags[key as keyof typeof serverOptions] === undefined ? [] : [name],
  );
}

function imageChoice({ image, tag, class: imageClass }: SpawnFlags): ImageChoice {
  const given = [image, tag, imageClass].filter((choice) => choice !== undefined);
  if (given.length > 1)
    throw new UsageError('--image, --tag and --class each choose the image; use one of them');
  if (image !== undefined) return { image_list: reference(nonEmpty(image, '--image')) };
  if (tag !== undefined) return { image_tag: nonEmpty(tag, '--tag') };
  return { image_class: imageClasses.find((known) => known === imageClass) ?? 'recommended' };
}

/**
 * Checks a reference, because the controller responds to one that it cannot parse with an error without a reason
 * (contract, "Refusals").
 */
function reference(image: string): string {
  const example = 'A full reference is registry/repository:tag, as `lab images` prints them.';
  if (!image.includes('/')) throw new UsageError(`--image: ${image} has no registry`, example);
  if (/:(@|$)/.test(image)) throw new UsageError(`--image: the tag of ${image} is empty`, example);
  return image;
}

function nonEmpty(text: string, source: string): string {
  if (text.trim() === '') throw new UsageError(`${source}: the value is empty`);
  return text;
}

/** A variable of the lab's environment. */
type Variable = readonly [name: string, value: string];

/** `place` counts the options from 1. Messages do not repeat their arguments, which may be secrets. */
function parseEnv(text: string, env: Context['env'], place: number): Variable {
  const which = place === 1 ? '--env' : `--env, number ${place}`;
  const [, key, value] = /^([^=]+)(?:=(.*))?$/s.exec(text) ?? [];
  if (key === undefined || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) {
    throw new UsageError(`${which}: expected KEY=VALUE or KEY, with a variable name as the key`);
  }
  // Properties that every object inherits, such as `constructor`, are not variables.
  const found = value ?? (Object.hasOwn(env, key) ? env[key] : undefined);
  if (found === undefined)
    throw new UsageError(`${which}: no variable of this name is set in the environment`);
  return [key, found];
}
