/**
 * What a shell needs to know of the command line, read from commander's own data.
 *
 * Owns which values go with which option and argument, and the shells' kinds of quotes that more than one
 * generator needs. How a shell is told is the generators' matter, one file for each.
 */
import type { Argument, Command, Help, Option } from 'commander';
import { topics } from '../help-topics.js';

export interface Word {
  text: string;
  /** Empty where there is nothing to say. */
  description: string;
}

/** What may stand in a place: one of these words, a file, a command line of its own, or what nobody can guess. */
export type Values = { kind: 'words'; words: readonly Word[] } | { kind: 'file' | 'command' | 'free' };

export interface OptionModel {
  /** As typed, the short one first. */
  names: readonly string[];
  description: string;
  /** Null where it takes none. */
  value: { name: string; optional: boolean; values: Values } | null;
  /** Whether giving it twice may make sense. */
  repeatable: boolean;
}

export interface ArgumentModel {
  name: string;
  variadic: boolean;
  values: Values;
}

export interface CommandModel {
  name: string;
  /** The names from below the program, each after a slash; the program's own is a slash. */
  path: string;
  description: string;
  options: readonly OptionModel[];
  arguments: readonly ArgumentModel[];
  commands: readonly CommandModel[];
}

export type Scenarios = Readonly<Record<string, { summary: string }>>;

/** The program with everything in it that its help shows. */
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
    options: help.visibleOptions(command).map((option) => describeOption(option, source)),
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
  const { short, long, required, optional, variadic } = option;
  // One with <key[=value]> is both to commander, and required where they differ.
  const value = { name: placeholder(option), optional: !required, values: optionValues(option, source) };
  return {
    names: [short, long].filter((name) => name !== undefined),
    description: oneLine(option.description),
    value: required || optional ? value : null,
    // A parser of our own may gather values; one for choices does not.
    repeatable: variadic || (option.parseArg !== undefined && option.argChoices === undefined),
  };
}

/** The VALUE of `--option <VALUE>`. */
function placeholder({ flags }: Option): string {
  return /[<[](.*?)(?:\.\.\.)?[\]>]$/.exec(flags)?.[1] ?? '';
}

function optionValues(option: Option, { scenarios }: Source): Values {
  if (option.argChoices !== undefined) return plainWords(option.argChoices);
  if (option.long === '--demo' || option.long === '--scenario') return { kind: 'words', words: scenarios };
  return { kind: /^(path|file)$/.test(placeholder(option)) ? 'file' : 'free' };
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
      words: [...topics.map((text) => ({ text, description: 'a reference page' })), ...commands],
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

/** Lists of words, each under one name however often it is asked for, for functions in a script. */
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

/** One word to bash and zsh, whatever is in it. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
