/**
 * Every refusal in the contract, given to the real program over real HTTP: the exit code, the message, and
 * the result object. The responses are those of a real controller if one was recorded.
 *
 * Temporary refusals are retried until the deadline, so these rows have a short one and end with 7.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answering } from '../support/answering.js';
import { exchangeCapture } from '../support/captures.js';
import { resultOf, type ResultObject } from '../support/ndjson.js';
import { runLab, type Finished } from '../support/program.js';

interface Reply {
  status: number;
  headers?: Record<string, string>;
  body: string;
}

interface Row {
  name: string;
  args: string[];
  /** What the requests that matter get. */
  reply: Reply;
  /** Which those are: the end of `METHOD path`. Left out, all of them. */
  to?: RegExp;
  code: number;
  outcome: ResultObject['outcome'];
  type: string;
  /** The request, and the server's own words. */
  says: RegExp;
  /** The suggested next step; null if there is none. */
  hint: RegExp | null;
}

/** A value that must not be shown, even if a server repeats it. */
const secret = 'hunter2hunter2';

function captured(name: string): Reply {
  const { status, headers, body } = exchangeCapture(name);
  const kept = ['content-type', 'www-authenticate', 'location', 'retry-after'];
  const entries = Object.entries(headers).filter(([header]) => kept.includes(header));
  return { status, headers: Object.fromEntries(entries), body };
}

