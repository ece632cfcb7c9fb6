/**
 * The real program as a user of a real Hub runs it: a child process with the address on the command line and the token in
 * the environment.
 */
import assert from 'node:assert/strict';
import { runLab, startLab, type Finished, type Running } from '../support/program.js';
import type { RealHub } from './hub.js';

/** What the Spawner is to do with a server; see `scripted_spawner.py`. */
export type Script = Record<string, unknown>;

/** The last object of JSON output. */
export interface ResultObject {
  kind: string;
  outcome: string;
  exit_code: number;
  message: string;
  events: number;
  lab: Record<string, unknown> | null;
  error?: { type: string; message: string; status: number | null; hint: string | null };
  [key: string]: unknown;
}

export interface HubUser {
  readonly name: string;
  readonly token: string;
  /** Runs `lab COMMAND --hub URL …` to its end. A script goes to the Spawner as its options. */
  run(command: string, args?: readonly string[], script?: Script): Promise<Finished>;
  start(command: string, args?: readonly string[], script?: Script): Running;
  /** Runs it with `-o json`: the result, whose exit code must be the process's. */
  result(command: string, args?: readonly string[], script?: Script): Promise<ResultObject>;
}

/** The user of the name, with a token for these scopes, or for all that the user has. */
export async function userOf(
  hub: RealHub,
  name: string,
  {
    scopes,
    token,
    env = {},
  }: { scopes?: readonly string[]; token?: string; env?: Record<string, string> } = {},
): Promise<HubUser> {
  const own = await hub.token(name, scopes);
  const variables = { LAB_TOKEN: token ?? own, ...env };
  const argsOf = (command: string, args: readonly string[], script: Script | undefined): string[] => [
    command,
    '--hub',
    hub.url.href,
    ...(script === undefined ? [] : ['--options-file', '-']),
    // A test that goes wrong then shows what the program said.
    ...(args.includes('--timeout') ? [] : ['--timeout', '100s']),
    ...args,
  ];
  const inputOf = (script: Script | undefined): string =>
    script === undefined ? '' : JSON.stringify(script);
  const user: HubUser = {
    name,
    token: variables.LAB_TOKEN,
    run: (command, args = [], script) => runLab(argsOf(command, args, script), variables, inputOf(script)),
    start: (command, args = [], script) =>
      startLab(argsOf(command, args, script), variables, inputOf(script)),
    async result(command, args = [], script) {
      const finished = await user.run(command, ['-o', 'json', ...args], script);
      return resultOf(finished);
    },
  };
  return user;
}

/** Matches an event with this message in JSON output, and not the request, which contains the script. */
export function event(message: string): RegExp {
  return new RegExp(`"type":"\\w+","message":"${message}"`);
}

/** The result object, which is the last line of JSON output. */
export function resultOf({ code, stdout, stderr }: Finished): ResultObject {
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  assert.match(line, /^\{/, stderr);
  const result = JSON.parse(line) as ResultObject;
  assert.equal(result.kind, 'result', line);
  assert.equal(result.exit_code, code, line);
  return result;
}
