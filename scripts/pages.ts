/**
 * Generates the manual page and the completion scripts from the command line's own data, in the layout of a prefix such
 * as /usr/local. Part of the build.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { createProgram, runProgram } from '../src/cli/program.js';
import type { Context } from '../src/runtime/context.js';
import { version } from '../src/model/version.js';
import { manPage } from './man.js';

const share = fileURLToPath(new URL('../share', import.meta.url));
const out = new PassThrough();

// Help and completion use nothing else.
const context = (argv: readonly string[]): Context =>
  ({ argv, env: {}, out, err: out }) as unknown as Context;

function capture(print: () => void): string {
  print();
  return String(out.read() ?? '');
}

function write(path: string, text: string): void {
  const file = join(share, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** The day of the release, from the changelog's heading; null while this version is unreleased. */
function releaseDate(): string | null {
  const changelog = readFileSync(new URL('../CHANGELOG.md', import.meta.url), 'utf8');
  const [, date] =
    new RegExp(`^## \\[${version.replaceAll('.', '\\.')}\\] - (\\d{4}-\\d\\d-\\d\\d)`, 'm').exec(changelog) ??
    [];
  return date ?? null;
}

async function completion(shell: string): Promise<string> {
  await runProgram(context(['completion', shell]));
  return String(out.read());
}

rmSync(share, { recursive: true, force: true });
write(
  'man/man1/lab.1',
  manPage(
    createProgram(context([]), () => undefined),
    capture,
    releaseDate(),
  ),
);
write('bash-completion/completions/lab', await completion('bash'));
write('zsh/site-functions/_lab', await completion('zsh'));
write('fish/vendor_completions.d/lab.fish', await completion('fish'));
