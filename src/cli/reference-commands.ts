/**
 * The commands that print reference text: `lab schema` and `lab help`.
 */
import { Argument, type Command } from 'commander';
import type { Context } from '../runtime/context.js';
import { UsageError } from '../model/usage-error.js';
import { helpTopic, isTopic, topics } from './help-topics.js';

const subjects = ['event', 'output'];

export function addSchema(program: Command, context: Context): void {
  program
    .command('schema')
    .description('Print the JSON Schema of the Event model or of the JSON output')
    .addArgument(
      new Argument('[subject]', 'the schema')
        .choices(subjects)
        .default('event')
        // Replaces the parser that commander adds for choices, whose messages look different.
        .argParser((text) => text),
    )
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
      throw new UsageError(`lab schema: unknown schema "${subject}"`, `Choose ${subjects.join(', ')}.`);
  }
}

export function addHelp(program: Command, context: Context): void {
  program
    .command('help')
    .description('Show a reference page or the help of a command')
    .argument('[topic]', `${topics.join(', ')}, or a command`)
    // `help COMMAND` does not get here: the program reads it as `COMMAND --help`.
    .action((topic: string | undefined) => {
      if (topic !== undefined && isTopic(topic)) context.out.write(helpTopic(topic));
      else program.outputHelp();
    });
}
