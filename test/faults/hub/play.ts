/**
 * Plays a story at a Hub: the real command with the real HTTP client, against the simulated Hub in this process, on a clock
 * that jumps from one thing that falls due to the next.
 *
 * Only records; judge.ts decides what was correct.
 */
import { createJupyterHub } from '../../../src/backends/jupyterhub/backend.js';
import type { Backend } from '../../../src/backends/backend.js';
import { Session } from '../../../src/commands/session/session.js';
import { spawn } from '../../../src/commands/spawn.js';
import { status } from '../../../src/commands/status.js';
import { stop } from '../../../src/commands/stop.js';
import { wait } from '../../../src/commands/wait.js';
import { SilentDisplay, type Ending, type ServerAddress } from '../../../src/display/display.js';
import type { Event } from '../../../src/model/event.js';
import { noSecrets } from '../../../src/model/redactor.js';
import type { Goal, Input, RunState } from '../../../src/model/reducer.js';
import { startDeadline } from '../../../src/runtime/deadline.js';
import { createHub, type LocalHub } from '../../../src/simulator/jupyterhub/hub.js';
import { releases } from '../../../src/simulator/jupyterhub/releases.js';
import { plain } from '../../../src/simulator/jupyterhub/story.js';
import { FakeClock } from '../../support/clock.js';
import { fakeContext } from '../../support/context.js';
import { Random } from '../random.js';
import { MemoryNetwork } from './network.js';
import { Record } from './record.js';
import { storyOf, type Command, type HubStory, type Interference } from './story.js';

export interface Shown {
  at: number;
  event: Event;
  /** What the bar shows. */
  percent: number | null;
}

export interface Played extends Run {
  story: HubStory;
  record: Record;
  network: MemoryNetwork;
  /** When the command began, on the clock of the record. */
  begunAt: number;
}

/** Anything that still waits this long after the deadline waits for ever, in milliseconds. */
const longest = 60_000;

const token = 'the-token-of-the-stories';
const origin = 'http://hub.test:8000';

export async function play(story: HubStory): Promise<Played> {
  const clock = new FakeClock();
  const plans = [...story.spawns];
  const hub = createHub(
    {
      clock,
      version: story.version,
      user: 'ann',
      nextStory: () => storyOf((plans.length > 1 ? plans.shift() : plans[0]) ?? story.spawns[0]),
      tokens: {
        [token]: { owner: { kind: 'user', name: 'ann' }, ...(story.isBlind ? { scopes: blind } : {}) },
      },
      faults: { full: [...story.full] },
    },
    () => origin,
  );
  const record = new Record(hub, story.server, () => clock.monotonic());
  await prepare(story, hub, record, clock);
  const begunAt = clock.monotonic();
  const network = new MemoryNetwork(story, hub, clock, () => record.moment());
  for (const each of story.interference) {
    clock.after(each.at, () => {
      interfere(each, story, hub, record);
    });
  }
  const createBackend = (): Backend =>
    createJupyterHub(
      {
        base: new URL(`${origin}/`),
        credentials: { kind: 'bearer', token },
        dispatcher: network,
        clock,
        redact: noSecrets.redact,
      },
      { server: story.server, userOptions: {}, forget: false },
    );
  const address = { controller: null, hub: origin, name: story.server };
  const run = await runCommand(story, {
    clock,
    createBackend,
    address,
    sample: () => {
      record.sample();
    },
  });
  hub.close();
  return { story, record, network, begunAt, ...run };
}

/** The rights of a token that starts and stops servers and does not see them. */
const blind = ['read:users:name!user', 'start:servers!user', 'delete:servers!user'];

/** Sets up what there is before the command begins. */
async function prepare(story: HubStory, hub: LocalHub, record: Record, clock: FakeClock): Promise<void> {
  const { server } = record;
  const { plan, since } = story.earlier;
  const failed = { kind: 'exception', text: earlierReason } as const;
  if (story.defaultRuns) hub.server('').start({ startMs: 0, progress: plain }, {});
  const standing = {
    startMs: 0,
    progress: plain,
    stopMs: plan.stopMs ?? 0,
    stopFails: plan.stopFails ?? false,
  };
  switch (story.before) {
    case 'nothing':
      break;
    case 'pending':
      server.start(storyOf(plan), {});
      break;
    case 'failed':
      server.start({ startMs: 0, failure: failed, progress: plain }, {});
      break;
    case 'stopping':
      server.start(standing, {});
      server.stop(0, () => undefined);
      break;
    case 'stuck':
      server.start({ startMs: null, cancelMs: untilStuck, progress: plain }, {});
      server.stop(0, () => undefined);
      break;
    case 'running':
    case 'dead':
      server.start(standing, {});
      if (story.before === 'dead') server.kill();
  }
  record.sample(true);
  const time = story.before === 'stuck' ? since + untilStuck : since;
  for (const end = clock.monotonic() + time; clock.monotonic() < end;) {
    clock.advance(Math.min(clock.nextDue ?? end, end) - clock.monotonic());
    await settled();
    record.sample(true);
  }
}

