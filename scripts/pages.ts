/**
 * Writes what is made from the command line's own data: the manual page, and the completion scripts, each where
 * a prefix such as /usr/local has it. Part of the build.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { createProgram, runProgram } from '../src/cli/program.js';
import type { Context } from '../src/context.js';
import { manPage } from './man.js';

const share = fileURLToPath(new URL('../share', import.meta.url));
const out = new PassThrough();

// Neither help nor completion looks at anything else.
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
  ),
);
write('bash-completion/completions/lab', await completion('bash'));
write('zsh/site-functions/_lab', await completion('zsh'));
write('fish/vendor_completions.d/lab.fish', await completion('fish'));
