/**
 * The real program at a real pseudo-terminal, stopped from outside in the middle of a spawn that goes on meanwhile.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startController } from '../../src/embedded/server.js';
import { realClock } from '../support/clock.js';
import { atTerminal } from '../support/program.js';

/** Resolves when the lab of the controller's user runs. */
async function running({ url, token }: { url: string; token: string }): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}/spawner/v1/user-status`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (((await answer.json()) as { status?: string }).status === 'running') return;
  }
}

describe('kill -STOP in the middle of a spawn, and -CONT when the lab is up', { concurrency: 3 }, () => {
  for (const [name, options] of [
    ['ends right', ''],
    ['ends right where the connection would long be taken for dead', '--idle-timeout 1s'],
    ['ends right where the deadline has passed meanwhile', '--timeout 3s'],
  ] as const) {
    it(name, async () => {
      const controller = await startController({ clock: realClock });
      const terminal = atTerminal(`echo "pid=$$"; exec "$node" "$lab" spawn ${options}`, {
        env: { LAB_CONTROLLER: controller.url, LAB_TOKEN: controller.token },
      });
      await terminal.seen(/Created Kubernetes objects/);
      const pid = Number(/pid=(\d+)/.exec(terminal.written())?.[1]);
      process.kill(pid, 'SIGSTOP');
      await running(controller);
      process.kill(pid, 'SIGCONT');
      assert.equal(await terminal.finished, 0, terminal.text());
      const shown = terminal.text();
      for (const message of ['Starting lab creation', 'Created Kubernetes', 'Container notebook is ready']) {
        assert.equal(
          shown.match(new RegExp(`^\\w+ +\\d+% +${message}`, 'gm'))?.length,
          1,
          `${message}\n${shown}`,
        );
      }
      assert.match(shown, /100% █+[^\n]*\n✔ Lab Kubernetes pod started/);
      assert.equal(terminal.cursorHidden(), false);
      await controller.close();
    });
  }
});
