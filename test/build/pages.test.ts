/**
 * The manual page and the packaged completion scripts: complete, and as the program has them.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program.js';
import { exitCodeTable } from '../../src/model/outcome.js';
import { environment } from '../../src/config/environment.js';
import { fakeContext } from '../support/context.js';
import { runLab } from '../support/program.js';

const share = fileURLToPath(new URL('../../share/', import.meta.url));
const page = readFileSync(`${share}man/man1/lab.1`, 'utf8');

/** The page without roff's escapes, so that it reads as it prints. */
const text = page
  .replaceAll('\\-', '-')
  .replaceAll('\\(aq', "'")
  .replaceAll('\\(ga', '`')
  .replaceAll('\\(dq', '"')
  .replaceAll('\\e', '\\');

function withDescendants(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withDescendants)];
}

/** The lines of one command's section. */
function section(usage: string): string[] {
  const [, rest] = text.split(`\n.SS "${usage}"\n`);
  assert.ok(rest !== undefined, `no section for ${usage}`);
  return rest.split(/\n\.S[SH] /)[0]?.split('\n') ?? [];
}

describe('the manual page', () => {
  const program = createProgram(fakeContext(), () => undefined);
  const help = program.createHelp();

  for (const command of withDescendants(program).slice(1)) {
    const usage = help.commandUsage(command);
    it(`has every option of ${usage}`, () => {
      const lines = section(usage);
      assert.ok(lines.includes(command.description()));
      for (const option of help.visibleOptions(command)) {
        const at = lines.indexOf(`.B ${option.flags}`);
        assert.ok(at > 0, `${option.flags} is missing`);
        assert.equal(lines[at + 1], help.optionDescription(option));
      }
    });
  }

  it('has the options of the program itself, and no hidden one', () => {
    assert.match(text, /^\.B -V, --version$/m);
    assert.doesNotMatch(text, /--token /);
  });

  it('has the exit codes, the variables and the examples', () => {
    for (const [code, meaning] of exitCodeTable) assert.ok(text.includes(`.B ${code}\n${meaning}\n`));
    for (const name of Object.keys(environment)) assert.ok(text.includes(`.B ${name}\n`), name);
    assert.match(text, /^ {2}lab spawn --timeout 5m -o json/m);
  });

  for (const [formatter, ...args] of [
    ['groff', '-man', '-Tutf8', '-Kutf8', '-ww', '-z'],
    ['mandoc', '-T', 'lint', '-W', 'error'],
  ]) {
    it(`is taken without warnings by ${formatter ?? ''}, where that is installed`, () => {
      const { error, status, stdout, stderr } = spawnSync(
        formatter ?? '',
        [...args, `${share}man/man1/lab.1`],
        {
          encoding: 'utf8',
        },
      );
      if (error !== undefined) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOENT');
        return;
      }
      assert.deepEqual({ status, said: stdout + stderr }, { status: 0, said: '' });
    });
  }
});

describe('the packaged completion', () => {
  for (const [shell, file] of [
    ['bash', 'bash-completion/completions/lab'],
    ['zsh', 'zsh/site-functions/_lab'],
    ['fish', 'fish/vendor_completions.d/lab.fish'],
  ] as const) {
    it(`for ${shell} is what the program prints`, async () => {
      assert.equal(readFileSync(share + file, 'utf8'), (await runLab(['completion', shell])).stdout);
    });
  }
});
