/**
 * Invalid usage and configuration: exit 2, one line with the correct usage, no request sent.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { answering, type Answering } from '../support/answering.js';
import { resultOf } from '../support/ndjson.js';
import { runLab } from '../support/program.js';

let server: Answering;
before(async () => {
  server = await answering((response) => {
    response.writeHead(500).end();
  });
});
after(async () => {
  assert.deepEqual(server.asked, [], 'something was sent');
  await server.close();
});

const cases: [string, string[], Record<string, string>, RegExp][] = [
  ['an unknown option', ['spawn', '--nope'], {}, /unknown option '--nope'/],
  ['an unknown command', ['spwan'], {}, /unknown command 'spwan'[^]*Did you mean spawn/],
  ['an argument too many', ['spawn', 'more'], {}, /too many arguments.* got 1\. See `lab spawn --help`\.$/m],
  ['two images', ['spawn', '--tag', 'a', '--class', 'recommended'], {}, /--image, --tag and --class/],
  ['an empty image', ['spawn', '--image', ''], {}, /--image: the value is empty/],
  [
    'an image without a registry',
    ['spawn', '--image', 'sciplat-lab:w_2026_40'],
    {},
    /sciplat-lab:w_2026_40 has no registry.*registry\/repository:tag/,
  ],
  ['an image with an empty tag', ['spawn', '--image', 'h/r/i:'], {}, /the tag of h\/r\/i: is empty/],
  [
    'the same with a digest',
    ['spawn', '--image', 'h/r/i:@sha256:1'],
    {},
    /the tag of h\/r\/i:@sha256:1 is empty/,
  ],
  ['an unknown class', ['spawn', '--class', 'latest-nope'], {}, /'--class <class>'.*latest-weekly/],
  [
    'a duration in parsecs',
    ['spawn', '--timeout', '5 parsecs'],
    {},
    /--timeout: "5 parsecs" is not a duration.*90s/,
  ],
  ['an idle timeout that is none', ['events', '--idle-timeout', 'x'], {}, /--idle-timeout/],
  [
    'a ready timeout that is none',
    ['wait', '--ready-timeout', 'x'],
    {},
    /--ready-timeout: "x" is not a duration/,
  ],
  [
    'a ready timeout without a wait for ready',
    ['spawn', '--ready-timeout', '5s', '--for', 'running'],
    {},
    /--ready-timeout has no meaning with --for running\. Use --for ready/,
  ],
  [
    'the same for a lab that is to be gone',
    ['wait', '--ready-timeout', '5s', '--for', 'absent'],
    {},
    /--ready-timeout has no meaning with --for absent/,
  ],
  ['a spawn that waits for no lab', ['spawn', '--for', 'absent'], {}, /'--for <state>'.*running, ready/],
  [
    'an output mode that is none',
    ['spawn', '--output', 'xml'],
    {},
    /'-o, --output <mode>'.*text, json, ndjson/,
  ],
  [
    'the same in the environment',
    ['spawn'],
    { LAB_OUTPUT: 'xml' },
    /LAB_OUTPUT: invalid value "xml"; choose text, json, ndjson/,
  ],
  [
    'a progress mode that is none',
    ['spawn'],
    { LAB_PROGRESS: 'fancy' },
    /LAB_PROGRESS: invalid value "fancy"; choose auto, bar/,
  ],
  ['a URL that is none', ['spawn', '--controller', 'nope'], {}, /--controller: not a URL/],
  ['the same in the environment', ['spawn'], { LAB_CONTROLLER: 'nope' }, /LAB_CONTROLLER: not a URL/],
  [
    'a URL with a password',
    ['spawn', '--controller', 'https://me:hunter2@host'],
    {},
    /--controller: the URL contains/,
  ],
  [
    'a token with a newline',
    ['spawn'],
    { LAB_TOKEN: 'gt-hunter2\ngt-hunter2' },
    /LAB_TOKEN: .*more than one line/,
  ],
  [
    'a token file that is missing',
    ['spawn', '--token-file', '/nonexistent/x'],
    {},
    /--token-file: cannot read \/nonexistent\/x/,
  ],
  [
    'a file of authorities that is missing',
    ['spawn', '--ca-file', '/nonexistent/x'],
    {},
    /--ca-file: cannot read \/nonexistent\/x: no such file/,
  ],
  [
    'the same in the environment, without any',
    ['spawn'],
    { LAB_CA_FILE: '/dev/null' },
    /LAB_CA_FILE: there is no certificate in \/dev\/null/,
  ],
  [
    'a proxy that is none',
    ['spawn', '--controller', 'https://data.example.org'],
    { HTTPS_PROXY: 'socks5://me:hunter2@proxy' },
    /HTTPS_PROXY: a proxy with socks5:\/\/ is not supported/,
  ],
  ['a token as an argument', ['spawn', '--token', 'gt-hunter2'], {}, /--token: other users could read it/],
  ['an unknown option with a value', ['spawn', '--passwd=hunter2'], {}, /unknown option '--passwd'/],
  ['a value with a quotation mark', ['spawn', "--evn=A='hunter2'"], {}, /unknown option '--evn'/],
  ['an unknown letter with a value', ['spawn', '-phunter2'], {}, /unknown option '-p'/],
  [
    'a folder for temporary files that is none',
    ['controller'],
    { TMPDIR: '/nonexistent' },
    /TMPDIR: cannot create a directory in \/nonexistent: no such file/,
  ],
  [
    'a log that cannot be written',
    ['spawn', '--log-file', '/nonexistent/log'],
    {},
    /--log-file: cannot write \/nonexistent\/log: no such file/,
  ],
  ['no token', ['spawn'], { LAB_TOKEN: '' }, /no token: .*LAB_TOKEN_FILE/],
  ['no controller', ['spawn'], { LAB_CONTROLLER: '' }, /LAB_CONTROLLER[^]*--demo/],
  ['a user that is none', ['events', '--user', '../x'], {}, /--user: not a user name/],
  [
    'direct without a token',
    ['spawn', '--direct', '--user', 'demo'],
    { LAB_TOKEN: '' },
    /--direct.*needs a token/,
  ],
  [
    'a form without one, likewise',
    ['images', '--direct', '--user', 'demo'],
    { LAB_TOKEN: '' },
    /--direct: the form .*needs a token/,
  ],
  ['a variable that is none', ['spawn', '--env', '=hunter2'], {}, /--env: .*KEY=VALUE/],
  // A value without its key may be given by mistake, so arguments are not quoted.
  ['a variable that is not set', ['spawn', '--env', 'hunter2'], {}, /--env: no variable of this name is set/],
  [
    'the second variable not set',
    ['spawn', '--env', 'A=hunter2', '--env', 'toString'],
    {},
    /--env, number 2: no variable of this name is set/,
  ],
  [
    'a demo and a controller',
    ['spawn', '--demo', '--controller', 'http://127.0.0.1'],
    {},
    /--demo.*--controller/,
  ],
  ['a scenario that is none', ['spawn', '--demo', 'nope'], {}, /unknown scenario "nope"[^]*happy/],
  ['raw JSON', ['events', '--raw', '-o', 'ndjson'], {}, /--raw cannot be combined with/],
  ['raw and a filter', ['events', '--raw', '--type', 'info'], {}, /--raw shows everything/],
  [
    'a type that is none',
    ['events', '--type', 'info,nope'],
    {},
    /'--type <types>'.*complete, error, failed, info/,
  ],
  ['an unknown help topic', ['help', 'nope'], {}, /unknown command 'nope'[^]*exit-codes/],
  [
    'a help topic with a typing error',
    ['help', 'spwan'],
    {},
    /unknown command 'spwan' \(Did you mean spawn\?\)/,
  ],
  ['an unknown schema', ['schema', 'nope'], {}, /unknown schema "nope"[^]*event, output/],
  ...['start', 'create'].map(meaning('lab spawn')),
  ...['delete', 'rm'].map(meaning('lab stop')),
  ...['logs', 'watch'].map(meaning('lab events')),
  ...['version'].map(meaning('lab --version')),
  ["a command for help on another tool's word", ['help', 'rm'], {}, /Did you mean `lab stop`\?/],
  ['no login yet', ['login'], {}, /lab config set controller URL/],
  ['--json', ['status', '--json'], {}, /unknown option '--json'\. Did you mean -o json\?/],
  ['a size without its option', ['spawn', 'large'], {}, /Did you mean --size large\?/],
  ['a tag without its option', ['spawn', 'w_2026_40'], {}, /Did you mean --tag w_2026_40\?/],
  ['a part of a class', ['spawn', '--class', 'weekly'], {}, /Did you mean latest-weekly\?/],
  ['a typing error in a setting', ['config', 'set', 'contoller', 'x'], {}, /Did you mean controller\?/],
  ['a host without http', ['status', '--controller', '127.0.0.1:8080'], {}, /http:\/\/127\.0\.0\.1:8080/],
  [
    'a name without https',
    ['status', '--controller', 'data.example.org'],
    {},
    /https:\/\/data\.example\.org/,
  ],
  [
    'the Hub',
    ['status', '--controller', 'https://data.example.org/nb/hub'],
    {},
    /that is JupyterHub's address/,
  ],
  [
    'a route of the controller',
    ['status', '--controller', 'https://data.example.org/nublado/spawner/v1'],
    {},
    /Leave out \/spawner\/v1/,
  ],
  [
    'wrong usage without a controller',
    ['spawn', '--tag', 'a', '--class', 'recommended'],
    { LAB_CONTROLLER: '' },
    /--image, --tag and --class/,
  ],
  ['a port that is none', ['controller', '--port', '99999'], {}, /'--port <number>'.*65535/],
  [
    'an address without its interface',
    ['controller', '--host', 'fe80::1', '--yes-expose'],
    {},
    /--host: fe80::1 is not an address of this machine/,
  ],
  ['an address for others', ['controller', '--host', '0.0.0.0'], {}, /--host[^]*--yes-expose/],
];

describe('usage as kubectl and docker have it', () => {
  it('takes -o=json, and leaves what comes after -- alone', async () => {
    const status = await runLab(['status', '--demo', 'exists', '-qo=json']);
    assert.deepEqual([status.code, resultOf(status.stdout).outcome], [0, 'running'], status.stderr);
    const script = 'console.log(process.argv[1])';
    const beside = await runLab(['controller', '--', process.execPath, '-e', script, '--', '-o=json']);
    assert.equal(beside.stdout, '-o=json\n', beside.stderr);
  });
});

/** A command's name in another tool, and its name here. */
function meaning(command: string): (word: string) => (typeof cases)[number] {
  return (word) => [`${word}, as elsewhere,`, [word], {}, new RegExp(`Did you mean \`${command}\`\\?`)];
}

