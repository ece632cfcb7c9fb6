/**
 * Composes a story at a Hub from a seed.
 */
import type { HubVersion } from '../../../src/simulator/jupyterhub/hub.js';
import type { ProgressStep, ServerKind } from '../../../src/simulator/jupyterhub/story.js';
import { bug, event, said, wait } from '../../../src/simulator/jupyterhub/story.js';
import { Random } from '../random.js';
import type { Before, Command, HubStory, Interference, SpawnPlan } from './story.js';
import { troublesOf } from './troubles.js';

export function generate(seed: number): HubStory {
  const random = new Random(seed);
  const version = random.pick([4, 5, 6] as const);
  const server = random.chance(0.35) ? 'work' : '';
  const command = composeCommand(random);
  const before = composeBefore(random, command, version);
  const spawns: [SpawnPlan, ...SpawnPlan[]] = [composePlan(random)];
  if (random.chance(0.4)) spawns.push(composePlan(random));
  const earlier = composePlan(random);
  if (before === 'stopping' || before === 'running') {
    earlier.stopMs = random.pick([0, 800, 4000, 14_000, 20_000]);
    if (random.chance(0.1)) earlier.stopFails = true;
  }
  const isCalm = random.chance(0.25);
  const interference = isCalm || random.chance(0.5) ? [] : composeInterference(random, version);
  return {
    seed,
    version,
    server,
    defaultRuns: server !== '' && random.chance(0.3),
    command,
    timeout: composeTimeout(random, command),
    before,
    earlier: { plan: earlier, since: random.pick([0, 300, 2000, 9000]) },
    spawns,
    isBlind: random.chance(0.04),
    full: command.name === 'spawn' && random.chance(0.1) ? composeFull(random) : [],
    interference,
    ...troublesOf(random, isCalm),
    latency: random.pick([0, 0, 10, 80, 700]),
  };
}

function composeCommand(random: Random): Command {
  const goal = random.chance(0.75) ? 'ready' : 'running';
  const name = random.pick(['spawn', 'spawn', 'spawn', 'spawn', 'wait', 'wait', 'stop', 'status'] as const);
  switch (name) {
    case 'spawn': {
      const onConflict = random.pick(['attach', 'attach', 'attach', 'replace', 'fail'] as const);
      return { name, onConflict, goal, detach: random.chance(0.1) };
    }
    case 'wait':
      return { name, goal: random.chance(0.2) ? 'absent' : goal };
    case 'stop':
    case 'status':
      return { name };
  }
}

function composeBefore(random: Random, { name }: Command, version: HubVersion): Before {
  // A Hub before version 5 does not cancel spawns.
  const stuck = version === 4 ? 'dead' : 'stuck';
  const any = ['failed', 'running', 'dead', 'pending', 'stopping', stuck] as const;
  if (name !== 'spawn') return random.pick(['nothing', 'pending', 'pending', ...any]);
  return random.pick(['nothing', 'nothing', 'nothing', 'failed', ...any]);
}

/** Long for what ends by itself; otherwise short, because a command that polls does so once a second. */
function composeTimeout(random: Random, command: Command): number {
  if (command.name === 'status') return random.pick([2000, 30_000, 30_000]);
  if (command.name === 'wait' && command.goal === 'absent') return random.pick([1000, 8000, 25_000, 60_000]);
  return random.pick([1000, 8000, 25_000, 90_000, 300_000, 900_000, 900_000]);
}

function composeFull(random: Random): (number | null)[] {
  return random.list(random.whole(1, 4), () => (random.chance(0.5) ? random.whole(1, 40) : null));
}

function composeInterference(random: Random, version: number): Interference[] {
  const at = random.pick([100, 700, 2500, 4000, 6000, 12_000, 31_000]) + random.whole(0, 600);
  const kind = random.pick(['cancel', 'cancel', 'die', 'die', 'restart', 'restart', 'restart'] as const);
  if (kind === 'restart') {
    const signal = random.pick(['SIGTERM', 'SIGKILL'] as const);
    return [{ at, what: 'restart', signal, downMs: random.pick([500, 4000, 12_000, 40_000]) }];
  }
  if (kind === 'cancel' && version === 4 && random.chance(0.5)) return [{ at, what: 'die' }];
  return [{ at, what: kind }];
}

