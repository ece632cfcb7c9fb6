/**
 * The reference pages of `lab help TOPIC`. Exit codes and environment variables come from the tables that the program
 * itself uses.
 */
import { environment } from '../config/environment.js';
import { exitCodeTable } from '../model/outcome.js';

export const topics = ['exit-codes', 'environment', 'output'] as const;
export type Topic = (typeof topics)[number];

export function isTopic(text: string): text is Topic {
  return (topics as readonly string[]).includes(text);
}

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
  return `Environment variables\n\nOptions override variables. An empty variable counts as unset.\n\n${rows.join('\n')}\n`;
}

/** A row of a table: the first column, and the text wrapped as the second column. */
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

// Lines of at most 72 characters: the manual page indents them.
const output = `Output

stdout carries only the result. Progress, messages, warnings and errors
go to stderr.

  -o text     spawn, wait: the lab's URL, one line. events: one line for
              each event
  -o json     one object at the end, the result
  -o ndjson   one object per line as things happen, the result last

With json and ndjson the result object appears on every path, including
usage errors, signals, timeouts and bugs. The JSON is ASCII.

Every object has schema (1), kind, time (RFC 3339, UTC) and elapsed_ms.
The kinds are:

  start       command, user (null for list), controller and hub (null
              without one), server (the named server at a hub, or empty),
              request (only the names of env). From every command that
              sends requests, unless it exits before the user is known
  event       seq, event: {type, message, progress}; progress is null if
              absent
  comment     comment, such as a controller's keep-alives
  connection  state (open, lost, retrying, resumed, replaced), attempt,
              reason
  skipped     reason, frame: an invalid frame
  state       state: the lab's state as the server reports it (a LabState),
              null without a lab
  result      outcome, exit_code, message, events (their number), lab,
              and where they apply ready (null if unknown), ready_check
              (jupyter, http, or hub if only the Hub says so), users,
              labs: [{user, server, ready, started, last_activity}]
              (at a JupyterHub; from status --all, with status and
              url), images, sizes, profiles, last_event: {type,
              message, time, elapsed_ms} (at a deadline; null if no
              event came), and error: {type, message, status, hint}

outcome is one of ok, complete, running, failed, detached, absent,
pending, timeout, interrupted, refused, unauthorized, not-found,
conflict, unknown, usage, bug. \`lab schema output\` prints the JSON
Schema.

Progress on stderr (--progress, LAB_PROGRESS):

  bar     a spinner, then a bar, with the messages above it
  plain   one line for each event, with timestamp and elapsed time
  none    only warnings and errors
  auto    bar on a terminal (except under CI); none with -o ndjson;
          otherwise plain

Text from a server is sanitised before it reaches a terminal: control
characters, escape sequences and bidirectional overrides become visible
escapes. Text cannot form a command of a CI runner: of ::name at the
start of a line, and of ##[name] and ##vso[name], the first character is
written as its escape. Secrets that a server repeats (the token, a
proxy's password, values of --env with eight or more characters) become
[secret].
`;