describe('wrong usage', { concurrency: 4 }, () => {
  for (const [name, args, env, message] of cases) {
    it(`${name} ends with 2: lab ${args.join(' ')}`, async () => {
      const full = { LAB_CONTROLLER: server.origin, LAB_TOKEN: 'gt-hunter2', ...env };
      const run = await runLab(args, full);
      assert.equal(run.code, 2, run.stderr);
      assert.match(run.stderr, message);
      if (!args.includes('ndjson')) assert.equal(run.stdout, '');
      assert.equal(run.stderr.trimEnd().split('\n').length, 1, run.stderr);
      assert.doesNotMatch(run.stderr, /hunter2/);
    });
  }

  it('gives a result object in json and ndjson, wherever the mode was named', async () => {
    for (const [args, env] of [
      [['spawn', '--nope', '-o', 'json'], {}],
      [['spawn', '-ondjson', '--nope'], {}],
      [['spawn', '--output=json', '--timeout', 'x'], {}],
      [['spawn', '-do', 'json', '--nope'], {}],
      [['spawn', '-o=json', '--timeout', 'x'], {}],
      [['spawn', '-do=json', '--size', 'x', '--timeout', 'x'], {}],
      [['nope'], { LAB_OUTPUT: 'ndjson' }],
    ] as const) {
      const run = await runLab(args, env);
      assert.equal(run.code, 2);
      const result = resultOf(run.stdout);
      assert.deepEqual([result.outcome, result.exit_code, result.error?.type], ['usage', 2, 'usage']);
    }
  });
});