const earlierReason = 'the failure of an earlier spawn';

/** How long a start takes to be cancelled, in milliseconds, if the Hub does not wait for it. */
const untilStuck = 3_000;

function interfere(each: Interference, { version }: HubStory, hub: LocalHub, record: Record): void {
  const { server } = record;
  switch (each.what) {
    case 'cancel':
      if (server.pending !== 'spawn' || releases[version].cancelsSpawns) server.stop(10_000, () => undefined);
      return;
    case 'die':
      server.kill();
      return;
    case 'restart':
      record.hubIsUp = false;
      void hub.restart({ signal: each.signal, downMs: each.downMs }).then(() => {
        record.hubIsUp = true;
      });
  }
}

/** Everything that can happen without time passing has happened. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A command that was played: how it ended, and what it showed. */
export interface Run {
  /** Null if the command did not end. */
  ending: Ending | null;
  thrown: unknown;
  endedAt: number;
  shown: Shown[];
}

/** Where a command is played. `sample` is called whenever something may have happened. */
interface Stage {
  clock: FakeClock;
  createBackend: () => Backend;
  address: ServerAddress;
  sample: () => void;
}

/** The default: how long to wait for a response, in milliseconds. The Hub's streams have a shorter limit of their own. */
const idleTimeout = 45_000;

/** Runs a story's command to its end; the clock jumps from one thing that falls due to the next. Never rejects. */
export async function runCommand(
  { seed, command, timeout }: Pick<HubStory, 'seed' | 'command' | 'timeout'>,
  { clock, createBackend, address, sample }: Stage,
): Promise<Run> {
  const context = fakeContext({ clock, random: new Random(seed ^ 0xc11e).unit });
  const begunAt = clock.monotonic();
  const deadline = startDeadline(clock, timeout, context.signal);
  const display = new Recorder();
  const session = new Session(
    {
      context,
      display,
      backend: createBackend(),
      freshBackend: () => Promise.resolve(createBackend()),
      redactor: noSecrets,
      address,
      user: { name: null, given: false },
      demo: false,
      limits: { timeout, idleTimeout },
      deadline,
    },
    goalOf(command),
  );
  const ended: Pick<Run, 'ending' | 'thrown'>[] = [];
  void commandOf(command, session)
    .then(
      (ending) => ({ ending, thrown: null }),
      (thrown: unknown) => ({ ending: null, thrown }),
    )
    .then((result) => {
      session.close();
      deadline.cancel();
      ended.push(result);
    });
  await settled();
  sample();
  while (ended.length === 0 && clock.monotonic() - begunAt < timeout + longest) {
    const { nextDue } = clock;
    if (nextDue === null) break;
    clock.advance(nextDue - clock.monotonic());
    await settled();
    sample();
  }
  const { ending, thrown } = ended[0] ?? { ending: null, thrown: null };
  return { ending, thrown, endedAt: clock.monotonic(), shown: display.shown };
}

function goalOf({ name }: Command): Goal {
  return name === 'stop' ? 'delete' : 'spawn';
}

async function commandOf(command: Command, session: Session): Promise<Ending> {
  switch (command.name) {
    case 'spawn':
      return spawn(session, {
        request: {
          image: { image_class: 'recommended' },
          size: 'small',
          enableDebug: false,
          resetUserEnv: false,
          env: {},
        },
        detach: command.detach,
        onConflict: command.onConflict,
        goal: command.goal,
      });
    case 'wait':
      return wait(session, command.goal);
    case 'stop':
      return stop(session, { detach: false });
    case 'status':
      return status(session);
  }
}

/** Records the events that the user would have seen. */
class Recorder extends SilentDisplay {
  readonly shown: Shown[] = [];

  override show({ percent }: RunState, input: Input): void {
    if (input.kind === 'event') this.shown.push({ at: input.at, event: input.event, percent });
  }
}
