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

/** The page without roff's escapes, and each filled paragraph on one line, so that it reads as it prints. */
const text = joined(
  page
    .replaceAll('\\&', '')
    .replaceAll('\\-', '-')
    .replaceAll('\\(aq', "'")
    .replaceAll('\\(ga', '`')
    .replaceAll('\\(ha', '^')
    .replaceAll('\\(ti', '~')
    .replaceAll('\\(dq', '"')
    .replaceAll('\\e', '\\'),
);

/** Joins the source lines of a paragraph, except where the page says that lines stay as they are. */
function joined(source: string): string {
  const lines: string[] = [];
  let filled = true;
  for (const line of source.split('\n')) {
    if (line === '.nf' || line === '.fi') filled = line === '.fi';
    const before = lines.at(-1);
    if (before === undefined || !filled || isMacro(line) || isMacro(before)) lines.push(line);
    else lines[lines.length - 1] = `${before} ${line}`;
  }
  return lines.join('\n');
}

function isMacro(line: string): boolean {
  return line.startsWith('.');
}

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

  it('says where files are, where to report bugs, and where to read more', () => {
    for (const path of [
      '$XDG_CONFIG_HOME/nublado-lab/config.json',
      '$XDG_CACHE_HOME/nublado-lab/',
      '$TMPDIR/nublado-lab-*/',
    ]) {
      assert.ok(text.includes(`.TP\n.B ${path}\n`), path);
    }
    const titles = [...text.matchAll(/^\.SH (.*)$/gm)].map(([, title]) => title);
    assert.deepEqual(titles.slice(-3), ['FILES', 'BUGS', '"SEE ALSO"']);
    assert.match(text, /Report a bug to/);
    assert.match(text, /^\.UR https:\/\/rsp\.lsst\.io\/\n.*\n\.UE$/m);
  });

  for (const [formatter, ...args] of [
    ['groff', '-man', '-Tutf8', '-Kutf8', '-ww', '-z'],
    ['mandoc', '-T', 'lint'],
  ] as const) {
    it(`is accepted by ${formatter} without warnings`, (test) => {
      const { error, stdout, stderr } = spawnSync(formatter, [...args, `${share}man/man1/lab.1`], {
        encoding: 'utf8',
      });
      if (error !== undefined) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOENT');
        test.skip(`${formatter} is not installed`);
        return;
      }
      // Before its release, a version has no date.
      const known = /^mandoc: \S+: WARNING: missing date, using "": TH$/;
      const isDated = /^\.TH LAB 1 "\d{4}-\d\d-\d\d"/.test(page);
      const lines = (stdout + stderr)
        .split('\n')
        .filter((line) => line !== '' && (isDated || !known.test(line)));
      assert.deepEqual(lines, []);
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
