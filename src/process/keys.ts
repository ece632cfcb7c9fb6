/**
 * Ctrl-C and Ctrl-Z in a raw terminal, where they arrive as bytes on stdin.
 */
import { isatty } from 'node:tty';
import { openStdin } from './stdio.js';

const ctrlC = 0x03;
const ctrlZ = 0x1a;

/** See `JobControl.watchKeys`. Node cannot report a terminal's modes, so this asks `stty`. */
export function watchKeys(onSignal: (signal: 'SIGINT' | 'SIGTSTP') => void): () => void {
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
    const { spawn } = await import('node:child_process');
    if (stopped.signal.aborted) return;
    const stty = spawn('stty', ['-a'], { stdio: ['inherit', 'pipe', 'ignore'] });
    let modes = '';
    stty.stdout.on('data', (chunk: Buffer) => (modes += chunk.toString()));
    // Without stty nothing is known, and a cooked terminal needs nothing.
    stty.on('error', () => undefined);
    stty.on('close', () => {
      if (stopped.signal.aborted || !/(^|\s)-isig\b/.test(modes)) return;
      const stdin = openStdin().on('data', onData);
      stopReading = () => {
        stdin.off('data', onData).pause();
      };
    });
    stty.unref();
  })();
  return () => {
    stopped.abort();
    stopReading();
  };
}
