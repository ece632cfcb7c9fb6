/**
 * `lab events` on the command line.
 */
import { InvalidArgumentError, type Command } from 'commander';
import { UsageError } from '../config/usage-error.js';
import { eventTypes } from '../model/event-types.js';
import { addDisplayOptions, addLimitOptions, addTargetOptions, type CommonFlags } from './options.js';
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
    .description('show the event stream itself')
    .optionsGroup('The stream:')
    .option('--timestamps', 'begin each line with the time it arrived')
    .option(
      '--type <types>',
      `show only these types, separated by commas: ${eventTypes.join(', ')}`,
      parseTypes,
    )
    .option('--comments', "show comments too, the controller's pings among them")
    .option(
      '--raw',
      'the exact bytes of one stream, secrets in it included (on a terminal escaped and without secrets); one that is ' +
        'lost is not opened again',
    )
    .option('--follow', 'after the operation ends, wait for the next one')
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
