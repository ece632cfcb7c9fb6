/** The flood server of `flood-server.js`, for as long as a benchmark runs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('flood-server.js', import.meta.url));

/** Calls with the origin of a server in a process of its own, and ends that afterwards. */
export async function withServer<T>(use: (origin: string) => Promise<T>): Promise<T> {
  const server = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [port] = (await once(server.stdout, 'data')) as [Buffer];
    return await use(`http://127.0.0.1:${Number(port.toString())}`);
  } finally {
    server.kill();
  }
}

/** What `lab` needs to ask it: the first word of the path says what it does. */
export function labAt(origin: string, what: string): Record<string, string> {
  return { LAB_CONTROLLER: `${origin}/${what}`, LAB_TOKEN: 'gt-bench', LAB_USER: 'demo' };
}
