/**
 * Checks that no child process of the suite prints its secrets: tokens, and values given with `--env` and `--option-env`.
 *
 * Owns what counts as a secret of a command line, and the search for it in the child's output.
 */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

/** How a child was started; for a shell, the words of its script as arguments. */
export interface Started {
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** What it can read on stdin. */
  input?: string;
}

/** What a test's child may do that the others may not. */
export interface Secrecy {
  /** A secret is shown on purpose, by a script or in the program's own words, so finding it proves nothing. */
  printsSecrets?: boolean;
}

/** Shorter values, other than tokens, would be found in words that are not secrets. */
const shortest = 8;

const tokenVariables = ['LAB_TOKEN', 'NUBLADO_TOKEN', 'ACCESS_TOKEN', 'JUPYTERHUB_API_TOKEN'];

/** The tokens, and the values of `--env` and `--option-env`, that a child gets. Files are read now, because they may be gone later. */
export function secretsOf({ args, env, input = '' }: Started): string[] {
  const tokenFiles = [...valuesOf('--token-file', args), env['LAB_TOKEN_FILE'] ?? ''];
  const passed = valuesOf('--env', args).map((pair) => {
    const at = pair.indexOf('=');
    if (at !== -1) return pair.slice(at + 1);
    return Object.hasOwn(env, pair) ? (env[pair] ?? '') : '';
  });
  const fromVariables = valuesOf('--option-env', args).map((pair) => {
    const name = pair.slice(pair.indexOf('=') + 1);
    return Object.hasOwn(env, name) ? (env[name] ?? '') : '';
  });
  const tokens = [
    ...tokenVariables.map((name) => env[name] ?? ''),
    ...tokenFiles.map((path) => (path === '-' ? input : contentOf(path))),
  ];
  return [
    ...tokens.map((token) => token.trim()).filter((token) => token !== ''),
    ...[...passed, ...fromVariables].map((value) => value.trim()).filter((value) => value.length >= shortest),
  ];
}

/** The files that a child writes its trace to. */
function logFilesOf({ args }: Started): string[] {
  return valuesOf('--log-file', args);
}

/** The words of a shell script, approximately: computed values are not known. */
export function wordsOf(script: string): string[] {
  return script
    .split(/[\s;|&()<>]+/)
    .map((word) => word.replaceAll(/["']/g, ''))
    .filter((word) => word !== '');
}

/** The first secret in the texts, in any encoding, or a string in token format; null if there is none. */
export function findLeak(texts: readonly string[], secrets: readonly string[]): string | null {
  for (const text of texts) {
    const joined = withoutLineEnds(text);
    const found = secrets.find((secret) =>
      formsOf(secret).some((form) => text.includes(form) || joined.includes(withoutLineEnds(form))),
    );
    const leak = found ?? wholeToken.exec(joined)?.[0];
    if (leak !== undefined) return leak;
  }
  return null;
}

/** A secret, and each of its longer lines, in the forms in which a server may repeat it. */
function formsOf(secret: string): string[] {
  const lines = secret.split(/[\r\n]+/).filter((line) => line.length >= shortest);
  return [secret, ...lines].flatMap((text) => {
    const json = JSON.stringify(text).slice(1, -1);
    const ascii = escaped(json, /[\u007f-\uffff]/g);
    const all = escaped(text, /[^]/g);
    const inUrl = encodeURIComponent(Buffer.from(text).toString());
    const bytes = [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    const once = [text, json, ascii, all, upper(ascii, /\\u.{4}/g), upper(all, /\\u.{4}/g)];
    const twice = once.map((form) => JSON.stringify(form).slice(1, -1));
    return [...once, ...twice, inUrl, lower(inUrl), bytes, bytes.toUpperCase()];
  });
}

function escaped(text: string, units: RegExp): string {
  return text.replaceAll(units, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function lower(text: string): string {
  return text.replaceAll(/%../g, (byte) => byte.toLowerCase());
}

function upper(text: string, escapes: RegExp): string {
  return text.replaceAll(escapes, (escape) => `\\u${escape.slice(2).toUpperCase()}`);
}

/** The text without line ends and their escapes, which may be between any two characters of a secret. */
function withoutLineEnds(text: string): string {
  return text.replaceAll(/[\r\n]|\\+(?:[rn]|u000[ad])|%0[ad]/gi, '');
}

/** As in the contract, "Base and authentication". */
const wholeToken = /gt-[\w-]{22}\.[\w-]{22}/;

/** The failure if the child has written a secret to stdout, stderr or a log file; without that secret. */
export function leakOf(started: Started, secrets: readonly string[], written: string): Error | null {
  const logs = logFilesOf(started).map(contentOf);
  const leak = findLeak([written, ...logs], secrets);
  if (leak === null) return null;
  const where = written.includes(leak) ? 'stdout or stderr' : 'the log file';
  return new Error(`a secret is in ${where} of: ${started.args.join(' ').replaceAll(leak, '[secret]')}`);
}

/** The values of a repeatable option, as `--option VALUE` and `--option=VALUE`. */
function valuesOf(option: string, args: readonly string[]): string[] {
  return args.flatMap((argument, index) => {
    if (argument === option) return args[index + 1] ?? [];
    return argument.startsWith(`${option}=`) ? argument.slice(option.length + 1) : [];
  });
}

/** Empty if it is not a regular file: reading a pipe would take its data from the child. */
function contentOf(path: string): string {
  const file = resolve(path);
  return path !== '' && statSync(file, { throwIfNoEntry: false })?.isFile() === true
    ? readFileSync(file, 'utf8')
    : '';
}