/** What start() does, and what comes up. */
function composePlan(random: Random): SpawnPlan {
  const plan: SpawnPlan = {
    startMs: random.pick([0, 300, 2000, 4300, 9800, 12_000, 26_000, 55_000]),
    progress: composeProgress(random),
  };
  switch (
    random.pick([
      'ready',
      'ready',
      'ready',
      'ready',
      'ready',
      'fails',
      'fails',
      'timeout',
      'exits',
      'stuck',
      'dead',
      'kind',
      'late',
    ])
  ) {
    case 'ready':
      break;
    case 'fails':
      plan.failure = composeFailure(random);
      break;
    case 'timeout':
      plan.startMs = null;
      plan.startTimeoutMs = random.pick([6000, 15_000]);
      break;
    case 'exits':
      plan.exits = 1;
      plan.httpTimeoutMs = random.pick([6000, 14_000]);
      break;
    case 'stuck':
      plan.startMs = random.pick([12_000, null]);
      plan.startTimeoutMs = 20_000;
      break;
    case 'dead':
      plan.livesMs = random.pick([1, 1, 1, 900, 2500, 12_000]);
      break;
    case 'kind':
      plan.server = random.pick<ServerKind>([
        'jupyter',
        'jupyterlab',
        'rstudio',
        'page',
        'deaf',
        'login',
        'forbidden',
        'unavailable',
      ]);
      break;
    case 'late':
      plan.unreachableMs = random.pick([800, 5000, 22_000, 45_000]);
      break;
  }
  if (random.chance(0.3)) plan.listenMs = random.pick([200, 3000]);
  // A cancelled start that takes longer than a second leaves the server ready for good.
  if (random.chance(0.5)) plan.cancelMs = random.pick([300, 3000, 3000]);
  if (random.chance(0.5)) plan.adopted = true;
  if (random.chance(0.2)) plan.stateless = true;
  if (random.chance(0.3)) plan.stopMs = random.pick([500, 3000, 14_000]);
  return plan;
}

/** The reasons are all different, and different from those of earlier spawns. */
function composeFailure(random: Random): NonNullable<SpawnPlan['failure']> {
  const text = `reason-${random.whole(1000, 9999)}`;
  switch (random.pick(['exception', 'exception', 'told', 'http', 'empty'] as const)) {
    case 'exception':
      return { kind: 'exception', text: `${text}: <b>no html</b> \u001b[31mred\u001b[0m` };
    case 'empty':
      return { kind: 'exception', text: '' };
    case 'told':
      return { kind: 'told', message: `${text} for you`, htmlMessage: `<b>${text}</b> for you` };
    case 'http':
      return { kind: 'http', status: random.pick([400, 403, 409, 429, 500, 503]), text };
  }
}

function composeProgress(random: Random): SpawnPlan['progress'] {
  const kind = random.chance(0.12) ? 'burst' : 'each';
  const steps: ProgressStep[] = random.list(random.whole(0, 6), (index) => composeStep(random, index)).flat();
  if (kind === 'each' && random.chance(0.12)) steps.push(bug);
  return { kind, steps };
}

function composeStep(random: Random, index: number): ProgressStep[] {
  const pause = wait(random.pick([50, 400, 1500, 5000]));
  const name = `step ${index + 1}`;
  switch (random.pick(['plain', 'plain', 'plain', 'odd', 'failed', 'silent'] as const)) {
    case 'plain':
      return [said(10 + 10 * index, name), pause];
    case 'silent':
      return [wait(random.pick([9000, 18_000]))];
    case 'failed':
      return [event({ progress: 50, failed: true, message: `midway ${name}` }), pause];
    case 'odd':
      return [
        event(
          random.pick<unknown>([
            { message: name },
            { progress: 150, message: name },
            { progress: 100, message: name },
            { progress: 30, html_message: `<b>${name}</b>` },
            { progress: 20, message: `${name} \u202e\n\u001b]0;x\u0007` },
            { progress: 40, ready: true, message: `sneaky ${name}`, url: '/nowhere/' },
            { progress: null, message: ['a', 'list'] },
            {},
            'a bare string',
          ]),
        ),
        pause,
      ];
  }
}
