/**
 * Ctrl-C and Ctrl-Z in a raw terminal, where they arrive as bytes on stdin.
 */
import { isatty } from 'node:tty';
import type { Foreground } from './foreground.js';
import { openStdin } from './stdio.js';

const ctrlC = 0x03;
const ctrlZ = 0x1a;

/** See `JobControl.watchKeys`. Node cannot report the modes of a terminal, so `stty` is run for them. */
export function watchKeys(
  onSignal: (signal: 'SIGINT' | 'SIGTSTP') => void,
  foreground: Foreground,
): () => void {
  if (process.platform === 'win32' || !isatty(0)) return () => undefined;
  const stopped = new AbortController();
  const onData = (keys: Buffer): void => {
    for (const key of keys) {
      if (key === ctrlC) onSignal('SIGINT');
      if (key === ctrlZ) onSignal('SIGTSTP');
    }
  };
  let stopReading = (): void => undefined;
  void (async () => {
    // For a job in the background it is the shell that has made the terminal raw, and a job that reads from it is stopped.
    if (!(await isRaw()) || !(await foreground.whenKnown()) || stopped.signal.aborted) return;
    const stdin = openStdin().on('data', onData);
    stopReading = () => {
      stdin.off('data', onData).pause();
    };
  })();
  return () => {
    stopped.abort();
    stopReading();
  };
}

/** Whether the terminal sends no signals for keys. Without `stty` it counts as cooked, and nothing is read. */
async function isRaw(): Promise<boolean> {
  const { spawn } = await import('node:child_process');
  const stty = spawn('stty', ['-a'], { stdio: ['inherit', 'pipe', 'ignore'] });
  stty.unref();
  let modes = '';
  stty.stdout.on('data', (chunk: Buffer) => (modes += chunk.toString()));
  return new Promise((resolve) => {
    stty.on('error', () => {
      resolve(false);
    });
    stty.on('close', () => {
      resolve(/(^|\s)-isig\b/.test(modes));
    });
  });
}
