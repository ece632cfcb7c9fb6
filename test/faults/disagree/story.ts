/**
 * A random story on a platform: a command, what there is before it, how spawns go, and what goes wrong meanwhile. Only data.
 */
import type { Command } from '../hub/story.js';
import { Random } from '../random.js';

/** `orphan`: only the controller has it. `leaving`: the controller deletes it, and the Hub has forgotten it. */
export const befores = [
  'nothing',
  'running',
  'starting',
  'stopping',
  'failed',
  'orphan',
  'orphan starting',
  'leaving',
] as const;
export type Before = (typeof befores)[number];

/** How a spawn goes; times in milliseconds. */
export interface SpawnPlan {
  /** From the POST to the controller's create. */
  lag: number;
  /** Between two events. */
  gap: number;
  events: number;
  /** `silent`: Jupyter never answers. `early`: the Spawner fails before it reaches the controller. */
  end: 'ready' | 'failed' | 'silent' | 'early';
  /** From the controller's end to that of the Hub. */
  after: number;
  /** How long a deletion takes. */
  deletion: number;
}

/** What happens at a time, in milliseconds since the command began. */
export type Incident = { at: number } & (
  | { what: 'stop' | 'die' | 'cut' }
  /** The Hub restarts; it forgets a spawn, and keeps a lab. */
  | { what: 'restart'; for: number }
  /** Requests to one of the two fail. */
  | { what: 'hub away' | 'controller away'; for: number }
  /** The controller's state is `failed`, although nothing is wrong. */
  | { what: 'lie'; for: number }
  /** The lab is deleted at the controller, which the Hub notices later. */
  | { what: 'removed'; for: number }
);

export interface PlatformStory {
  seed: number;
  command: Command;
  before: Before;
  /** The queue of the operation before. */
  old: 'complete' | 'failed' | 'deletion' | 'none';
  plan: SpawnPlan;
  incidents: Incident[];
  /** Whether the ingress redirects every probe to a login page. */
  isMasked: boolean;
  /** Whether the controller refuses its event stream. */
  isStreamRefused: boolean;
  mayDelete: boolean;
  timeout: number;
}

const spawn = { name: 'spawn', goal: 'ready', detach: false } as const;

export function generate(seed: number): PlatformStory {
  const random = new Random(seed);
  const command = random.pick<() => Command>([
    () => ({ ...spawn, onConflict: random.pick(['attach', 'attach', 'replace', 'fail']) }),
    () => ({ ...spawn, onConflict: 'attach' }),
    () => ({ name: 'wait', goal: random.pick(['ready', 'ready', 'running', 'absent']) }),
    () => ({ name: 'stop' }),
    () => ({ name: 'status' }),
  ])();
  const plan: SpawnPlan = {
    lag: random.pick([0, 200, 900, 2_500]),
    gap: random.whole(100, 6_000),
    events: random.whole(1, 6),
    end: random.pick(['ready', 'ready', 'ready', 'failed', 'silent', 'early']),
    after: random.pick([100, 1_000, 6_000, 25_000]),
    deletion: random.pick([300, 2_000, 9_000]),
  };
  const whats = ['stop', 'die', 'cut', 'restart', 'hub away', 'controller away', 'lie', 'removed'] as const;
  const incident = (): Incident => {
    const what = random.pick(whats);
    const at = random.whole(0, 40_000);
    switch (what) {
      case 'stop':
      case 'die':
      case 'cut':
        return { at, what };
      default:
        return { at, what, for: random.pick([1_000, 3_000, 12_000]) };
    }
  };
  return {
    seed,
    command,
    before: random.pick(befores),
    old: random.pick(['complete', 'failed', 'deletion', 'none']),
    plan,
    incidents: random.list(random.pick([0, 0, 1, 1, 2, 3]), incident),
    isMasked: random.chance(0.3),
    isStreamRefused: random.chance(0.1),
    mayDelete: random.chance(0.4),
    timeout: random.pick([900_000, 900_000, 120_000]),
  };
}
