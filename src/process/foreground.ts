/**
 * Whether this process is in the foreground of its terminal, or a job that a shell runs in the background (`&`, `bg`).
 *
 * Linux tells that in /proc, at no cost, so it is read each time. Elsewhere `ps` is run: at first, and again when the process
 * continues after a stop; until it has answered, the process counts as in the background.
 */
import { fstatSync, readFileSync } from 'node:fs';
import { isatty } from 'node:tty';

export interface Foreground {
  /** Whether the process may draw on the terminal that stderr is. */
  isIn(): boolean;
  /** The same, once that is known. */
  whenKnown(): Promise<boolean>;
  /** To be called when the process continues. */
  refresh(): void;
}

/** The process group of a process, and the one in the foreground of its terminal; not positive where there is none. */
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
    // The command's name comes first, in parentheses, and may hold any character.
    const stat = readFileSync('/proc/self/stat', 'latin1').replace(/^.*\) /s, '');
    const [, , own = 0, , terminal = 0, foreground = 0] = stat.split(' ').map(Number);
    return !isStderr(terminal) || isForeground({ own, foreground });
  } catch {
    return true;
  }
}

/** /dev/tty, which is the process's terminal whichever that is. */
const devTty = 0x500;

/** Whether stderr is the process's own terminal, given by its device number. It may be another one, of no jobs of ours. */
function isStderr(terminal: number): boolean {
  const { rdev } = fstatSync(2);
  return rdev === terminal || rdev === devTty;
}

function isForeground({ own, foreground }: Groups): boolean {
  return own <= 0 || foreground <= 0 || own === foreground;
}

function fromPs(): Foreground {
  let known: boolean | null = null;
  let answer: Promise<boolean> | null = null;
  const ask = (): Promise<boolean> => {
    const asked: Promise<boolean> = groupsFromPs(process.pid).then((groups) => {
      const isIn = groups === null || isForeground(groups);
      // After another stop it may be otherwise.
      if (answer === asked) known = isIn;
      return isIn;
    });
    return asked;
  };
  return {
    isIn() {
      answer ??= ask();
      return known ?? false;
    },
    whenKnown: () => (answer ??= ask()),
    refresh() {
      known = null;
      answer = null;
    },
  };
}

/** What `ps` says of a process; null where it says nothing. */
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
