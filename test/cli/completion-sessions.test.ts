/**
 * `lab completion` in interactive shells, at a real terminal: each line is completed twice in one session, because a
 * shell loads the script at the first Tab and uses what it has loaded from then on.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inSession, missing, nastyProgram, saveProfiles, scriptFile, type Shell } from '../support/shells.js';
import { temporaryFolder } from '../support/temporary.js';

/** Lines, and what each becomes with Tab. */
const lines: readonly (readonly [typed: string, completed: string])[] = [
  ['lab sta', 'lab status'],
  ['lab spawn -o js', 'lab spawn -o json'],
  ['nublado-lab spawn --demo sta', 'nublado-lab spawn --demo stall'],
  ['lab spawn --token-file a', String.raw`lab spawn --token-file a\ token.txt`],
  ['lab status --profile t', 'lab status --profile two_words-2'],
  ['lab config set --profile i', 'lab config set --profile int'],
  ['lab events --type err', 'lab events --type error'],
  ['lab events --type info,err', 'lab events --type info,error'],
  ['lab events --type=info,err', 'lab events --type=info,error'],
  ['lab controller -- cat a', String.raw`lab controller -- cat a\ token.txt`],
  ['lab completion f', 'lab completion fish'],
  ['lab schema o', 'lab schema output'],
  ['lab config set con', 'lab config set controller'],
  ['lab config unset u', 'lab config unset user'],
  ['lab help exi', 'lab help exit-codes'],
];

async function home(): Promise<string> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'a token.txt'), '');
  await saveProfiles(folder, ['default', 'int', 'two_words-2']);
  return folder;
}

/** Completes every line twice in one session. */
async function twice(shell: Shell, folder: string, setUp: string): Promise<void> {
  await inSession(shell, folder, setUp, async (tab) => {
    for (const [typed, completed] of lines) {
      for (const time of ['first', 'second']) {
        const shown = await tab(typed);
        assert.ok(shown.includes(`: ${completed}`), `${typed}, the ${time} time: ${shown}`);
      }
    }
  });
}

for (const shell of ['bash', 'zsh', 'fish'] as const) {
  describe(`lab completion ${shell}, sourced`, missing(shell), () => {
    it('completes again and again in one session', async () => {
      const folder = await home();
      await twice(shell, folder, `source '${await scriptFile(folder, shell, 'lab')}'`);
    });
  });
}

describe('lab completion zsh', missing('zsh'), () => {
  it('completes again and again as a file in $fpath', async () => {
    const folder = await home();
    const file = await scriptFile(folder, 'zsh', 'lab');
    mkdirSync(join(folder, 'f'));
    renameSync(file, join(folder, 'f/_lab'));
    await twice('zsh', folder, `fpath=('${folder}/f' $fpath); compinit -u -D`);
  });

  it('is correct to the shell itself', async () => {
    const folder = temporaryFolder();
    for (const program of [undefined, nastyProgram()]) {
      const file = await scriptFile(folder, 'zsh', 'lab', program);
      assert.equal(execFileSync('zsh', ['-n', file], { encoding: 'utf8' }), '');
    }
  });

  it('offers descriptions, and no type that a list has', async () => {
    const folder = await home();
    const source = `source '${await scriptFile(folder, 'zsh', 'lab')}'`;
    await inSession('zsh', folder, source, async (tab) => {
      assert.match(await tab('lab config s'), /set +-- [^]*show +-- /);
      assert.doesNotMatch(await tab('lab events --type info,i'), /info,info/);
    });
  });

  it('takes nothing in a text for code, and offers no hidden option', async () => {
    const folder = temporaryFolder();
    const file = await scriptFile(folder, 'zsh', 'nasty', nastyProgram());
    await inSession('zsh', folder, `source '${file}'`, async (tab) => {
      const options = await tab('lab config set --');
      assert.match(
        options,
        /--mode .*-- it's \[a\] b\]: "c": \$\(touch pwned\) `touch pwned` \$HOME \\ \\n %s; & \| done/,
      );
      assert.doesNotMatch(options, /--old/);
      assert.match(await tab('lab config set tw'), /set two\\ words/);
      assert.match(await tab('lab config set --old x tw'), /--old x two\\ words/);
      assert.match(await tab('lab config set --mode \\$\\('), /--mode \\\$\\\(touch\\ pwned\\\)/);
    });
    assert.equal(existsSync(join(folder, 'pwned')), false);
  });
});
