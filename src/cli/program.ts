/**
 * The command line: names, options, help. Each command's modules are loaded when it runs, not before.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Context } from '../context.js';
import { UsageError } from '../config/usage-error.js';
import { eventTypes } from '../model/event-types.js';
import { imageClasses, type ImageChoice } from '../model/specification.js';
import { usage } from '../model/outcome.js';
import { version } from '../model/version.js';
import type { Task } from './execute.js';
import { helpTopic, topics, type Topic } from './help-topics.js';
import { addDisplayOptions, addLimitOptions, addTargetOptions, type CommonFlags } from './options.js';

/** Runs the command line to its exit code. */
export async function runProgram(context: Context): Promise<number> {
  let code = 0;
  const program = createProgram(context, (result) => {
    code = result;
  });
  try {
    // Like gh, kubectl and docker: without a command, the help.
    const argv = context.argv.length === 0 ? ['--help'] : [...context.argv];
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version were asked for and have been printed.
      if (error.exitCode === 0) return 0;
      const { finishWithout } = await import('./execute.js');
      return finishWithout(context, usage(commanderMessage(error), helpHint(program, context, error)));
    }
    const { finishWithout, outcomeOfError } = await import('./execute.js');
    return finishWithout(context, outcomeOfError(error));
  }
}

async function execute(context: Context, task: Task): Promise<number> {
  return (await import('./execute.js')).execute(context, task);
}

