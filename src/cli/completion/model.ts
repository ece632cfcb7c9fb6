/**
 * A model of the command line for the completion scripts, read from commander's own data.
 *
 * Owns which values each option and argument takes, and the quoting that more than one generator needs. The scripts
 * are written by the generators, one file for each shell.
 */
import type { Argument, Command, Help, Option } from 'commander';
import { eventTypes } from '../../model/event-types.js';
import { topics } from '../help-topics.js';

export interface Word {
  text: string;
  /** Empty if the word needs no description. */
  description: string;
}

/**
 * The values of an option or argument: one of these words, or a comma-separated list of them; the name of a profile; a
 * file; a command with its own arguments; or text that cannot be completed.
 */
export type Values =
  { kind: 'words' | 'list'; words: readonly Word[] } | { kind: 'profile' | 'file' | 'command' | 'free' };

export interface OptionModel {
  /** As typed, the short one first. */
  names: readonly string[];
  description: string;
  /** Accepted but not offered. Its value still has to be recognised as one. */
  hidden: boolean;
  /** Null if it takes no value. */
  value: { name: string; optional: boolean; values: Values } | null;
  /** Whether it may be given more than once. */
  repeatable: boolean;
}

export interface ArgumentModel {
  name: string;
  variadic: boolean;
  values: Values;
}

export interface CommandModel {
  name: string;
  /** The names of the command and its parents, each after a slash, without the program; the program itself is `/`. */
  path: string;
  description: string;
  options: readonly OptionModel[];
  arguments: readonly ArgumentModel[];
  commands: readonly CommandModel[];
}

export type Scenarios = Readonly<Record<string, { summary: string }>>;

/** The model of the program: everything that its help shows, and the hidden options. */
export function describeProgram(program: Command, scenarios: Scenarios): CommandModel {
  const words = Object.entries(scenarios).map(([text, { summary }]) => ({ text, description: summary }));
  return describe(program, '/', { help: program.createHelp(), program, scenarios: words });
}

/** The command and all below it. */
export function withDescendants(command: CommandModel): CommandModel[] {
  return [command, ...command.commands.flatMap(withDescendants)];
}

interface Source {
  help: Help;
  program: Command;
  scenarios: readonly Word[];
}

function describe(command: Command, path: string, source: Source): CommandModel {
  const { help } = source;
  const prefix = path === '/' ? '/' : `${path}/`;
  return {
    name: command.name(),
    path,
    description: oneLine(help.subcommandDescription(command)),
    options: [...help.visibleOptions(command), ...command.options.filter(({ hidden }) => hidden)].map(
      (option) => describeOption(option, source),
    ),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      variadic: argument.variadic,
      values: argumentValues(command, argument, source),
    })),
    commands: help
      .visibleCommands(command)
      .map((child) => describe(child, `${prefix}${child.name()}`, source)),
  };
}

function describeOption(option: Option, source: Source): OptionModel {
  const { short, long, required, optional, variadic, hidden } = option;
  // An option with <key[=value]> is both required and optional to commander. Its value is required.
  const value = { name: placeholder(option), optional: !required, values: optionValues(option, source) };
  return {
    names: [short, long].filter((name) => name !== undefined),
    description: oneLine(option.description),
    hidden,
    value: required || optional ? value : null,
    // Our own parsers may collect values; the parser that commander adds for choices does not.
    repeatable: variadic || (option.parseArg !== undefined && option.argChoices === undefined),
  };
}

/** The VALUE of `--option <VALUE>`. */
function placeholder({ flags }: Option): string {
  return /[<[](.*?)(?:\.\.\.)?[\]>]$/.exec(flags)?.[1] ?? '';
}

function optionValues(option: Option, { scenarios }: Source): Values {
  if (option.argChoices !== undefined) return plainWords(option.argChoices);
  switch (option.long) {
    case '--demo':
    case '--scenario':
      return { kind: 'words', words: scenarios };
    case '--profile':
      return { kind: 'profile' };
    case '--type':
      return { kind: 'list', words: eventTypes.map((text) => ({ text, description: '' })) };
    default:
      return { kind: /^(path|file)$/i.test(placeholder(option)) ? 'file' : 'free' };
  }
}

function argumentValues(command: Command, argument: Argument, { help, program }: Source): Values {
  if (argument.argChoices !== undefined) return plainWords(argument.argChoices);
  if (command.parent === program && command.name() === 'help') {
    const commands = help.visibleCommands(program).map((known) => ({
      text: known.name(),
      description: oneLine(help.subcommandDescription(known)),
    }));
    return {
      kind: 'words',
      words: [...topics.map((text) => ({ text, description: 'Reference page' })), ...commands],
    };
  }
  return { kind: argument.name() === 'command' && argument.variadic ? 'command' : 'free' };
}

function plainWords(texts: readonly string[]): Values {
  return { kind: 'words', words: texts.map((text) => ({ text, description: '' })) };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Names for lists of words, so that a script has one function for each list and not one for each use. */
export class WordLists {
  readonly #prefix: string;
  readonly #names = new Map<string, { name: string; words: readonly Word[] }>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  name(words: readonly Word[]): string {
    const key = JSON.stringify(words);
    const known = this.#names.get(key) ?? { name: `${this.#prefix}${this.#names.size + 1}`, words };
    this.#names.set(key, known);
    return known.name;
  }

  *[Symbol.iterator](): Iterator<{ name: string; words: readonly Word[] }> {
    yield* this.#names.values();
  }
}

/** Quotes any text as one word of bash and zsh. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
