/**
 * Composes the events at the controller: the initial state that the command finds, and the course of every operation.
 */
import { deletionOperation, resumedOperation, spawnOperation, type Result } from './operations.js';
import type { Random } from './random.js';
import {
  fails,
  type Before,
  type Command,
  type Frame,
  type Operation,
  type Status,
  type Story,
} from './story.js';

const quarterOfAnHour = 900_000;
export const calm: Story['interference'] = {
  restarts: [],
  deletedAt: null,
  othersAt: [],
  reconciledAt: null,
  expiresAt: null,
  expiry: 401,
};
export const noTroubles: Story['troubles'] = { create: [], events: [], state: [], remove: [], who: [] };

/** A story without any fault, and without its truth; and how its spawns end. */
export function composeFacts(seed: number, random: Random): { story: Story; result: Result } {
  const result = random.chance(0.6) ? 'running' : 'failed';
  const name = random.pick([
    ...(['spawn', 'spawn', 'spawn', 'spawn', 'wait', 'wait', 'wait', 'stop', 'events'] as const),
    random.pick(['status', 'stop', 'events'] as const),
  ]);
  const status = statusBefore(random, name);
  const underWay = underWayFor(random, status, result);
  const recreate = status === 'failed' || random.chance(0.05);
  const spawns: Story['spawns'] = [
    spawnOperation(random, result, 'one', recreate),
    spawnOperation(random, result, 'two', recreate),
  ];
  const deletion =
    underWay?.kind === 'deletion' ? underWay.operation : deletionOperation(random, random.chance(0.1));
  const before = beforeFor(random, name, status, underWay);
  const who = whoFor(random, name);
  const story: Story = {
    seed,
    command: commandFor(random, name),
    who,
    // A client that may not read a lab's state cannot delete the lab.
    userInfo: (who === 'named' && name === 'stop') || random.chance(0.85),
    timeout: name === 'status' ? 30_000 : quarterOfAnHour,
    before,
    spawns,
    resumed: resumedOperation(random, result, underWay?.operation ?? spawns[0]),
    deletion,
    interference: calm,
    troubles: noTroubles,
    windows: [],
    streams: [],
    laterStreams: null,
    wire: {
      lineEnd: random.chance(0.9) ? '\r\n' : '\n',
      pings: random.chance(0.85) ? 'comment' : 'event',
      utf8: random.chance(0.3),
      slicing: 'frames',
      latency: random.chance(0.5) ? 0 : random.whole(1, 300),
      slowCreate: random.chance(0.1) ? random.whole(1000, 40_000) : 0,
    },
    truth: { outcomes: [], why: '', within: null },
  };
  return { story, result };
}

function commandFor(random: Random, name: Command['name']): Command {
  switch (name) {
    case 'spawn':
      return { name, onConflict: random.pick(['attach', 'attach', 'replace', 'fail']) };
    case 'wait':
      return { name, goal: random.pick(['running', 'running', 'absent']) };
    case 'stop':
    case 'status':
    case 'events':
      return { name };
  }
}

function whoFor(random: Random, name: Command['name']): Story['who'] {
  const who = random.pick(['own', 'own', 'own', 'own', 'named', 'direct', 'another'] as const);
  return who === 'another' && (name === 'spawn' || name === 'events') ? 'own' : who;
}

function statusBefore(random: Random, name: Command['name']): Status | null {
  switch (name) {
    case 'spawn':
      return random.pick([
        ...([null, null, null, null, 'failed', 'failed', 'running', 'running'] as const),
        ...(['pending', 'pending', 'terminating', 'terminating', 'hibernated'] as const),
      ]);
    case 'stop':
      return random.pick([null, 'running', 'running', 'failed', 'pending', 'terminating', 'hibernated']);
    case 'wait':
    case 'status':
    case 'events':
      return random.pick([
        ...([null, 'pending', 'pending', 'pending', 'running'] as const),
        ...(['failed', 'terminating', 'terminating', 'hibernated'] as const),
      ]);
  }
}

function underWayFor(random: Random, status: Status | null, result: Result): Before['underWay'] {
  switch (status) {
    case 'pending':
      return { kind: 'spawn', operation: spawnOperation(random, result, 'zero', random.chance(0.2)) };
    case 'hibernated':
      return { kind: 'spawn', operation: waking(spawnOperation(random, result, 'zero', false)) };
    case 'terminating':
      return { kind: 'deletion', operation: deletionOperation(random, random.chance(0.25)) };
    default:
      return null;
  }
}

/** The same spawn, by a controller that uses a different name for the pending status. */
function waking(operation: Operation): Operation {
  return operation.map((step) => (step.status === 'pending' ? { ...step, status: 'hibernated' } : step));
}

function beforeFor(
  random: Random,
  name: Command['name'],
  status: Status | null,
  underWay: Before['underWay'],
): Before {
  const frames = (result: Result): Frame[] =>
    spawnOperation(random, result, 'before', false).flatMap(({ frame }) => (frame === null ? [] : [frame]));
  const before: Before = { status, pod: 'none', queue: null, open: false, underWay };
  switch (status) {
    case 'failed':
      return { ...before, pod: random.pick(['none', 'pending']), queue: frames('failed') };
    case 'running': {
      const dead = random.chance(name === 'spawn' ? 0.4 : 0.1);
      const pod = dead ? random.pick(['dead', 'none'] as const) : 'running';
      // After a restart no events of a running lab are reported.
      const open = name !== 'events' && random.chance(0.2);
      return { ...before, pod, open, queue: open ? [] : frames('running') };
    }
    case 'hibernated':
      // A sleeping lab with no operation in progress; the command does not know how to wake it.
      if (name !== 'spawn' || random.chance(0.5)) return before;
      return { ...before, pod: 'running', open: true, queue: [], underWay: null };
    case 'terminating':
      return { ...before, pod: 'running' };
    default:
      return before;
  }
}

/** Whether the deletion that is in progress, or would be, fails. */
export function deletionFails({ before, deletion }: Story): boolean {
  return fails(before.underWay?.kind === 'deletion' ? before.underWay.operation : deletion);
}
