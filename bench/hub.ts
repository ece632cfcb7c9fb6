/**
 * Compares the processor time of a spawn through a JupyterHub with one at a controller, both at once complete. Not the wall
 * time: at a Hub, `ready` is confirmed by a second response two seconds later.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bin, startLab } from '../test/support/program.js';
import { temporaryFolder } from '../test/support/temporary.js';
import { sideBySide, time, type Node, type Row } from './measure.js';
import { removeLab } from './spawn.js';

const report = fileURLToPath(new URL('report-cpu.js', import.meta.url));

export async function hub({ binary }: Node): Promise<Row[]> {
  const folder = temporaryFolder();
  await using controller = await serve('--scenario', 'immediate', '--speed', '1e9');
  await using server = await serve('--with-hub', '--scenario', 'hub-quick', '--speed', '1e6');
  const cpu = async (name: string, args: string[], env: Record<string, string>): Promise<number> => {
    const file = join(folder, name);
    await time(binary, [bin, ...args], { ...env, CPU_FILE: file, NODE_OPTIONS: `--import ${report}` });
    return Number(readFileSync(file, 'utf8'));
  };
  let spawns = 0;
  const { atHub, atController } = await sideBySide({
    atHub: () => {
      spawns += 1;
      // A name of its own, because a server that runs already would not be started.
      return cpu('hub', ['spawn', '-u', 'demo', '--server-name', `bench-${spawns}`], server.env);
    },
    atController: async () => {
      await removeLab(controller.env);
      return cpu('controller', ['spawn', '-u', 'demo'], controller.env);
    },
  });
  const measured = `${atHub.toFixed(0)} ms, at a controller ${atController.toFixed(0)} ms`;
  return [
    {
      what: 'processor time of lab spawn --hub, of one at a controller',
      measured,
      figure: atHub / atController,
      unit: 'x',
      goal: 1.25,
    },
  ];
}

interface Serving extends AsyncDisposable {
  env: Record<string, string>;
}

/** `lab controller` in its own process, as a real server would be. */
async function serve(...args: string[]): Promise<Serving> {
  const serving = startLab(['controller', ...args]);
  await serving.seen(/LAB_TOKEN_FILE=.*\n/);
  const exports = serving.output().matchAll(/^export (\w+)=(\S+)$/gm);
  return {
    env: Object.fromEntries([...exports].map(([, name = '', value = '']) => [name, value])),
    async [Symbol.asyncDispose]() {
      serving.child.kill('SIGTERM');
      await serving.finished;
    },
  };
}
