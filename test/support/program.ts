/**
 * The real program: as a child process with pipes, or at a real pseudo-terminal whose screen a terminal
 * emulator reads. Whatever a test is about, no child may print a secret that it was given (see secrecy.ts).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { spawn as spawnAtTerminal } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import './closing.js';
import { leakOf, secretsOf, wordsOf, type Secrecy } from './secrecy.js';

export const bin = fileURLToPath(new URL('../../bin/lab.js', import.meta.url));

/** An environment isolated from the machine that runs the tests, except for its folder for temporary files. */
export function cleanEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  const { PATH = '' } = process.env;
  return { PATH, TMPDIR: tmpdir(), HOME: '/nonexistent', LANG: 'C.UTF-8', ...extra };
}

export interface Finished {
  /** As a shell reports it: 128 and the number of the signal that ended the process. */
  code: number;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  /** The stdout so far. */
  output(): string;
  /** Resolves when stdout and stderr together match. */
  seen(pattern: RegExp): Promise<void>;
  finished: Promise<Finished>;
}

function shellCode(code: number | null, signal: NodeJS.Signals | null): number {
  return signal === null ? (code ?? NaN) : 128 + constants.signals[signal];
}

/** Starts `lab` with pipes; stdin is empty. */
export function startLab(
  args: readonly string[],
  env: Record<string, string> = {},
  input = '',
  { printsSecrets = false }: Secrecy = {},
): Running {
  const started = { args, env, input };
  const secrets = secretsOf(started);
  const child = spawn(process.execPath, [bin, ...args], {
    env: cleanEnvironment(env),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let look = (): void => undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    look();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    look();
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('close', (code, signal) => {
      const leak = printsSecrets ? null : leakOf(started, secrets, stdout + stderr);
      if (leak !== null) reject(leak);
      resolve({ code: shellCode(code, signal), signal, stdout, stderr });
      look();
    });
  });
  return {
    child,
    finished,
    output: () => stdout,
    seen: (pattern) =>
      new Promise((resolve, reject) => {
        look = () => {
          if (pattern.test(stdout + stderr)) resolve();
          else if (child.exitCode !== null || child.signalCode !== null)
            reject(new Error(`ended without ${String(pattern)}: ${stdout}${stderr}`));
        };
        look();
      }),
  };
}

/** Runs `lab` to its end. */
export function runLab(
  args: readonly string[],
  env: Record<string, string> = {},
  input = '',
  secrecy: Secrecy = {},
): Promise<Finished> {
  return startLab(args, env, input, secrecy).finished;
}