function json(status: number, value: unknown, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

function page(status: number, headers: Record<string, string> = {}): Reply {
  const body = `<html>\n<head><title>${status}</title></head>\n<body><h1>nginx</h1></body>\n</html>\n`;
  return { status, headers: { 'content-type': 'text/html', ...headers }, body };
}

/** A recorded 422 as it would be if the request had contained the secret. */
function echoing(name: string): Reply {
  const reply = captured(name);
  const { detail } = JSON.parse(reply.body) as { detail: Record<string, unknown>[] };
  const input = { env: { SECRET: secret } };
  return { ...reply, body: JSON.stringify({ detail: detail.map((each) => ({ ...each, input })) }) };
}

const spawn = ['spawn', '--env', `SECRET=${secret}`];
const create = /^POST .*\/create$/;
const remove = /^DELETE /;
const events = /\/events$/;
const list = /\/labs$/;
const state = /\/user-status$/;

const refused = { code: 6, outcome: 'refused' } as const;
const unauthorized = { code: 3, outcome: 'unauthorized' } as const;
const notFound = { code: 4, outcome: 'not-found' } as const;
const conflict = { code: 5, outcome: 'conflict' } as const;

const rows: Row[] = [
  {
    name: '400 unknown_image: a tag',
    args: [...spawn, '--tag', 'unknown'],
    reply: captured('13-create-validation.unknown-tag'),
    to: create,
    ...refused,
    type: 'unknown_image',
    says: /^could not create a lab for rachel: Docker tag "unknown" not found .*\(HTTP 400 Bad Request\)$/,
    hint: /^Choose another image with --image, --tag or --class\. --tag may be: \w+(, \w+)*$/,
  },
  {
    name: '400 unknown_image: a class',
    args: [...spawn, '--class', 'latest-release'],
    reply: captured('13-create-validation.class-missing-release'),
    to: create,
    ...refused,
    type: 'unknown_image',
    says: /No latest-release image found .*\(HTTP 400 Bad Request\)$/,
    hint: /^Choose another image with --image, --tag or --class\. --image may be: lighthouse\.ceres\//,
  },
  {
    name: '401 invalid_token of the controller',
    args: spawn,
    reply: captured('12-auth-errors.controller-401-create'),
    to: create,
    ...unauthorized,
    type: 'invalid_token',
    says: /^could not create a lab for rachel: User token is invalid \(HTTP 401 Unauthorized\)$/,
    hint: /^The token from LAB_TOKEN is invalid or has expired\. Create a new one\.$/,
  },
  {
    name: '401 of the ingress, a token that is not valid',
    args: ['events'],
    reply: captured('12-auth-errors.bad-token-401'),
    to: events,
    ...unauthorized,
    type: 'invalid_token',
    says: /^could not read rachel's event stream: Token is invalid \(HTTP 401 Unauthorized\)$/,
    hint: /^The token from LAB_TOKEN is invalid or has expired\. Create a new one\.$/,
  },
  {
    name: '401 of the ingress, no token',
    args: ['events'],
    reply: captured('12-auth-errors.no-token-401'),
    to: events,
    ...unauthorized,
    type: 'unauthorized',
    says: /^could not read rachel's event stream: HTTP 401 Unauthorized$/,
    hint: /^Name a file that holds a valid token in --token-file or LAB_TOKEN_FILE\.$/,
  },
  {
    name: '401 where the token is asked whose it is',
    args: ['status'],
    reply: captured('12-auth-errors.bad-token-401'),
    to: /user-info$/,
    ...unauthorized,
    type: 'invalid_token',
    says: /^could not look up the token's user: Token is invalid \(HTTP 401 Unauthorized\)$/,
    hint: /^The token from LAB_TOKEN is invalid/,
  },
  {
    name: "403 permission_denied: another user's lab",
    args: [...spawn, '--user', 'test01'],
    reply: captured('12-auth-errors.create-other-user-403'),
    to: create,
    ...unauthorized,
    type: 'permission_denied',
    says: /^could not create a lab for test01: Permission denied \(HTTP 403 Forbidden\)$/,
    hint: /only its own user's lab. Check --user\.$/,
  },
  {
    name: '403 permission_denied: spawning not permitted',
    args: spawn,
    reply: captured('12-auth-errors.quota-no-spawn-403'),
    to: create,
    ...unauthorized,
    type: 'permission_denied',
    says: /: Spawning a notebook is not permitted \(HTTP 403 Forbidden\)$/,
    hint: null,
  },
  {
    name: '403 permission_denied: no UID',
    args: spawn,
    reply: captured('12-auth-errors.no-uid-403'),
    to: create,
    ...unauthorized,
    type: 'permission_denied',
    says: /: Must have a UID to spawn labs \(HTTP 403 Forbidden\)$/,
    hint: null,
  },
  {
    name: '403 insufficient_quota',
    args: [...spawn, '--size', 'large'],
    reply: captured('12-auth-errors.quota-size-rachel-403'),
    to: create,
    ...refused,
    type: 'insufficient_quota',
    says: /: Insufficient quota to spawn requested lab .*\(HTTP 403 Forbidden\)$/,
    hint: /^Choose a smaller --size\. --size may be: small, medium, large$/,
  },
  {
    name: '403 insufficient_scope: stop',
    args: ['stop'],
    reply: captured('12-auth-errors.userscope-delete-403'),
    to: remove,
    ...unauthorized,
    type: 'insufficient_scope',
    says: /^could not delete rachel's lab: Token missing required scope \(HTTP 403 Forbidden\)$/,
    hint: /^The token lacks the scope admin:jupyterlab\.$/,
  },
  {
    name: '403 insufficient_scope: list',
    args: ['list'],
    reply: captured('12-auth-errors.userscope-hub-route-403'),
    to: list,
    ...unauthorized,
    type: 'insufficient_scope',
    says: /^could not list the users with running labs: Token missing required scope \(HTTP 403 Forbidden\)$/,
    hint: /^The token lacks the scope admin:jupyterlab\.$/,
  },
  {
    name: '404 unknown_user: no lab',
    args: ['status'],
    reply: captured('08-delete-running.user-status-after'),
    to: state,
    ...notFound,
    type: 'no_lab',
    says: /^rachel has no lab$/,
    hint: /`lab spawn` creates one/,
  },
  {
    name: '404 unknown_user: nothing to stop',
    args: ['stop'],
    reply: captured('08-delete-running.delete3-after'),
    to: remove,
    ...notFound,
    type: 'unknown_user',
    says: /^could not delete rachel's lab: Unknown user rachel \(HTTP 404 Not Found\)$/,
    hint: /no lab to delete/,
  },
  {
    name: '404 unknown_user: never seen',
    args: ['events'],
    reply: captured('12-auth-errors.events-unknown-user-404'),
    to: events,
    ...notFound,
    type: 'unknown_user',
    says: /^could not read rachel's event stream: Unknown user rachel.*\(HTTP 404 Not Found\)$/,
    hint: null,
  },
  {
    name: '409 lab_exists',
    args: [...spawn, '--on-conflict', 'fail'],
    reply: captured('14-conflicts.create-exists-409'),
    to: create,
    ...conflict,
    type: 'lab_exists',
    says: /^could not create a lab for rachel: Lab already exists for rachel \(HTTP 409 Conflict\)$/,
    hint: /`lab status`.*--on-conflict/,
  },
  {
    name: '409 operation_in_progress',
    args: [...spawn, '--on-conflict', 'fail'],
    reply: captured('14-conflicts.create-in-progress-409'),
    to: create,
    ...conflict,
    type: 'operation_in_progress',
    says: /: Conflicting operation for .* rachel: spawn already in progress \(HTTP 409 Conflict\)$/,
    hint: /`lab status`.*--on-conflict/,
  },
  ...(
    [
      [
        'ref-no-tag',
        'invalid_docker_reference',
        /has no tag \(body\.options\.image_list\)/,
        /^--image takes a full reference with a tag, as in \S+ --image may be: /,
      ],
      [
        'unconfigured-size',
        'invalid_lab_size',
        /Invalid lab size "gargantuan"/,
        /^Choose another --size\. --size may be: small, medium, large$/,
      ],
      [
        'bad-size',
        'enum',
        /Input should be 'fine', .* \(body\.options\.size\)/,
        /^--size may be: small, medium, large$/,
      ],
      ['bad-class', 'enum', /Input should be .* \(body\.options\.image_class\)/, null],
      ['no-size', 'missing', /Field required \(body\.options\.size\)/, /^--size may be: /],
      ['two-images', 'value_error', /Image specified multiple ways .*\(body\.options\)/, null],
      ['env-nonstring', 'string_type', /valid string \(body\.env\.JUPYTERHUB_SERVICE_PREFIX\)/, null],
      ['not-json', 'json_invalid', /JSON decode error \(body\.1\)/, null],
    ] as const
  ).map(([capture, type, says, hint]): Row => ({
    name: `422 ${type}: ${capture}`,
    args: spawn,
    reply: echoing(`13-create-validation.${capture}`),
    to: create,
    ...refused,
    type,
    says: new RegExp(`^could not create a lab for rachel: .*${says.source}.*\\(HTTP 422 .*\\)$`),
    hint,
  })),
  {
    name: '500 delete_failed',
    args: ['stop'],
    reply: json(500, { detail: [{ msg: 'Failed to delete lab', type: 'delete_failed' }] }),
    to: remove,
    code: 1,
    outcome: 'failed',
    type: 'delete_failed',
    says: /^could not delete rachel's lab: Failed to delete lab \(HTTP 500 Internal Server Error\)$/,
    hint: null,
  },
  ...['spawn', 'events', 'status', 'list', 'stop', 'wait', 'images'].map((command): Row => ({
    name: `302 to a login page: ${command}`,
    args: [command, '--user', 'rachel'],
    reply: page(302, { location: 'https://login.example.org/?rd=nublado' }),
    ...unauthorized,
    type: 'redirect',
    says: /^could not .*: redirected to https:\/\/login\.example\.org\/.* \(HTTP 302 Found\)$/,
    hint: /^Probably not signed in\. Check the token and the controller URL\.$/,
  })),
  {
    name: 'words that a terminal would obey',
    args: ['events'],
    reply: json(403, { detail: [{ msg: '\x1b[2J\u202etxet\nmore', type: 'permission_denied' }] }),
    to: events,
    ...unauthorized,
    type: 'permission_denied',
    says: /^could not read rachel's event stream: \x1b\[2J\u202etxet\nmore \(HTTP 403 Forbidden\)$/,
    hint: null,
  },
];

/** If a retry may help, the request is retried until timed out; the timeout is reported before the cause. */
const late = /^timed out; outcome unknown(: |$)/;
const unknown = { code: 7, outcome: 'unknown' } as const;
const direct = ['--direct', '--user', 'rachel', '--timeout', '2s'];
const commands = ['spawn', 'events', 'status', 'list', 'stop', 'wait', 'images'];

const passing: Omit<Row, 'type'>[] = [
  {
    name: '429 with Retry-After',
    args: ['events', ...direct],
    reply: page(429, { 'retry-after': '60' }),
    ...unknown,
    says: /^could not read rachel's event stream: HTTP 429 Too Many Requests$/,
    hint: /^Too many requests; try again in 60 s\.$/,
  },
  {
    name: '429 with Retry-After where the token is asked whose it is',
    args: ['status', '--timeout', '5s'],
    reply: page(429, { 'retry-after': '60' }),
    to: /user-info$/,
    ...unknown,
    says: /^could not look up the token's user: HTTP 429 Too Many Requests$/,
    hint: /^Too many requests; try again in 60 s\.$/,
  },
  ...commands.map((command) => ({
    name: `500 as text/plain: ${command}`,
    args: [command, ...direct],
    reply: captured('12-auth-errors.gafaelfawr-down-create'),
    ...unknown,
    says: /^could not .*: HTTP 500 Internal Server Error$/,
    hint: /failing; try again\.$/,
  })),
  ...[502, 503, 504].map((status) => ({
    name: `${status} of the ingress`,
    args: ['status', ...direct],
    reply: page(status),
    ...unknown,
    says: new RegExp(`^could not get the lab's status: HTTP ${status} `),
    hint: /failing; try again\.$/,
  })),
  ...commands
    // The form is a web page.
    .filter((command) => command !== 'images')
    .map((command) => ({
      name: `200 with a web page: ${command}`,
      args: [command, ...direct],
      reply: page(200),
      ...unknown,
      says: /^could not .*: the response is a web page \(HTTP 200 OK\)$/,
      hint: /^Check that http:\S+ is a Nublado controller\.$/,
    })),
  {
    name: '200 with a web page that is no form',
    args: ['images', ...direct],
    reply: page(200),
    ...unknown,
    says: /^could not get the images and sizes for rachel: the response is not a lab form \(HTTP 200 OK\)$/,
    hint: /^Check that http:/,
  },
  ...['status', 'list', 'wait'].map((command) => ({
    name: `200 with unexpected JSON: ${command}`,
    args: [command, ...direct],
    reply: json(200, { hello: 'world' }),
    ...unknown,
    says: /^could not .*: the response is unexpected JSON \(HTTP 200 OK\)$/,
    hint: /^Check that http:/,
  })),
  {
    name: '404 without a type: a wrong path',
    args: ['events', ...direct],
    reply: captured('12-auth-errors.not-found-route'),
    ...unknown,
    says: /^could not read rachel's event stream: HTTP 404 Not Found$/,
    hint: /^Check that http:/,
  },
];

const form = captured('16-lab-form.form');
const running = captured('01-spawn-immediate.user-status');
const user = json(200, { username: 'rachel' });

/** Runs `lab` against a controller that gives this reply; everything else is as it should be. */
async function run({ args, reply, to = /^/ }: Pick<Row, 'args' | 'reply' | 'to'>): Promise<Finished> {
  await using server = await answering((response, { method, url }) => {
    const matters = to.test(`${method} ${url}`);
    const answer = matters
      ? reply
      : url.endsWith('/user-info')
        ? user
        : url.includes('/lab-form/')
          ? form
          : running;
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  // Not without `await`: the server lives as long as this function.
  return await runLab(args, { LAB_CONTROLLER: server.origin, LAB_TOKEN: 'token-of-rachel' });
}

/** A text as stderr shows it: terminal control characters are made visible. */
function shown(text: string): string {
  return text.replaceAll('\x1b', '\\x1b').replaceAll('\n', '\\n').replaceAll('\u202e', '\\u202e');
}

/** What applies to every refusal, and the error of its result object. */
async function check(row: Omit<Row, 'type'>): Promise<NonNullable<ResultObject['error']>> {
  const [text, asJson] = await Promise.all([run(row), run({ ...row, args: [...row.args, '-o', 'json'] })]);
  for (const { code, stdout, stderr } of [text, asJson]) {
    assert.equal(code, row.code, stderr);
    assert.doesNotMatch(stdout + stderr, /<html|<h1|^ +at |hunter2|"input"/m);
    assert.doesNotMatch(stderr, /internal error/);
  }
  assert.equal(text.stdout, '');
  const result = resultOf(asJson.stdout);
  assert.deepEqual([result.outcome, result.exit_code], [row.outcome, row.code]);
  const { error } = result;
  assert.ok(error);
  assert.equal(error.message, result.message);
  const [, said = ''] = /^✖ (.*)$/m.exec(text.stderr) ?? [];
  // On a busy machine, only one of the two may have timed out.
  if (!late.test(said) && !late.test(error.message)) assert.equal(said, shown(error.message));
  return error;
}

describe('refusals', { concurrency: 4 }, () => {
  for (const row of rows) {
    it(`${row.name}: ${row.code}`, async () => {
      const error = await check(row);
      assert.equal(error.type, row.type);
      assert.equal(error.status, row.type === 'no_lab' ? 404 : row.reply.status);
      assert.match(error.message, row.says);
      if (row.hint === null) assert.equal(error.hint, null);
      else assert.match(error.hint ?? '', row.hint);
    });
  }
});

describe('responses that may change soon', { concurrency: 4 }, () => {
  for (const row of passing) {
    it(`${row.name}: ${row.code}`, async () => {
      const error = await check(row);
      const inTheWay = error.message.replace(late, '');
      if (inTheWay !== '') assert.match(inTheWay, row.says);
      if (!late.test(error.message)) assert.match(error.hint ?? '', row.hint ?? /^$/);
    });
  }
});
