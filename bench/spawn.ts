/** Compares a whole `lab spawn` against an instant controller with the shortest scripts that do the same. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bin, startLab } from '../test/support/program.js';
import { ratio, sideBySide, time, type Node, type Row } from './measure.js';

const script = fileURLToPath(new URL('shortest-spawn.js', import.meta.url));
const pythonScript = fileURLToPath(new URL('shortest-spawn.py', import.meta.url));
const python = process.env['BENCH_PYTHON'] ?? 'python3';

export async function wholeSpawn({ binary }: Node): Promise<Row[]> {
  // The controller runs in its own process, as a real one would, and every spawn completes at once.
  const serving = startLab(['controller', '--scenario', 'immediate', '--speed', '1e9']);
  await serving.seen(/LAB_TOKEN_FILE=.*\n/);
  const env = Object.fromEntries(
    [...serving.output().matchAll(/^export (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]),
  ) as Record<string, string>;
  const fresh =
    (program: string, ...args: string[]) =>
    async () => {
      await removeLab(env);
      return time(program, args, env);
    };
  const hasPython = spawnSync(python, ['-c', 'import httpx, httpx_sse']).status === 0;
  try {
    const { lab, undici, httpx } = await sideBySide({
      lab: fresh(binary, bin, 'spawn', '-u', 'demo'),
      undici: fresh(binary, script),
      httpx: hasPython ? fresh(python, pythonScript) : () => Promise.resolve(NaN),
    });
    const what = 'lab spawn, of a script with';
    return [
      ratio(`${what} import 'undici'`, lab, 'the script', undici, 1),
      hasPython
        ? ratio(`${what} httpx and httpx-sse`, lab, 'the script', httpx, 1)
        : {
            what: `${what} httpx and httpx-sse`,
            measured: `${python} does not have them; BENCH_PYTHON can name a Python that does`,
            figure: null,
            unit: 'x',
            goal: 1,
          },
    ];
  } finally {
    serving.child.kill('SIGTERM');
    await serving.finished;
  }
}

/** Deletes the lab before the next spawn, which would otherwise be a conflict. */
export async function removeLab(env: Record<string, string>): Promise<void> {
  const token = readFileSync(env['LAB_TOKEN_FILE'] ?? '', 'utf8').trim();
  await fetch(`${env['LAB_CONTROLLER'] ?? ''}/spawner/v1/labs/demo`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${token}` },
  });
}
