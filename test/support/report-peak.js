/**
 * Loaded into the real program by NODE_OPTIONS: reports its peak memory at exit, in MiB.
 *
 * Not `resourceUsage().maxRSS` if there is an alternative: Linux inherits that from the process that started this
 * one, so it would measure the test.
 */
import { readFileSync, writeFileSync } from 'node:fs';

process.on('exit', () => {
  let peak = process.resourceUsage().maxRSS / 1024;
  try {
    peak = Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
  } catch {
    // Not a Linux.
  }
  writeFileSync(process.env.PEAK_FILE, `${peak}`);
});
