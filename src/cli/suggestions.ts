/**
 * Suggestions for words that `lab` does not know: the names that similar tools use, and values without their option.
 *
 * Leaves typing errors in the names of commands and options to commander. An argument is repeated only if it is one of
 * these words: any other may be a secret.
 */
import type { CommanderError } from 'commander';
import { imageClasses } from '../model/lab-request.js';

/** The names that other tools use, with this program's command. */
const commands = new Map([
  ...['start', 'create', 'launch', 'run', 'up'].map((word) => [word, 'lab spawn'] as const),
  ...['delete', 'rm', 'remove', 'kill', 'down'].map((word) => [word, 'lab stop'] as const),
  ...['logs', 'log', 'watch', 'tail', 'follow'].map((word) => [word, 'lab events'] as const),
  ...['ls', 'ps', 'labs', 'users'].map((word) => [word, 'lab list'] as const),
  ...['get', 'describe', 'info', 'show'].map((word) => [word, 'lab status'] as const),
  ...['profile', 'profiles', 'settings'].map((word) => [word, 'lab config'] as const),
  ['version', 'lab --version'],
  ['server', 'lab controller'],
]);

const options = new Map([
  ['--json', '-o json'],
  ['--ndjson', '-o ndjson'],
  ['--format', '-o json'],
  ['--debug', '-vv'],
  ['--silent', '--quiet'],
  ['--wait', '`lab wait`'],
  ['--no-wait', '--detach'],
  ['--background', '--detach'],
  ['--force', '--on-conflict replace'],
  ['--replace', '--on-conflict replace'],
]);

/** The sizes that a site may offer (Nublado's own names). */
const sizes = ['fine', 'diminutive', 'tiny', 'small', 'medium', 'large', 'huge', 'gargantuan', 'colossal'];

/** A sentence with the suggestion; null if there is none. */
export function suggestion({ code, message }: CommanderError, argv: readonly string[]): string | null {
  switch (code) {
    case 'commander.unknownCommand':
      return forCommand(argv.find((word) => !word.startsWith('-') && word !== 'help') ?? '');
    case 'commander.unknownOption':
      return meant(options.get(/'(--[\w-]+)/.exec(message)?.[1] ?? ''));
    case 'commander.invalidArgument':
      return meant(classOf(/^error: option '--class <class>' argument '([\w-]+)'/.exec(message)?.[1] ?? ''));
    case 'commander.excessArguments':
      return meant(
        argv
          .slice(1)
          .map(asOption)
          .find((option) => option !== null),
      );
    default:
      return null;
  }
}

function forCommand(word: string): string | null {
  if (word === 'login') {
    return 'Use `lab config set controller URL` (or hub) and `lab config set token_file PATH`.';
  }
  const known = commands.get(word);
  return known === undefined ? null : `Did you mean \`${known}\`?`;
}

/** The only class with this word in its name. */
function classOf(word: string): string | null {
  const [match, ...more] = imageClasses.filter((known) => known.split('-').includes(word));
  return match === undefined || more.length > 0 ? null : match;
}

/** The option that takes this word as its value. */
function asOption(word: string): string | null {
  if (sizes.includes(word.toLowerCase())) return `--size ${word}`;
  if ((imageClasses as readonly string[]).includes(word)) return `--class ${word}`;
  if (/^[wdr]\d*_[\w.]{1,40}$/.test(word)) return `--tag ${word}`;
  return null;
}

function meant(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : `Did you mean ${text}?`;
}
