/**
 * Composes a story at a platform from a seed.
 */
import { composeFault, composeTrouble } from '../hub/troubles.js';
import type { Command, Trouble } from '../hub/story.js';
import { Random } from '../random.js';
import {
  routes,
  type Before,
  type Incident,
  type Plan,
  type PlatformStory,
  type Route,
  type Window,
} from './story.js';

export function generate(seed: number): PlatformStory {
  const random = new Random(seed);
  const command = composeCommand(random);
  const before = composeBefore(random, command);
  const isCalm = random.chance(0.3);
  const spawns: [Plan, ...Plan[]] = [composePlan(random)];
  if (random.chance(0.4)) spawns.push(composePlan(random));
  return {
    seed,
    command,
    timeout:
      command.name === 'status'
        ? random.pick([4000, 30_000])
        : random.pick([1000, 8000, 25_000, 90_000, 200_000, 200_000, 400_000]),
    before,
    oldQueue: random.pick(['none', 'complete', 'complete', 'failed', 'deletion', 'deletion'] as const),
    earlier: { plan: composePlan(random), since: random.pick([10, 300, 2000, 9000]) },
    spawns,
    incidents:
      isCalm || random.chance(0.4) ? [] : random.list(random.pick([1, 1, 2]), () => composeIncident(random)),
    ingress: random.pick(['open', 'open', 'login', 'login', 'unreachable'] as const),
    mayDelete: random.chance(0.6),
    troubles: isCalm ? {} : composeTroubles(random),
    windows: isCalm || random.chance(0.75) ? [] : [composeWindow(random)],
    streams: {
      hub: isCalm || random.chance(0.6) ? [] : random.list(random.whole(1, 3), () => composeFault(random)),
      controller:
        isCalm || random.chance(0.5) ? [] : random.list(random.whole(1, 3), () => composeFault(random)),
    },
    lag: random.pick([0, 0, 0, 50, 3000]),
    latency: random.pick([0, 0, 10, 80, 700]),
  };
}

function composeCommand(random: Random): Command {
  const goal = random.chance(0.85) ? 'ready' : 'running';
  const name = random.pick(['spawn', 'spawn', 'spawn', 'spawn', 'wait', 'stop', 'stop', 'status'] as const);
  switch (name) {
    case 'spawn': {
      const onConflict = random.pick(['attach', 'attach', 'attach', 'replace', 'fail'] as const);
      return { name, onConflict, goal, detach: random.chance(0.06) };
    }
    case 'wait':
      return { name, goal: random.chance(0.3) ? 'absent' : goal };
    case 'stop':
    case 'status':
      return { name };
  }
}

function composeBefore(random: Random, { name }: Command): Before {
  const any = [
    'failed',
    'left',
    'running',
    'dead',
    'starting',
    'stopping',
    'orphan running',
    'orphan starting',
    'orphan stopping',
  ] as const;
  if (name === 'spawn') return random.pick(['nothing', 'nothing', 'nothing', 'nothing', ...any]);
  return random.pick(['nothing', 'running', 'starting', 'starting', ...any]);
}

function composePlan(random: Random): Plan {
  const plan: Plan = {
    delayMs: random.pick([0, 50, 700, 2500]),
    podMs: random.pick([0, 400, 2000, 9000, 14_000, 40_000]),
    reason: null,
    listenMs: random.pick([0, 500, 3000, 12_000]),
    httpTimeoutMs: random.pick([20_000, 30_000]),
    startTimeoutMs: 120_000,
    deleteMs: random.pick([0, 300, 2500, 14_000]),
  };
  switch (random.pick(['ready', 'ready', 'ready', 'fails', 'fails', 'silent', 'stuck'] as const)) {
    case 'ready':
      return plan;
    case 'fails':
      return { ...plan, reason: `reason-${random.whole(1000, 9999)} of the controller` };
    case 'silent':
      return { ...plan, listenMs: null };
    case 'stuck':
      return { ...plan, podMs: null, startTimeoutMs: random.pick([15_000, 40_000]) };
  }
}

function composeIncident(random: Random): Incident {
  const at = random.pick([0, 700, 2500, 4000, 9000, 16_000, 30_000]) + random.whole(0, 600);
  const what = random.pick([
    'stop at the Hub',
    'delete at the controller',
    'die',
    'restart',
    'restart',
    'lies',
    'lies',
    'lies',
  ] as const);
  switch (what) {
    case 'restart': {
      const signal = random.pick(['SIGTERM', 'SIGKILL'] as const);
      return { at, what, signal, downMs: random.pick([500, 4000, 12_000, 40_000]) };
    }
    case 'lies': {
      const as = random.pick(['none', 'failed', 'failed', 'terminating', 'pending'] as const);
      return { at, what, as, ms: random.pick([500, 2500, 4000, 20_000, 120_000]) };
    }
    default:
      return { at, what };
  }
}

function composeTroubles(random: Random): PlatformStory['troubles'] {
  const troubles: Partial<Record<Route, (Trouble | null)[]>> = {};
  for (const route of routes) {
    if (!random.chance(route === 'start' || route === 'events' ? 0.3 : 0.12)) continue;
    troubles[route] = random.list(random.whole(1, 3), () =>
      random.chance(0.6) ? composeTrouble(random) : null,
    );
  }
  return troubles;
}

function composeWindow(random: Random): Window {
  const from = random.pick([0, 500, 3000, 8000]);
  const to = from + random.pick([1500, 6000, 25_000, 70_000]);
  const of: readonly Route[] = random.pick([
    ['events'],
    ['state', 'events', 'remove'],
    ['state', 'events', 'remove'],
    ['hub state', 'start', 'stop', 'progress'],
    routes,
  ]);
  return { from, to, routes: of, trouble: composeTrouble(random) };
}
