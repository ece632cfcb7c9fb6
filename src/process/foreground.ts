/**
 * Whether this process is in the foreground of its terminal, or a job that a shell runs in the background (`&`, `bg`).
 *
 * On Linux this is in /proc, which is cheap to read, so it is read each time. Elsewhere `ps` is run, once, and again when the
 * process continues after a stop. Until its result is known, the process counts as in the background.
 */
import { fstatSync, readFileSync } from 'node:fs';
import { isatty } from 'node:tty';

export interface Foreground {
  /** Whether the process may draw on the terminal at stderr. */
  isIn(): boolean;
  /** The same, as soon as it is known. */
  whenKnown(): Promise<boolean>;
  /** Must be called when the process continues after a stop. */
  refresh(): void;
}

/** The process group of a process, and the one in the foreground of its terminal; 0 or less if there is none. */
interface Groups {
  own: number;
  foreground: number;
}

export function watchForeground(platform: NodeJS.Platform): Foreground {
  if (!isatty(2) || platform === 'win32') return noJob;
  return platform === 'linux' ? fromProc : fromPs();
}

const noJob: Foreground = {
  isIn: () => true,
  whenKnown: () => Promise.resolve(true),
  refresh: () => undefined,
};

const fromProc: Foreground = {
  isIn: readProc,
  whenKnown: () => Promise.resolve(readProc()),
  refresh: () => undefined,
};

function readProc(): boolean {
  try {
    // The command's name is in front of it, in parentheses, and may contain any character.
    const stat = readFileSync('/proc/self/stat', 'latin1').replace(/^.*\) /s, '');
    const [, , own = 0, , terminal = 0, foreground = 0] = stat.split(' ').map(Number);
    return !isStderr(terminal) || isForeground({ own, foreground });
  } catch {
    return true;
  }
}

/** /dev/tty, an alias of the process's terminal. */
const devTty = 0x500;

/** Whether stderr is the process's own terminal, given by its device number. Job control does not apply to another one. */
function isStderr(terminal: number): boolean {
  const { rdev } = fstatSync(2);
  return rdev === terminal || rdev === devTty;
}

function isForeground({ own, foreground }: Groups): boolean {
  return own <= 0 || foreground <= 0 || own === foreground;
}

function fromPs(): Foreground {
  let known: boolean | null = null;
  let lookup: Promise<boolean> | null = null;
  const lookUp = (): Promise<boolean> => {
    const started: Promise<boolean> = groupsFromPs(process.pid).then((groups) => {
      const isIn = groups === null || isForeground(groups);
      // A result from before another stop is out of date.
      if (lookup === started) known = isIn;
      return isIn;
    });
    return started;
  };
  return {
    isIn() {
      lookup ??= lookUp();
      return known ?? false;
    },
    whenKnown: () => (lookup ??= lookUp()),
    refresh() {
      known = null;
      lookup = null;
    },
  };
}

/** The groups of a process as `ps` reports them; null if it does not. */
async function groupsFromPs(pid: number): Promise<Groups | null> {
  const { execFile } = await import('node:child_process');
  return new Promise((resolve) => {
    const child = execFile('ps', ['-o', 'pgid=,tpgid=', '-p', String(pid)], (error, output) => {
      const [, own, foreground] = /^\s*(\d+)\s+(-?\d+)/.exec(output) ?? [];
      const known = error === null && own !== undefined;
      resolve(known ? { own: Number(own), foreground: Number(foreground) } : null);
    });
    child.unref();
  });
}
