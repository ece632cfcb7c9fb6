/**
 * The manual page, from the same data as the help: commander's program and the tables of the help topics. FILES, SEE
 * ALSO and BUGS, which the help does not have, are in man-sections.ts.
 */
import type { Command, Help, Option } from 'commander';
import { helpTopic } from '../src/cli/help-topics.js';
import { environment } from '../src/config/environment.js';
import { exitCodeTable } from '../src/model/outcome.js';
import { version } from '../src/model/version.js';
import { bugs, files, seeAlso } from './man-sections.js';
import { fill, macroArgument, roff } from './roff.js';

/**
 * `lab(1)` in the man macros. The program writes its help to `capture` while this runs. `date` is the day of the
 * release, or null before it.
 */
export function manPage(
  program: Command,
  capture: (print: () => void) => string,
  date: string | null,
): string {
  const help = program.createHelp();
  return [
    `.TH LAB 1 "${date ?? ''}" "nublado-lab ${version}" "User Commands"`,
    // No hyphenation, which would break option names, and no justified lines.
    '.nh',
    '.ad l',
    '.SH NAME',
    `lab \\- ${sentence(program.description())}`,
    '.SH SYNOPSIS',
    '.B lab',
    roff(program.usage()),
    '.SH DESCRIPTION',
    ...fill(program.description()),
    '.SH OPTIONS',
    ...help.visibleOptions(program).flatMap((option) => optionEntry(option, help)),
    ...examples(program, capture),
    '.SH COMMANDS',
    ...commandsBelow(program, help).flatMap((command) => commandSection(command, help, capture)),
    '.SH OUTPUT',
    ...verbatim(helpTopic('output').replace(/^.*\n\n/, '')),
    '.SH "EXIT STATUS"',
    ...exitCodeTable.flatMap(([code, meaning]) => entry(String(code), meaning)),
    '.SH ENVIRONMENT',
    ...Object.entries(environment).flatMap(([name, meaning]) => entry(name, meaning)),
    '.SH FILES',
    ...files.flatMap(([path, meaning]) => entry(path, meaning)),
    '.SH BUGS',
    ...bugs.flatMap((text, index) => (index === 0 ? fill(text) : ['.PP', ...fill(text)])),
    '.SH "SEE ALSO"',
    ...manualReferences(seeAlso.pages),
    ...seeAlso.links.flatMap(([text, url]) => ['.PP', `.UR ${url}`, ...fill(text), '.UE']),
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
    `.SS ${macroArgument(help.commandUsage(command))}`,
    ...fill(help.commandDescription(command)),
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
  return ['.TP', `.B ${roff(term)}`, ...fill(meaning)];
}

/** The help text after the options. */
function examples(command: Command, capture: (print: () => void) => string): string[] {
  const whole = capture(() => {
    command.outputHelp();
  });
  const text = whole.slice(command.helpInformation().length);
  return text.trim() === '' ? [] : ['.PP', ...verbatim(text)];
}

function verbatim(text: string): string[] {
  return ['.nf', ...text.trim().split('\n').map(roff), '.fi'];
}

/** References such as "curl(1), jq(1)", with the names in bold. */
function manualReferences(pages: readonly (readonly [name: string, section: number])[]): string[] {
  return pages.map(
    ([name, section], index) => `.BR ${name} (${section})${index < pages.length - 1 ? ',' : ''}`,
  );
}

function sentence(text: string): string {
  return roff(text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, ''));
}
