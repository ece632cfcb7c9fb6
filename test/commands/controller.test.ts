/**
 * The command run by `lab controller` next to the simulated controller, if it may not be sent signals (as with `sudo`).
 */
import assert from 'node:assert/strict';
import { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { serve } from '../../src/commands/controller.js';
import type { PassedSignal } from '../../src/runtime/context.js';
import { realClock } from '../support/clock.js';
import { fakeContext } from '../support/context.js';
import { temporaryFolder } from '../support/temporary.js';

test('a signal that cannot be forwarded changes nothing: the command runs to its end', async (t) => {
  const folder = temporaryFolder();
  const watcher = watch(folder);
  t.after(() => {
    watcher.close();
  });
  t.mock.method(ChildProcess.prototype, 'kill', function (this: ChildProcess) {
    // What Node does if the system call returns EPERM.
    this.emit('error', Object.assign(new Error('kill EPERM'), { code: 'EPERM' }));
    return false;
  });
  let handOn: (signal: PassedSignal) => void = () => undefined;
  const jobs = {
    ...fakeContext().jobs,
    takeSignals: (handler: typeof handOn) => {
      handOn = handler;
      return () => undefined;
    },
  };
  const up = once(watcher, 'change');
  const script = `: > '${folder}/up'; while [ ! -e '${folder}/go' ]; do :; done; exit 5`;
  const code = serve(
    fakeContext({ clock: realClock, jobs, tmp: temporaryFolder(), env: { PATH: process.env['PATH'] } }),
    {
      port: 0,
      host: '127.0.0.1',
      yesExpose: false,
      scenario: 'happy',
      speed: 1,
      ping: 15,
      list: false,
      withHub: null,
      platform: false,
      command: ['sh', '-c', script],
    },
  );
  await up;
  assert.ok(existsSync(join(folder, 'up')));
  handOn('SIGTERM');
  writeFileSync(join(folder, 'go'), '');
  assert.equal(await code, 5);
});