/** One line, and of an unknown option only the name: its value may be a secret. */
function commanderMessage(error: CommanderError): string {
  const line = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  return error.code === 'commander.unknownOption' ? line.replace(/=[^']*'/, "'") : line;
}

function helpWidth({ out: { columns = 0 } }: Context): number {
  return columns > 0 ? Math.min(columns, 100) : 80;
}

function helpHint(program: Command, { argv }: Context, error: CommanderError): string | null {
  if (error.code === 'commander.invalidArgument') return null;
  const command = program.commands.find((known) => known.name() === argv[0]);
  return command === undefined ? 'See `lab --help`.' : `See \`lab ${command.name()} --help\`.`;
}

/** Builds the program; `done` receives the exit code of the command that ran. */
export function createProgram(context: Context, done: (code: number) => void): Command {
  const program = new Command('lab')
    .description('Spawn a Rubin Science Platform lab and watch it come up.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => context.out.write(text),
      writeErr: (text) => context.out.write(text),
      // Errors become outcomes, which are printed in one place.
      outputError: () => undefined,
      getOutHelpWidth: () => helpWidth(context),
      getErrHelpWidth: () => helpWidth(context),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  lab spawn --demo                 see it work, without any controller
  lab spawn --size medium          start the recommended image and wait for it
  lab spawn -o json | jq .lab      for scripts: the result as JSON
  lab events --raw                 the event stream, byte for byte

Help topics: ${topics.map((topic) => `lab help ${topic}`).join(', ')}
`,
    );
  addSpawn(program, context, done);
  addEvents(program, context, done);
  addController(program, context, done);
  addSchema(program, context);
  addHelp(program, context);
  return program;
}

interface SpawnFlags extends CommonFlags {
  image?: string;
  tag?: string;
  class?: string;
  size: string;
  enableDebug?: boolean;
  resetUserEnv?: boolean;
  env?: Record<string, string>;
  detach?: boolean;
}

function addSpawn(program: Command, context: Context, done: (code: number) => void): void {
  const command = program
    .command('spawn')
    .description('create a lab, show its progress, and exit with the outcome')
    .optionsGroup('The lab:')
    .option('--image <reference>', 'the image, as a full reference with a tag')
    .option('--tag <tag>', 'the image, by its tag')
    .addOption(
      new Option('--class <class>', 'the image, by what it is (default: "recommended")').choices(
        imageClasses,
      ),
    )
    .option('--size <size>', "the lab's size, one of those that the site offers", 'small')
    .option('--enable-debug', 'let the lab log more')
    .option('--reset-user-env', "move the user's own configuration out of the way")
    .option(
      '--env <key[=value]>',
      'set a variable in the lab, to a value or as it is here; repeatable',
      (text: string, all: Record<string, string> | undefined) => ({ ...all, ...parseEnv(text, context.env) }),
    )
    .option('-d, --detach', 'return as soon as the controller accepted');
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
  lab spawn --demo image-pull-failure    what a failure looks like

Ctrl-C leaves; the spawn goes on in the controller.
`,
    )
    .action(async (flags: SpawnFlags) => {
      done(
        await execute(context, {
          goal: 'spawn',
          flags,
          demoUnderWay: false,
          secrets: Object.values(flags.env ?? {}),
          events: null,
          run: async (session) => {
            const image = imageChoice(flags);
            const { spawn } = await import('../commands/spawn.js');
            return spawn(session, {
              image,
              size: nonEmpty(flags.size, '--size'),
              enableDebug: flags.enableDebug === true,
              resetUserEnv: flags.resetUserEnv === true,
              env: flags.env ?? {},
              detach: flags.detach === true,
            });
          },
        }),
      );
    });
}

function imageChoice({ image, tag, class: imageClass }: SpawnFlags): ImageChoice {
  const given = [image, tag, imageClass].filter((choice) => choice !== undefined);
  if (given.length > 1)
    throw new UsageError('--image, --tag and --class each choose the image: give one of them');
  if (image !== undefined) return { image_list: nonEmpty(image, '--image') };
  if (tag !== undefined) return { image_tag: nonEmpty(tag, '--tag') };
  return { image_class: imageClasses.find((known) => known === imageClass) ?? 'recommended' };
}

function nonEmpty(text: string, source: string): string {
  if (text.trim() === '') throw new UsageError(`${source}: the value is empty`);
  return text;
}

function parseEnv(text: string, env: Context['env']): Record<string, string> {
  const [, key, value] = /^([^=]+)(?:=(.*))?$/s.exec(text) ?? [];
  if (key === undefined || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) {
    // Not commander's own error, which repeats the argument: what stands there may be a secret.
    throw new UsageError('--env: it takes KEY=VALUE or KEY, with a variable name as the key');
  }
  const found = value ?? env[key];
  if (found === undefined) throw new UsageError(`--env: ${key} is not set here`);
  return { [key]: found };
}

interface EventsFlags extends CommonFlags {
  timestamps?: boolean;
  type?: ReadonlySet<string>;
  comments?: boolean;
  raw?: boolean;
  strict?: boolean;
}

function addEvents(program: Command, context: Context, done: (code: number) => void): void {
  const command = program
    .command('events')
    .description('show the event stream itself')
    .optionsGroup('The stream:')
    .option('--timestamps', 'begin each line with the time it arrived')
    .option(
      '--type <types>',
      `show only these types, separated by commas: ${eventTypes.join(', ')}`,
      parseTypes,
    )
    .option('--comments', "show comments too, the controller's pings among them")
    .option('--raw', 'the exact bytes of the stream (escaped on a terminal)')
    .option('--strict', 'end with exit 1 at a frame that is no Event');
  addTargetOptions(command);
  addLimitOptions(command, '0');
  addDisplayOptions(command);
  command
    .addHelpText(
      'after',
      `
Examples:
  lab events                          every event of the current or last operation
  lab events --comments --timestamps  with the pings, to see that the stream lives
  lab events --raw > stream.txt       what is on the wire, to the byte
  lab events -o ndjson --type error,failed
`,
    )
    .action(async (flags: EventsFlags) => {
      const raw = flags.raw === true;
      done(
        await execute(context, {
          goal: 'events',
          flags,
          demoUnderWay: true,
          secrets: [],
          events: {
            timestamps: flags.timestamps === true,
            comments: flags.comments === true,
            types: flags.type ?? null,
            raw,
          },
          run: async (session, { output }) => {
            if (raw && output !== 'text')
              throw new UsageError('--raw does not go with --output json or ndjson');
            if (raw && (flags.timestamps ?? flags.comments ?? flags.type) !== undefined) {
              throw new UsageError(
                '--raw shows everything as it is: leave out --timestamps, --comments and --type',
              );
            }
            const { events } = await import('../commands/events.js');
            const { rawWriter } = await import('../display/raw.js');
            return events(session, {
              strict: flags.strict === true,
              onBytes: raw ? rawWriter(context.out, session.signal) : null,
            });
          },
        }),
      );
    });
}

function parseTypes(text: string, before?: ReadonlySet<string>): ReadonlySet<string> {
  const types = text.split(',').map((type) => type.trim());
  const known: readonly string[] = eventTypes;
  if (!types.every((type) => known.includes(type))) {
    throw new InvalidArgumentError(`Types are ${eventTypes.join(', ')}.`);
  }
  return new Set([...(before ?? []), ...types]);
}

interface ControllerFlags {
  port: number;
  host: string;
  yesExpose?: boolean;
  scenario: string;
  speed: number;
  ping: number;
  list?: boolean;
}

function addController(program: Command, context: Context, done: (code: number) => void): void {
  program
    .command('controller')
    .description('run the embedded controller, for demos and tests')
    .option('--port <number>', 'the port; 0 for a free one', numberIn(0, 65_535, true), 0)
    .option(
      '--host <address>',
      'the address to listen on; another than loopback needs --yes-expose',
      '127.0.0.1',
    )
    .option('--yes-expose', 'let other machines reach it')
    .option('--scenario <name>', 'the story that it plays, see --list', 'happy')
    .option('--speed <factor>', 'play the story this many times as fast', numberIn(0.001, 1e9, false), 1)
    .option('--ping <seconds>', 'the time between two pings', numberIn(0.001, 86_400, false), 15)
    .option('--list', 'describe the scenarios and exit')
    .addHelpText(
      'after',
      `
Examples:
  lab controller                     prints the lines to export, and serves until Ctrl-C
  lab controller --scenario spawn-timeout --speed 10
  lab spawn --tag scenario-hostile   one controller plays every scenario, by image tag
`,
    )
    .action(async (flags: ControllerFlags) => {
      const { serve } = await import('../commands/controller.js');
      done(
        await serve(context, { ...flags, yesExpose: flags.yesExpose === true, list: flags.list === true }),
      );
    });
}

function numberIn(least: number, most: number, whole: boolean): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const fits = text.trim() !== '' && value >= least && value <= most && (!whole || Number.isInteger(value));
    if (!fits)
      throw new InvalidArgumentError(`It takes a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`);
    return value;
  };
}

