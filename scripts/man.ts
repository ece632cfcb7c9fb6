/**
 * The manual page, from the same data as the help: commander's program and the tables of the help topics.
 */
import type { Command, Help, Option } from 'commander';
import { helpTopic } from '../src/cli/help-topics.js';
import { environment } from '../src/config/environment.js';
import { exitCodeTable } from '../src/model/outcome.js';
import { version } from '../src/model/version.js';

/** `lab(1)` in the man macros. The program writes its help to `capture` while this runs. */
export function manPage(program: Command, capture: (print: () => void) => string): string {
  const help = program.createHelp();
  return [
    `.TH LAB 1 "" "nublado-lab ${version}" "User Commands"`,
    // Names of options are not to be broken, nor lines stretched.
    '.nh',
    '.ad l',
    '.SH NAME',
    `lab \\- ${sentence(program.description())}`,
    '.SH SYNOPSIS',
    '.B lab',
    roff(program.usage()),
    '.SH DESCRIPTION',
    roff(program.description()),
    '.SH OPTIONS',
    ...help.visibleOptions(program).flatMap((option) => optionEntry(option, help)),
    ...examples(program, capture),
    '.SH COMMANDS',
    ...commandsBelow(program, help).flatMap((command) => commandSection(command, help, capture)),
    '.SH "EXIT STATUS"',
    ...exitCodeTable.flatMap(([code, meaning]) => entry(String(code), meaning)),
    '.SH ENVIRONMENT',
    ...Object.entries(environment).flatMap(([name, meaning]) => entry(name, meaning)),
    '.SH OUTPUT',
    ...verbatim(helpTopic('output').replace(/^.*\n\n/, '')),
    '',
  ].join('\n');
}

/** All commands that the help shows, each before its own subcommands. */
function commandsBelow(command: Command, help: Help): Command[] {
  return help.visibleCommands(command).flatMap((child) => [child, ...commandsBelow(child, help)]);
}

function commandSection(command: Command, help: Help, capture: (print: () => void) => string): string[] {
  const options = help.visibleOptions(command);
  const groups = [...new Set(options.map((option) => option.helpGroupHeading ?? 'Options:'))];
  return [
    `.SS "${roff(help.commandUsage(command)).replaceAll('"', '\\(dq')}"`,
    roff(help.commandDescription(command)),
    ...help
      .visibleArguments(command)
      .flatMap((argument) => entry(argument.name(), help.argumentDescription(argument))),
    ...groups.flatMap((group) => [
      '.PP',
      `.I ${roff(group)}`,
      ...options
        .filter((option) => (option.helpGroupHeading ?? 'Options:') === group)
        .flatMap((option) => optionEntry(option, help)),
    ]),
    ...examples(command, capture),
  ];
}

function optionEntry(option: Option, help: Help): string[] {
  return entry(option.flags, help.optionDescription(option));
}

function entry(term: string, meaning: string): string[] {
  return ['.TP', `.B ${roff(term)}`, roff(meaning)];
}

/** What the help says after the options. */
function examples(command: Command, capture: (print: () => void) => string): string[] {
  const whole = capture(() => {
    command.outputHelp();
  });
  return verbatim(whole.slice(command.helpInformation().length));
}

function verbatim(text: string): string[] {
  if (text.trim() === '') return [];
  return ['.PP', '.nf', ...text.trim().split('\n').map(roff), '.fi'];
}

function sentence(text: string): string {
  return roff(text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, ''));
}

/** Text as roff prints it, character for character. */
function roff(text: string): string {
  const escapes: Record<string, string> = {
    '\\': '\\e',
    '-': '\\-',
    "'": '\\(aq',
    '`': '\\(ga',
    '^': '\\(ha',
    '~': '\\(ti',
  };
  return text.replace(/[\\\-'`^~]/g, (char) => escapes[char] ?? char).replace(/^\./, '\\&.');
}
