/**
 * The reference pages of `lab help TOPIC`, printed from the tables that the code itself uses.
 */
import { environment } from '../config/environment.js';
import { exitCodeTable } from '../model/outcome.js';

export const topics = ['exit-codes', 'environment', 'output'] as const;
export type Topic = (typeof topics)[number];

export function helpTopic(topic: Topic): string {
  switch (topic) {
    case 'exit-codes':
      return exitCodes();
    case 'environment':
      return environmentPage();
    case 'output':
      return output;
  }
}

function exitCodes(): string {
  const rows = exitCodeTable.map(([code, meaning]) => row(String(code).padStart(4), 4, meaning));
  return `Exit codes\n\n${rows.join('\n')}\n`;
}

function environmentPage(): string {
  const names = Object.entries(environment);
  const width = Math.max(...names.map(([name]) => name.length));
  const rows = names.map(([name, meaning]) => row(`  ${name.padEnd(width)}`, width + 2, meaning));
  return `Environment variables\n\nOptions come before variables; an empty variable counts as not set.\n\n${rows.join('\n')}\n`;
}

/** A row of a table whose second column is wrapped under itself. */
function row(first: string, width: number, text: string): string {
  const room = 78 - width - 2;
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return `${first}  ${lines.join(`\n${' '.repeat(width + 2)}`)}`;
}

const output = `Output

stdout carries the result and only that; progress, messages, warnings and errors
go to stderr.

  -o text     spawn, wait: the lab's URL, one line. events: a line for each.
  -o json     one object at the end, the result.
  -o ndjson   one object a line as things happen; the last is always the result.

With json and ndjson the result object appears on every path: wrong usage, a
signal, the deadline and a bug included. The JSON is ASCII.

Every object has schema (1), kind, time (RFC 3339, UTC) and elapsed_ms.
The kinds are:

  start       command, user (null for list), controller, request (of env the
              names only); from every command that asks a controller, unless it
              ends before it is known whose lab this is about
  event       seq, event: {type, message, progress}; progress null where absent
  comment     comment (the controller's keep-alive among them)
  connection  state (open, lost, retrying, resumed, replaced), attempt, reason
  skipped     reason, frame: a frame that is no Event
  state       state: the controller's LabState, null where there is no lab
  result      outcome, exit_code, message, events (how many), lab, and where
              they apply users, images, sizes, profiles,
              last_event: {type, message, time, elapsed_ms} (at a deadline; null
              where no event came), and error: {type, message, status, hint}

outcome is one of ok, complete, running, failed, detached, absent, pending,
timeout, interrupted, refused, unauthorized, not-found, conflict, unknown,
usage, bug. \`lab schema output\` prints the JSON Schema.

Progress on stderr (--progress, LAB_PROGRESS):

  bar     a spinner, then a bar, with the messages above it
  plain   one line for each event, with timestamp and elapsed time
  none    nothing but warnings and errors
  auto    bar on a terminal (not under CI); none with -o ndjson; else plain

Text from a server is made harmless before a terminal sees it: control
characters, escape sequences and bidirectional overrides become visible escapes.
No text is a command to a CI system: in ::name at the beginning of a line, and
in ##[name] and ##vso[name], the first character is written as its escape.
Secrets that it repeats (the token, a proxy's password, values of --env with
eight or more characters) become [secret].
`;