function addSchema(program: Command, context: Context): void {
  program
    .command('schema')
    .description('print the JSON Schema of the Event model, or of the JSON output')
    .argument('[subject]', 'event or output', 'event')
    .action(async (subject: string) => {
      const schema = await schemaOf(subject);
      context.out.write(`${JSON.stringify(schema, null, 2)}\n`);
    });
}

async function schemaOf(subject: string): Promise<Record<string, unknown>> {
  switch (subject) {
    case 'event':
      return (await import('../model/event.js')).eventJsonSchema();
    case 'output':
      return (await import('../model/output.js')).outputJsonSchema();
    default:
      throw new UsageError(`lab schema: there is no schema "${subject}"`, 'There are: event, output.');
  }
}

function addHelp(program: Command, context: Context): void {
  program
    .command('help')
    .description('show a reference page, or the help of a command')
    .argument('[topic]', `${topics.join(', ')}, or a command`)
    .action((topic: string | undefined) => {
      if (topic === undefined) {
        program.outputHelp();
        return;
      }
      if (isTopic(topic)) {
        context.out.write(helpTopic(topic));
        return;
      }
      const command = program.commands.find((known) => known.name() === topic);
      if (command === undefined) {
        throw new UsageError(
          `lab help: there is no topic "${topic}"`,
          `There are: ${topics.join(', ')}, and the commands.`,
        );
      }
      command.outputHelp();
    });
}

function isTopic(text: string): text is Topic {
  return (topics as readonly string[]).includes(text);
}
