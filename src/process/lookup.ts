/**
 * Name lookups that can be abandoned, by the system's own resolver.
 *
 * Owns the child process that asks the resolver where this process could not be replaced while it waits for an
 * answer (see leave.ts): a child can be killed, a thread that hangs in getaddrinfo cannot.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { getDefaultResultOrder, lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isSea } from 'node:sea';
import { canBeReplaced } from './leave.js';

/** What the child does. It ends with its parent, even where that is killed: its own exit would wait for the thread. */
const script = `
  const [name, options] = process.argv.slice(1);
  require('node:dns').lookup(name, JSON.parse(options), (error, addresses) => {
    const answer = error ? { code: error.code, errno: error.errno } : { addresses };
    process.stdout.write(JSON.stringify(answer), () => process.kill(process.pid, 'SIGKILL'));
  });
  process.stdin.resume().on('close', () => process.kill(process.pid, 'SIGKILL'));
`;

type Answer = { addresses: LookupAddress[] } | { code: string; errno: number };

const children = new Set<ChildProcess>();

const killAll = (): void => {
  for (const child of children) child.kill('SIGKILL');
};

/** How names are looked up: undefined for Node's own way, where that never delays the exit. */
export function abandonableLookup(): LookupFunction | undefined {
  // A single executable takes no script.
  if (canBeReplaced() || isSea()) return undefined;
  return (name, options, callback) => {
    // The hosts file has it.
    if (name === 'localhost') lookup(name, options, callback);
    else void lookUpInChild(name, options, callback);
  };
}

async function lookUpInChild(
  name: string,
  options: LookupOptions,
  callback: Parameters<LookupFunction>[2],
): Promise<void> {
  const answer = await ask(name, { order: getDefaultResultOrder(), ...options, all: true });
  if (answer === null) {
    // No child could be had, as where memory is short.
    lookup(name, options, callback);
  } else if ('code' in answer) {
    const error = new Error(`getaddrinfo ${answer.code} ${name}`);
    callback(Object.assign(error, { ...answer, syscall: 'getaddrinfo', hostname: name }), []);
  } else if (options.all === true) {
    callback(null, answer.addresses);
  } else {
    const [first] = answer.addresses;
    callback(null, first?.address ?? '', first?.family);
  }
}

/** Has a child look up a name; null where that was not possible. */
function ask(name: string, options: object): Promise<Answer | null> {
  return new Promise((resolve) => {
    const child = launch(name, options);
    if (child === null) {
      resolve(null);
      return;
    }
    if (children.size === 0) process.once('exit', killAll);
    children.add(child);
    let text = '';
    // Without a descriptor left there are no pipes, and an error follows.
    child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stdin?.on('error', () => undefined);
    const end = (): void => {
      children.delete(child);
      if (children.size === 0) process.off('exit', killAll);
      resolve(parseAnswer(text));
    };
    child.on('error', end);
    child.on('close', end);
  });
}

function launch(name: string, options: object): ChildProcess | null {
  try {
    return spawn(process.execPath, ['-e', script, '--', name, JSON.stringify(options)], {
      // The options of this process, such as a debugger's port, are not meant for that one.
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  } catch {
    return null;
  }
}

function parseAnswer(text: string): Answer | null {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return null;
  }
}
