/**
 * The commands around a lab on the command line: `wait`, `status`, `list`, `stop`, `images`.
 */
import { Option, type Command } from 'commander';
import { addDisplayOptions, addLimitOptions, addTargetOptions, type CommonFlags } from './options.js';
import { run, type Wiring } from './run.js';

interface Definition {
  name: string;
  description: string;
  /** The default deadline. */
  timeout: string;
  examples: string;
  /** What only this command takes comes first in its help, in a group of its own. */
  own?: { group: string; option: Option };
}

/** A command with the options that all of these have. */
function define(program: Command, { name, description, timeout, examples, own }: Definition): Command {
  const command = program.command(name).description(description);
  if (own !== undefined) command.optionsGroup(own.group).addOption(own.option);
  addTargetOptions(command);
  addLimitOptions(command, timeout);
  addDisplayOptions(command);
  return command.addHelpText('after', `\nExamples:\n${examples}\n`);
}

export function addWait(program: Command, wiring: Wiring): void {
  define(program, {
    name: 'wait',
    description: 'follow whatever is going on with the lab, and exit with the outcome',
    timeout: '15m',
    examples: `  lab wait                           come back to a spawn that was left alone
  lab wait --for absent              until the lab is gone
  lab spawn -d && lab wait --timeout 10m`,
    own: {
      group: 'The goal:',
      option: new Option('--for <state>', 'what to wait for')
        .choices(['running', 'absent'])
        .default('running'),
    },
  }).action((flags: CommonFlags & { for: 'running' | 'absent' }) =>
    run(wiring, {
      goal: flags.for === 'absent' ? 'delete' : 'spawn',
      flags,
      demoUnderWay: true,
      secrets: [],
      events: null,
      run: async (session) => (await import('../commands/wait.js')).wait(session, flags.for),
    }),
  );
}

export function addStop(program: Command, wiring: Wiring): void {
  define(program, {
    name: 'stop',
    description: 'delete the lab, and wait until it is gone',
    timeout: '15m',
    examples: `  lab stop                           with progress, until it is gone
  lab stop --detach                  return as soon as the deletion is under way
  lab stop --user NAME               another user's, with a token that may`,
    own: {
      group: 'The deletion:',
      option: new Option('-d, --detach', 'return as soon as the deletion is under way'),
    },
  }).action((flags: CommonFlags & { detach?: boolean }) =>
    run(wiring, {
      goal: 'delete',
      flags,
      demoUnderWay: true,
      secrets: [],
      events: null,
      run: async (session) =>
        (await import('../commands/stop.js')).stop(session, { detach: flags.detach === true }),
    }),
  );
}

export function addStatus(program: Command, wiring: Wiring): void {
  define(program, {
    name: 'status',
    description: "show the lab's state",
    timeout: '30s',
    examples: `  lab status                         exit 0 running, 1 failed, 4 none, 8 on its way
  lab status -v                      also where each setting came from
  lab status -o json | jq .lab.status`,
  }).action((flags: CommonFlags) =>
    run(wiring, {
      goal: 'spawn',
      flags,
      demoUnderWay: true,
      secrets: [],
      events: null,
      run: async (session) => (await import('../commands/status.js')).status(session),
    }),
  );
}

export function addList(program: Command, wiring: Wiring): void {
  define(program, {
    name: 'list',
    description: 'list the users with running labs, one name a line',
    timeout: '30s',
    examples: `  lab list                           needs a token with the scope admin:jupyterlab
  lab list | wc -l`,
  }).action((flags: CommonFlags) =>
    run(wiring, {
      goal: 'spawn',
      flags,
      demoUnderWay: true,
      secrets: [],
      events: null,
      run: async (session) => (await import('../commands/list.js')).list(session),
    }),
  );
}

export function addImages(program: Command, wiring: Wiring): void {
  define(program, {
    name: 'images',
    description: 'show the images and sizes to choose from',
    timeout: '30s',
    examples: `  lab images                         as the values that --image and --size take
  lab images -o json | jq -r '.sizes[].name'`,
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
