/**
 * Random operations of a controller, as the contract describes them.
 */
import type { Random } from './random.js';
import type { Frame, Operation, Step } from './story.js';

export type Result = 'running' | 'failed';

const info = (message: string, progress: number | null): Frame => ({
  kind: 'event',
  type: 'info',
  message,
  progress,
});

const pods = [
  'Pulling image "registry/lab:tag"',
  'Pulled image',
  'Started container notebook',
  'Résumé des opérations: 準備中 🚀',
  'Evil \u001b[31mred\u001b[0m\u0007\r\n\u202Etext',
  '0/3 nodes are available',
  '',
] as const;

const broken: readonly [Frame, ...Frame[]] = [
  { kind: 'broken', name: 'info', data: '{"message": ' },
  { kind: 'broken', name: 'info', data: '{"message": 5, "progress": 10}' },
  { kind: 'broken', name: 'info', data: '{"message": "m", "progress": 101}' },
  { kind: 'broken', name: 'progress', data: '{"message": "m"}' },
  { kind: 'broken', name: null, data: '{"message": "m"}' },
  { kind: 'broken', name: 'error', data: 'null' },
];

export function spawnOperation(random: Random, result: Result, tag: string, recreate: boolean): Operation {
  const steps: Step[] = [{ after: random.whole(0, 500), frame: info(`Starting lab creation ${tag}`, 1) }];
  if (recreate) {
    const passing = random.chance(0.8) ? random.whole(1, 400) : random.whole(5000, 12_000);
    steps.push(
      { after: 10, frame: info('Deleting existing failed lab for rachel', 2) },
      { after: random.whole(0, 400), frame: info('Shutting down Kubernetes pod', 5) },
      {
        after: random.whole(0, 3000),
        frame: info('Deleting user namespace', 12),
        status: 'terminated',
        pod: 'none',
      },
      { after: passing, frame: info('Lab for rachel deleted', 20), status: 'pending' },
    );
  }
  if (result === 'failed' && random.chance(0.2)) return [...steps, ...ending(random, result)];
  steps.push({
    after: random.chance(0.25) ? random.whole(8000, 40_000) : random.whole(0, 3000),
    frame: info('Created Kubernetes objects for user lab', 30),
    status: 'pending',
    pod: 'pending',
  });
  return [...steps, ...monitored(random, tag), ...ending(random, result)];
}

/** How a spawn continues after a restart. */
export function resumedOperation(random: Random, result: Result, like: Operation): Operation {
  const beginning = random.chance(0.2)
    ? (like[0]?.frame ?? null)
    : info('Monitoring in-progress lab creation for rachel', 1);
  return [
    { after: random.whole(0, 300), frame: beginning, pod: 'pending' },
    ...monitored(random, 'again'),
    ...ending(random, result),
  ];
}

export function deletionOperation(random: Random, fails: boolean): Operation {
  const steps: Step[] = [{ after: 0, frame: info('Shutting down Kubernetes pod', 25) }];
  if (!fails || random.chance(0.5)) {
    steps.push({ after: random.whole(800, 8000), frame: info('Deleting user namespace', 62), pod: 'none' });
  }
  const long = random.chance(0.25);
  if (fails) {
    steps.push(
      {
        after: long ? random.whole(8000, 50_000) : random.whole(1500, 4000),
        frame: { kind: 'event', type: 'error', message: 'No way', progress: null },
      },
      {
        after: 0,
        frame: { kind: 'event', type: 'failed', message: 'Lab delete failed', progress: null },
        status: 'failed',
      },
    );
    return steps;
  }
  // The stream ends shortly before the lab does.
  const after = long ? random.whole(8000, 55_000) : random.whole(0, 8000);
  const last: Step = { after, frame: info('Lab for rachel deleted', 100) };
  return random.chance(0.5)
    ? [...steps, { ...last, status: 'gone' }]
    : [...steps, last, { after: random.whole(1, 200), frame: null, status: 'gone' }];
}

/** The Kubernetes events, of which some are repeated, some late, and some malformed. */
function monitored(random: Random, tag: string): Step[] {
  const steps: Step[] = [];
  let progress = 30;
  for (let left = random.whole(0, 6); left > 0; left--) {
    progress += Math.max(1, Math.floor((75 - progress) / 3));
    const numbered = random.chance(0.9) ? Math.min(progress, 74) : null;
    const step: Step = {
      after: random.chance(0.15) ? random.whole(15_000, 40_000) : random.whole(0, 5000),
      frame: info(`${random.pick(pods)} ${tag} ${left}`, numbered),
    };
    steps.push(step);
    if (random.chance(0.08)) steps.push({ ...step, after: 0 });
    if (random.chance(0.04)) steps.push({ after: 20, frame: random.pick(broken) });
    if (random.chance(0.05)) {
      steps.push({
        after: 20,
        frame: { kind: 'event', type: 'error', message: `Warning ${left}`, progress: null },
      });
    }
    if (random.chance(0.002)) steps.push({ after: 20, frame: { kind: 'oversized' } });
  }
  return steps;
}

function ending(random: Random, result: Result): Step[] {
  const after = random.whole(0, 4000);
  if (result === 'running') {
    const frame: Frame = random.chance(0.05)
      ? { kind: 'broken', name: 'complete', data: '{"message": "Lab Kubernetes pod sta' }
      : { kind: 'event', type: 'complete', message: 'Lab Kubernetes pod started', progress: null };
    return [{ after, frame, status: 'running', pod: 'running' }];
  }
  const frame: Frame = random.chance(0.05)
    ? { kind: 'broken', name: 'failed', data: '' }
    : { kind: 'event', type: 'failed', message: 'Lab spawn failed', progress: null };
  return [
    { after, frame: { kind: 'event', type: 'error', message: 'ImagePullBackOff', progress: null } },
    { after: random.whole(0, 5), frame, status: 'failed' },
  ];
}
