/**
 * The real program at a real pseudo-terminal, stopped from outside during a spawn that continues meanwhile.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { atTerminal } from '../support/program.js';
import { openController } from '../support/site.js';

/** Long enough for the program to start on a busy machine, in seconds. */
const timeout = 15;

/** Resolves when the spawn of the controller's user is over. */
async function complete({ url, token, user }: { url: string; token: string; user: string }): Promise<void> {
  const events = await fetch(`${url}/spawner/v1/labs/${user}/events`, {
    headers: { authorization: `Bearer ${token}`, connection: 'close' },
  });
  assert.match(await events.text(), /event: complete/);
}

describe('kill -STOP in the middle of a spawn, and -CONT when the lab is up', { concurrency: 3 }, () => {
  for (const [name, options, seconds] of [
    ['ends right', '', 0],
    ['ends right where the connection would long be taken for dead', '--idle-timeout 1s', 0],
    ['ends right where the deadline has passed meanwhile', `--timeout ${timeout}s`, timeout],
  ] as const) {
    it(name, async () => {
      await using controller = await openController();
      const terminal = atTerminal(`echo "pid=$$"; exec "$node" "$lab" spawn ${options}`, {
        env: { LAB_CONTROLLER: controller.url, LAB_TOKEN: controller.token },
      });
      await terminal.seen(/Created Kubernetes objects/);
      const pid = Number(/pid=(\d+)/.exec(terminal.written())?.[1]);
      process.kill(pid, 'SIGSTOP');
      // It is time itself that has to pass, for a process that began earlier.
      await Promise.all([complete(controller), pause(seconds * 1000)]);
      process.kill(pid, 'SIGCONT');
      assert.equal(await terminal.finished, 0, terminal.text());
      const shown = terminal.text();
      for (const message of ['Starting lab creation', 'Created Kubernetes', 'Container notebook is ready']) {
        assert.equal(
          shown.match(new RegExp(`^ +\\d+:\\d\\d +\\d+% +${message}`, 'gm'))?.length,
          1,
          `${message}\n${shown}`,
        );
      }
      assert.match(shown, /is ready\n✔ Lab is running \(0:\d\d(, of which [^)]*)?\)\n/);
      assert.equal(terminal.cursorHidden(), false);
    });
  }
});
