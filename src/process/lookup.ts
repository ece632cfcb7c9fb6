/**
 * Name lookups that can be abandoned, by the system's own resolver.
 *
 * Owns the child process that calls the resolver if this process could not be replaced meanwhile (see leave.ts): a child can be
 * killed, a thread that hangs in getaddrinfo cannot.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { getDefaultResultOrder, lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isSea } from 'node:sea';
import { canBeReplaced } from './leave.js';

/** The child's program. It kills itself when its parent ends, because an ordinary exit would wait for the thread. */
const script = `
  const [name, options] = process.argv.slice(1);
  require('node:dns').lookup(name, JSON.parse(options), (error, addresses) => {
    const found = error ? { code: error.code, errno: error.errno } : { addresses };
    process.stdout.write(JSON.stringify(found), () => process.kill(process.pid, 'SIGKILL'));
  });
  process.stdin.resume().on('close', () => process.kill(process.pid, 'SIGKILL'));
`;

type Found = { addresses: LookupAddress[] } | { code: string; errno: number };

const children = new Set<ChildProcess>();

const killAll = (): void => {
  for (const child of children) child.kill('SIGKILL');
};

/** The lookup function to use; undefined for Node's own, if that cannot delay the exit. */
export function abandonableLookup(): LookupFunction | undefined {
  // A single executable cannot run a script.
  if (canBeReplaced() || isSea()) return undefined;
  return (name, options, callback) => {
    // It is in the hosts file.
    if (name === 'localhost') lookup(name, options, callback);
    else void lookUpInChild(name, options, callback);
  };
}

async function lookUpInChild(
  name: string,
  options: LookupOptions,
  callback: Parameters<LookupFunction>[2],
): Promise<void> {
  const found = await runChild(name, { order: getDefaultResultOrder(), ...options, all: true });
  if (found === null) {
    // The child could not be started, for lack of memory for example.
    lookup(name, options, callback);
  } else if ('code' in found) {
    const error = new Error(`getaddrinfo ${found.code} ${name}`);
    callback(Object.assign(error, { ...found, syscall: 'getaddrinfo', hostname: name }), []);
  } else if (options.all === true) {
    callback(null, found.addresses);
  } else {
    const [first] = found.addresses;
    callback(null, first?.address ?? '', first?.family);
  }
}

/** Looks up a name in a child process; null if that was not possible. */
function runChild(name: string, options: object): Promise<Found | null> {
  return new Promise((resolve) => {
    const child = launch(name, options);
    if (child === null) {
      resolve(null);
      return;
    }
    if (children.size === 0) process.once('exit', killAll);
    children.add(child);
    let text = '';
    // If no descriptor is left there are no pipes, and an error event follows.
    child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stdin?.on('error', () => undefined);
    const end = (): void => {
      children.delete(child);
      if (children.size === 0) process.off('exit', killAll);
      resolve(parseFound(text));
    };
    child.on('error', end);
    child.on('close', end);
  });
}

function launch(name: string, options: object): ChildProcess | null {
  try {
    return spawn(process.execPath, ['-e', script, '--', name, JSON.stringify(options)], {
      // The options of this process, such as a debugger's port, are not for the child.
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  } catch {
    return null;
  }
}

function parseFound(text: string): Found | null {
  try {
    return JSON.parse(text) as Found;
  } catch {
    return null;
  }
}
