/**
 * The last look before the deadline: the real program against scripted responses. What the controller does then decides
 * between 124, 7, 3 and an outcome, regardless of what it did before.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resultOf } from '../support/ndjson.js';
import {
  accepted,
  cut,
  event,
  info,
  inTurn,
  lab,
  noLab,
  silence,
  startPeer,
  status,
  stream,
  type Answer,
  type Peer,
  type Route,
} from '../support/peer.js';
import { runLab, startLab } from '../support/program.js';

interface Case {
  name: string;
  args: string[];
  script: Partial<Record<Route, Answer>>;
  code: number;
  outcome: string;
  /** How often the state is requested. */
  states?: number;
}

const pulling = info('Pulling', 30);
const open = stream('open', pulling);
/** The state at first, and the fate of the last request. */
const then = (last: Answer): Answer => inTurn(lab('pending'), last);

/** A stream that sends a byte every tenth of a second, none of which completes a line or a frame. */
const trickle: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const timer = setInterval(() => response.write(':'), 100);
  response.on('close', () => {
    clearInterval(timer);
  });
};

// Even on a busy machine, the stream is open and has delivered its content before that begins.
const wait = ['wait', '--timeout', '6s'];
const cases: Case[] = [
  {
    name: 'answered: 124',
    args: wait,
    script: { state: then(lab('pending')), events: open },
    code: 124,
    outcome: 'timeout',
    states: 2,
  },
  {
    name: 'answered, though no stream ever opened: 124',
    args: wait,
    script: { state: lab('pending'), events: status(503) },
    code: 124,
    outcome: 'timeout',
  },
  {
    name: 'not answered, and the open stream silent: 7',
    args: wait,
    script: { state: then(silence), events: open },
    code: 7,
    outcome: 'unknown',
    states: 2,
  },
  {
    name: 'not answered, but the stream brings bytes: 124',
    args: wait,
    script: { state: then(silence), events: trickle },
    code: 124,
    outcome: 'timeout',
  },
  {
    name: 'not answered, and the stream has ended: 7',
    args: wait,
    script: { state: then(silence), events: inTurn(stream('end', pulling), cut) },
    code: 7,
    outcome: 'unknown',
  },
  {
    name: 'cut off, and the open stream silent: 7',
    args: wait,
    script: { state: then(cut), events: open },
    code: 7,
    outcome: 'unknown',
  },
  {
    name: '503 beside an open stream: 124',
    args: wait,
    script: { state: then(status(503)), events: open },
    code: 124,
    outcome: 'timeout',
  },
  {
    name: '503 without a stream: 7',
    args: wait,
    script: { state: then(status(503)), events: status(502) },
    code: 7,
    outcome: 'unknown',
  },
  {
    name: '429: 124',
    args: wait,
    script: { state: then(status(429)), events: status(502) },
    code: 124,
    outcome: 'timeout',
  },
  {
    name: '401: 3',
    args: wait,
    script: { state: then(status(401)), events: open },
    code: 3,
    outcome: 'unauthorized',
  },
  {
    name: '403: 3',
    args: wait,
    script: { state: then(status(403)), events: open },
    code: 3,
    outcome: 'unauthorized',
  },
  {
    name: 'a web page: 7',
    args: wait,
    script: { state: then(status(200)), events: open },
    code: 7,
    outcome: 'unknown',
  },
  {
    name: '`running` is the outcome: 0',
    args: wait,
    script: { state: then(lab('running')), events: open },
    code: 0,
    outcome: 'running',
  },
  {
    name: 'the state that a request was waiting for is the outcome: 0',
    args: ['status', '--timeout', '6s'],
    script: { state: inTurn(silence, lab('running')) },
    code: 0,
    outcome: 'running',
    states: 2,
  },
  {
    name: 'a create without an answer: 124, and the state is no outcome',
    args: ['spawn', '-u', 'rachel', '--timeout', '6s'],
    script: { create: silence, state: lab('running') },
    code: 124,
    outcome: 'timeout',
    states: 1,
  },
  {
    name: 'a create without an answer, and none now: 7',
    args: ['spawn', '-u', 'rachel', '--timeout', '6s'],
    script: { create: silence, state: silence },
    code: 7,
    outcome: 'unknown',
  },
  {
    name: 'a spawn that is there by now: 0',
    args: ['spawn', '-u', 'rachel', '--timeout', '6s'],
    script: { create: accepted, events: open, state: lab('running') },
    code: 0,
    outcome: 'running',
  },
  {
    name: 'a DELETE without an answer, and no lab any more: 0',
    args: ['stop', '--direct', '-u', 'rachel', '--timeout', '6s'],
    script: {
      remove: silence,
      state: inTurn(lab('terminating'), noLab),
      events: stream('open', info('Shutting down', 25)),
    },
    code: 0,
    outcome: 'absent',
  },
  {
    name: 'a DELETE without an answer, and the lab still there: 124',
    args: ['stop', '--direct', '-u', 'rachel', '--timeout', '6s'],
    script: { remove: silence, state: lab('terminating'), events: stream('open', info('Shutting down', 25)) },
    code: 124,
    outcome: 'timeout',
  },
  {
    name: 'a list without an answer: 124',
    args: ['list', '--timeout', '6s'],
    script: { list: silence, state: noLab },
    code: 124,
    outcome: 'timeout',
    states: 1,
  },
  {
    name: 'a list without an answer, and none now: 7',
    args: ['list', '--timeout', '6s'],
    script: { list: silence, state: silence },
    code: 7,
    outcome: 'unknown',
  },
  {
    name: 'a form without an answer: 124',
    args: ['images', '-u', 'rachel', '--timeout', '6s'],
    script: { form: silence, state: noLab },
    code: 124,
    outcome: 'timeout',
  },
  {
    name: 'a name that is not told: 124',
    args: ['status', '--timeout', '6s'],
    script: { who: silence, state: noLab },
    code: 124,
    outcome: 'timeout',
  },
  {
    name: 'events, and the stream silent: 124 where it is answered',
    args: ['events', '-u', 'rachel', '--timeout', '6s'],
    script: { events: open, state: lab('pending') },
    code: 124,
    outcome: 'timeout',
    states: 1,
  },
  {
    name: 'events, and the stream silent: 7 where it is not',
    args: ['events', '-u', 'rachel', '--timeout', '6s'],
    script: { events: open, state: silence },
    code: 7,
    outcome: 'unknown',
  },
];

