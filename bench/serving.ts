/** Runs the server of `flood-server.js` for the duration of a benchmark. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('flood-server.js', import.meta.url));

/** Starts a server in its own process, calls `use` with its origin, and stops it afterwards. */
export async function withServer<T>(use: (origin: string) => Promise<T>): Promise<T> {
  const server = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [port] = (await once(server.stdout, 'data')) as [Buffer];
    return await use(`http://127.0.0.1:${Number(port.toString())}`);
  } finally {
    server.kill();
  }
}

/** The environment for a `lab` that uses the server; `what` is the first word of the path, see flood-server.js. */
export function labAt(origin: string, what: string): Record<string, string> {
  return { LAB_CONTROLLER: `${origin}/${what}`, LAB_TOKEN: 'gt-bench', LAB_USER: 'demo' };
}
