/**
 * `lab events` on the command line: its options, its help, and their values as types.
 */
import { InvalidArgumentError, type Command } from 'commander';
import { UsageError } from '../model/usage-error.js';
import { eventTypes } from '../model/event-types.js';
import {
  addDisplayOptions,
  addLimitOptions,
  addTargetOptions,
  displayOptions,
  type CommonFlags,
} from './options.js';
import { run, type Wiring } from './run.js';

interface EventsFlags extends CommonFlags {
  timestamps?: boolean;
  type?: ReadonlySet<string>;
  comments?: boolean;
  raw?: boolean;
  strict?: boolean;
  follow?: boolean;
}

export function addEvents(program: Command, wiring: Wiring): void {
  const { context } = wiring;
  const command = program
    .command('events')
    .description('Show the raw event stream')
    .optionsGroup('Stream options:')
    .option('--timestamps', 'Start each line with its arrival time')
    .option(
      '--type <types>',
      `Show only these types: a comma-separated list of ${eventTypes.join(', ')}`,
      parseTypes,
    )
    .option('--comments', "Also show comments, such as the controller's pings")
    .option(
      '--raw',
      'Write the exact bytes of one stream, including secrets (on a terminal: escaped, without secrets); a lost stream ' +
        'is not reopened',
    )
    .option('--follow', 'After the operation ends, wait for the next one')
    .option('--strict', 'Exit 1 on an invalid frame');
  addTargetOptions(command);
  addLimitOptions(command, '0');
  addDisplayOptions(command);
  command
    .addHelpText(
      'after',
      `
Examples:
  lab events                          every event of the current or last operation
  lab events --comments --timestamps  with pings, to check that the stream is alive
  lab events --raw > stream.txt       the stream, byte for byte
  lab events -o ndjson --type error,failed
`,
    )
    .action(async (flags: EventsFlags) => {
      const raw = flags.raw === true;
      if (raw && displayOptions(flags, context.env).output !== 'text')
        throw new UsageError('--raw cannot be combined with --output json or ndjson');
      if (raw && (flags.timestamps ?? flags.comments ?? flags.type) !== undefined) {
        throw new UsageError(
          '--raw shows everything as it is; leave out --timestamps, --comments and --type',
        );
      }
      await run(wiring, {
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
        run: async (session) => {
          const { events } = await import('../commands/events.js');
          const { rawWriter } = await import('../display/raw.js');
          const writer = raw ? rawWriter(context.out, session.signal, session.redactor) : null;
          const ending = await events(session, {
            strict: flags.strict === true,
            follow: flags.follow === true,
            onBytes: writer?.write ?? null,
          });
          writer?.end();
          return ending;
        },
      });
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