/** Runs a shell command line in which `lab` is the program. */
export function runShell(
  script: string,
  env: Record<string, string> = {},
  { printsSecrets = false }: Secrecy = {},
): Promise<Finished> {
  const started = { args: wordsOf(script), env };
  const secrets = secretsOf(started);
  return new Promise((resolve, reject) => {
    const lab = `node="${process.execPath}" lab="${bin}"; lab() { "$node" "$lab" "$@"; }\n`;
    const child = spawn('bash', ['-c', lab + script], {
      env: cleanEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('close', (code, signal) => {
      const leak = printsSecrets ? null : leakOf(started, secrets, stdout + stderr);
      if (leak !== null) reject(leak);
      resolve({ code: shellCode(code, signal), signal, stdout, stderr });
    });
  });
}

/** One cell of the screen; the colour is one of the terminal's sixteen, or null for its own. */
export interface Cell {
  text: string;
  color: number | null;
  dim: boolean;
}

export interface Terminal {
  /** The cells of the screen, without the empty rows at the end. */
  cells(): Cell[][];
  /** The rows of the screen, without the empty ones at the end. */
  screen(): string[];
  /** Everything that has scrolled by and is on the screen, long lines put together again. */
  text(): string;
  /** Every byte the program wrote. */
  written(): string;
  cursorHidden(): boolean;
  cursorColumn(): number;
  type(keys: string): void;
  resize(columns: number, rows: number): Promise<void>;
  /** Resolves when the whole text matches; rejects when the program ends before. */
  seen(pattern: RegExp): Promise<void>;
  /** The exit code, as a shell reports it. */
  finished: Promise<number>;
}

/** Starts a shell script with `lab` in it at a terminal. */
export function atTerminal(
  script: string,
  {
    columns = 80,
    rows = 24,
    env = {},
    printsSecrets = false,
  }: { columns?: number; rows?: number; env?: Record<string, string> } & Secrecy = {},
): Terminal {
  const started = { args: wordsOf(script), env };
  const secrets = secretsOf(started);
  const emulator = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 5000 });
  const lab = `node="${process.execPath}" lab="${bin}"; lab() { "$node" "$lab" "$@"; }\n`;
  const pty = spawnAtTerminal('bash', ['-c', lab + script], {
    cols: columns,
    rows,
    name: env['TERM'] ?? 'xterm-256color',
    env: cleanEnvironment({ TERM: 'xterm-256color', ...env }),
  });
  let written = '';
  let ended = false;
  const looks = new Set<() => void>();
  const look = (): void => {
    for (const each of looks) each();
  };
  pty.onData((data) => {
    written += data;
    emulator.write(data, look);
  });
  const finished = new Promise<number>((resolve, reject) => {
    pty.onExit(({ exitCode, signal = 0 }) => {
      // The last output may still be on its way through the emulator.
      emulator.write('', () => {
        ended = true;
        look();
        const leak = printsSecrets ? null : leakOf(started, secrets, written);
        if (leak !== null) reject(leak);
        resolve(signal === 0 ? exitCode : 128 + signal);
      });
    });
  });

  const lines = (from: number, to: number): { text: string; wrapped: boolean }[] => {
    const rowsRead = [];
    for (let y = from; y < to; y++) {
      const line = emulator.buffer.active.getLine(y);
      rowsRead.push({ text: line?.translateToString(true) ?? '', wrapped: line?.isWrapped === true });
    }
    return rowsRead;
  };
  const text = (): string =>
    lines(0, emulator.buffer.active.length)
      .map(({ text: row, wrapped }, i) => (wrapped || i === 0 ? row : `\n${row}`))
      .join('')
      .trimEnd();

  const cellsOf = (y: number): Cell[] => {
    const line = emulator.buffer.active.getLine(y);
    const cells: Cell[] = [];
    for (let x = 0; x < (line?.length ?? 0); x++) {
      const cell = line?.getCell(x);
      cells.push({
        text: cell?.getChars() === '' ? ' ' : (cell?.getChars() ?? ' '),
        color: cell?.isFgPalette() === true ? cell.getFgColor() : null,
        dim: cell?.isDim() === 1,
      });
    }
    return cells;
  };

  return {
    cells() {
      const { viewportY } = emulator.buffer.active;
      return this.screen().map((_, row) => cellsOf(viewportY + row));
    },
    screen() {
      const { viewportY } = emulator.buffer.active;
      return lines(viewportY, viewportY + emulator.rows)
        .map(({ text: row }) => row.trimEnd())
        .join('\n')
        .trimEnd()
        .split('\n');
    },
    text,
    written: () => written,
    cursorHidden: () => written.lastIndexOf('\x1b[?25l') > written.lastIndexOf('\x1b[?25h'),
    cursorColumn: () => emulator.buffer.active.cursorX,
    type: (keys) => {
      pty.write(keys);
    },
    resize(newColumns, newRows) {
      emulator.resize(newColumns, newRows);
      pty.resize(newColumns, newRows);
      return Promise.resolve();
    },
    seen: (pattern) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (pattern.test(text())) {
            looks.delete(check);
            resolve();
          } else if (ended) {
            reject(new Error(`the program ended without ${String(pattern)}:\n${text()}`));
          }
        };
        looks.add(check);
        check();
      }),
    finished,
  };
}
