/**
 * Ends the process of a test file when its tests have ended, even if they have left something open.
 *
 * A test that fails does not get to close what it opened, and a server, a connection or a child would keep the process,
 * and with it the whole run, alive for ever. Such a process fails and reports what was open. Loaded by `npm test` for
 * every file, and by every module that opens something for a test.
 */
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { after } from 'node:test';

/** What is closed properly may take a moment, in milliseconds. */
const patience = 10_000;

const children = new Set<ChildProcess>();
subscribe('child_process', (message) => {
  const { process: child } = message as { process: ChildProcess };
  children.add(child);
  child.once('exit', () => children.delete(child));
});
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
// An unhandled signal ends the process without that; `node --test` sends one to a file that takes too long.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(1));
}

// Not in the process that only starts the others.
if (process.env['NODE_TEST_CONTEXT'] !== undefined) {
  after(() => {
    // Does not keep the process alive itself: it fires only if something else does.
    setTimeout(() => {
      const kinds = [...new Set(process.getActiveResourcesInfo())].join(', ');
      process.stderr.write(`The tests have ended, and something is still open: ${kinds}\n`);
      process.exit(1);
    }, patience).unref();
  });
}
