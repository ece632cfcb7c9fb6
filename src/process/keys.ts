/**
 * Ctrl-C and Ctrl-Z in a raw terminal, where they arrive as bytes on stdin.
 */
import { isatty } from 'node:tty';
import type { Foreground } from './foreground.js';
import { openStdin } from './stdio.js';

const ctrlC = 0x03;
const ctrlZ = 0x1a;

/** See `JobControl.watchKeys`. Node cannot report a terminal's modes, so this asks `stty`. */
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
    // The shell at its prompt may have made the terminal raw for itself, and would stop a job in the background that reads.
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

/** Whether the terminal sends no signals for keys. Without `stty` nothing is known, and a cooked terminal needs nothing. */
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
