/**
 * The command line of `wait`, `status`, `list`, `stop`, `images` and `open`: their options and help.
 */
import { Option, type Command } from 'commander';
import type { WaitGoal } from '../commands/wait.js';
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
  type UnusedOption,
} from './options.js';
import { run, type Wiring } from './run.js';

interface Definition {
  name: string;
  description: string;
  /** The default deadline. */
  timeout: string;
  examples: string;
  /** The options that only this command has. They come first in the help. */
  own?: readonly Option[];
  /** Shared options that this command does not use. */
  unused?: readonly UnusedOption[];
}

/** Adds a command with the options that all of these share. */
function define(
  program: Command,
  { name, description, timeout, examples, own = [], unused = [] }: Definition,
): Command {
  const command = program.command(name).description(description);
  if (own.length > 0) command.optionsGroup('Lab options:');
  for (const option of own) command.addOption(option);
  addTargetOptions(command, unused);
  addLimitOptions(command, timeout, unused);
  addDisplayOptions(command, unused);
  return command.addHelpText('after', `\nExamples:\n${examples}\n`);
}

export function addWait(program: Command, wiring: Wiring): void {
  define(program, {
    name: 'wait',
    description: 'Wait for the current operation to finish, and exit with its outcome',
    timeout: '15m',
    examples: `  lab wait                           return to a spawn that is in progress
  lab wait --for ready               wait until the lab itself responds
  lab wait --for absent              wait until the lab is gone
  lab spawn -d && lab wait --timeout 10m`,
    own: [...readyOptions(['running', 'ready', 'absent']), openOption()],
  }).action((flags: CommonFlags & OpenFlags & ReadyFlags<WaitGoal>) => {
    const limit = readyTimeout(flags);
    const isToOpen = shouldOpen(flags, flags.for === 'absent' ? '--for absent' : null);
    return run(wiring, {
      goal: flags.for === 'absent' ? 'delete' : 'spawn',
      flags,
      demoUnderWay: true,
      secrets: [],
      events: null,
      run: async (session) => {
        const { wait } = await import('../commands/wait.js');
        const ending = await wait(session, flags.for ?? null, { readyTimeout: limit });
        return isToOpen ? (await import('../commands/open.js')).openAfter(session, ending) : ending;
      },
    });
  });
}

export function addStop(program: Command, wiring: Wiring): void {
  define(program, {
    name: 'stop',
    description: 'Delete the lab and wait until it is gone',
    timeout: '15m',
    examples: `  lab stop                           show progress until the lab is gone
  lab stop --detach                  return once the deletion is in progress
  lab stop --user NAME               another user's lab

Stopping a lab needs a token with the scope admin:jupyterlab.`,
    own: [
      new Option('-d, --detach', 'Return once the deletion is in progress'),
      new Option('--remove', 'Delete the name of a named server as well, at a JupyterHub'),
    ],
  }).action((flags: CommonFlags & { detach?: boolean; remove?: boolean }) =>
    run(wiring, {
      goal: 'delete',
      flags,
      demoUnderWay: true,
      secrets: [],
      hub: { forget: flags.remove === true },
      events: null,
      run: async (session) =>
        (await import('../commands/stop.js')).stop(session, {
          detach: flags.detach === true,
          given: flags.remove === true ? ['--remove'] : [],
        }),
    }),
  );
}

export function addStatus(program: Command, wiring: Wiring): void {
  define(program, {
    name: 'status',
    description: "Show the lab's state",
    timeout: '30s',
    examples: `  lab status                         exit 0 running, 1 failed, 4 none, 8 in progress
  lab status -v                      also show where each setting comes from
  lab status -o json | jq .lab.status
  lab status --all                   all servers of a user at a JupyterHub`,
    own: [new Option('--all', "Show all of the user's servers, at a JupyterHub")],
    unused: ['--idle-timeout', '--progress'],
  }).action((flags: CommonFlags & { all?: boolean }) =>
    run(wiring, {
      goal: 'spawn',
      flags,
      demoUnderWay: true,
      secrets: [],
      events: null,
      run: async (session) =>
        flags.all === true
          ? (await import('../commands/status-all.js')).statusOfAll(session)
          : (await import('../commands/status.js')).status(session),
    }),
  );
}

export function addList(program: Command, wiring: Wiring): void {
  define(program, {
    name: 'list',
    description: 'List the users with running labs, one name per line',
    timeout: '30s',
    examples: `  lab list
  lab list | wc -l

Listing labs needs a token with the scope admin:jupyterlab.`,
    unused: ['--user', '--server-name', '--idle-timeout', '--progress'],
  }).action((flags: CommonFlags) =>
    run(wiring, {
      goal: 'spawn',
      flags,
      demoUnderWay: false,
      demoScenario: 'exists',
      secrets: [],
      events: null,
      run: async (session) => (await import('../commands/list.js')).list(session),
    }),
  );
}

export function addImages(program: Command, wiring: Wiring): void {
  define(program, {
    name: 'images',
    description: 'Show the images and sizes to choose from',
    timeout: '30s',
    examples: `  lab images                         the values for --image, --tag and --size
  lab images -o json | jq -r '.sizes[].name'`,
    unused: ['--server-name', '--idle-timeout', '--progress'],
  }).action((flags: CommonFlags) =>
    run(wiring, {
      goal: 'spawn',
      flags,
      demoUnderWay: false,
      secrets: [],
      events: null,
      run: async (session) => (await import('../commands/images.js')).images(session),
    }),
  );
}

export function addOpen(program: Command, wiring: Wiring): void {
  define(program, {
    name: 'open',
    description: "Print the running lab's public URL and open it in the browser",
    timeout: '30s',
    examples: `  lab open
  lab open --no-browser | xclip      only print the URL

Only labs behind a JupyterHub have a public URL. BROWSER chooses the browser.
None is opened in a CI job, without a terminal, or over SSH without a display.`,
    own: [new Option('--no-browser', 'Only print the URL')],
    unused: ['--idle-timeout', '--progress'],
  }).action((flags: CommonFlags & { browser: boolean }) =>
    run(wiring, {
      goal: 'spawn',
      flags,
      demoUnderWay: false,
      demoScenario: 'hub-running',
      secrets: [],
      events: null,
      run: async (session) => {
        // The server of a demo ends with this program, so a browser would find nothing.
        const browser = flags.browser && flags.demo === undefined;
        return (await import('../commands/open.js')).open(session, { browser });
      },
    }),
  );
}