describe('the last look', { concurrency: 6 }, () => {
  for (const { name, args, script, code, outcome, states } of cases) {
    it(name, async () => {
      await using peer = await startPeer(script);
      const { direct, ...env } = { direct: args.includes('--direct'), ...peer.env };
      const run = await runLab([...args, '-o', 'json'], direct ? { ...env, LAB_TOKEN: '' } : env);
      assert.deepEqual([run.code, resultOf(run.stdout).outcome], [code, outcome], run.stderr);
      if (states !== undefined) assert.equal(peer.on('state').length, states);
      assertOnNewConnection(peer);
    });
  }

  it('gives the same code whenever the streams are cut', async () => {
    await using peer = await startPeer({
      state: lab('pending'),
      events: (response, nth) => {
        stream('open', pulling)(response, nth);
        setTimeout(() => response.destroy(), 700);
      },
    });
    const seconds = [4, 4.3, 4.6, 4.9, 5.2, 5.5];
    const runs = await Promise.all(
      seconds.map((each) => runLab(['wait', '--timeout', `${each * 1000}ms`], peer.env)),
    );
    assert.deepEqual(
      runs.map(({ code }) => code),
      seconds.map(() => 124),
    );
  });

  it('is taken by a process that was stopped beyond its deadline', async () => {
    await using peer = await startPeer({
      state: then(lab('pending')),
      events: stream('open', event('info', 'x')),
    });
    const run = startLab(['wait', '--timeout', '3s', '-o', 'json'], peer.env);
    await run.seen(/x/);
    run.child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    assert.equal(peer.on('state').length, 1);
    run.child.kill('SIGCONT');
    const { code } = await run.finished;
    assert.deepEqual([code, peer.on('state').length], [124, 2]);
    assertOnNewConnection(peer);
  });
});

/** One request for the state shares its connection with no other request, and it is not the first. */
function assertOnNewConnection(peer: Peer): void {
  const routes: Route[] = ['create', 'events', 'state', 'remove', 'list', 'form', 'who'];
  const all = routes.flatMap((route) => peer.on(route).map((request) => ({ ...request, route })));
  const alone = all.filter(
    ({ route, at, remotePort }) =>
      route === 'state' &&
      all.some((other) => other.at < at) &&
      all.every((other) => other.at === at || other.remotePort !== remotePort),
  );
  assert.ok(alone.length > 0, 'not on a new connection');
}
