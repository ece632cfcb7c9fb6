/**
 * The real program as a job of a real interactive shell at a real pseudo-terminal: in the background it draws nothing.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { atTerminal, bin, cleanEnvironment, type Terminal } from '../support/program.js';

/** What only a drawing has: a hidden cursor, the bar, the spinner. */
const drawing = /\x1b\[\?25l|[█░⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/;

/** For a terminal on which something expected is never seen. */
const limited = { timeout: 60_000 };

/** An interactive shell, at its prompt. */
async function shell(program: string): Promise<Terminal> {
  const terminal = atTerminal(`export node lab PS1='ready> '; exec ${program}`, { columns: 120 });
  await terminal.seen(/ready>$/);
  return terminal;
}

const spawning = (args: string): string => `"$node" "$lab" spawn --demo ${args}`;

async function exit(terminal: Terminal): Promise<void> {
  terminal.type('exit\r');
  await terminal.finished;
}

for (const program of ['bash --norc --noprofile -i', 'sh -i']) {
  describe(`a job of ${program}`, { concurrency: 3 }, () => {
    it('draws nothing in the background, and says at the end what there was to say', limited, async () => {
      const terminal = await shell(program);
      terminal.type(`${spawning('')} &\r`);
      await terminal.seen(/http:\/\/lab\.userlabs-demo/);
      await exit(terminal);
      assert.doesNotMatch(terminal.written(), drawing);
      const events = terminal.text().match(/^ +0:\d\d +\d+% {2}/gm)?.length ?? 0;
      assert.ok(events > 5, terminal.text());
      assert.match(terminal.text(), /✔ Lab is running \(0:\d\d\)\nhttp/);
    });

    it('draws when it comes to the foreground', limited, async () => {
      const terminal = await shell(program);
      terminal.type(`${spawning('slow-pull')} &\r`);
      await terminal.seen(/&[^]*ready>$/);
      assert.doesNotMatch(terminal.written(), drawing);
      terminal.type('fg\r');
      await terminal.seen(/\d% █/);
      assert.equal(terminal.cursorHidden(), true);
      terminal.type('\x03');
      await terminal.seen(/interrupted[^]*ready>$/);
      assert.equal(terminal.cursorHidden(), false);
      await exit(terminal);
    });

    it('draws nothing after Ctrl-Z and `bg`, and again after `fg`', limited, async () => {
      const terminal = await shell(program);
      terminal.type(`${spawning('slow-pull')}\r`);
      await terminal.seen(/\d% █/);
      terminal.type('\x1a');
      await terminal.seen(/(Stopped|suspended)[^]*ready>$/);
      assert.equal(terminal.cursorHidden(), false);
      const stopped = terminal.written().length;
      terminal.type('bg\r');
      // Long enough for some drawings: a whole run.
      terminal.type(`${spawning('immediate --progress plain')} 2>&1 | tail -n 1\r`);
      await terminal.seen(/http:\/\/lab\.userlabs-demo[^]*ready>$/);
      assert.doesNotMatch(terminal.written().slice(stopped), drawing);
      terminal.type('fg\r');
      await terminal.seen(/fg[^]*\d% █[^]*$/);
      assert.equal(terminal.cursorHidden(), true);
      terminal.type('\x03');
      await terminal.seen(/interrupted[^]*ready>$/);
      await exit(terminal);
    });
  });
}

it('a bar on a terminal that is not the one of its shell is drawn', async () => {
  const terminal = atTerminal('tty; read -r');
  await terminal.seen(/^\/dev\/\S+\n?$/);
  const other = openSync(terminal.text().trim(), 'r+');
  const child = spawn(process.execPath, [bin, 'spawn', '--demo', 'immediate'], {
    env: cleanEnvironment({ TERM: 'xterm' }),
    stdio: ['ignore', 'ignore', other],
  });
  closeSync(other);
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  terminal.type('\n');
  await terminal.finished;
  assert.match(terminal.written(), /100% \x1b\[32m█/);
});
