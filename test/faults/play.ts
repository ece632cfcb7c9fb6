/**
 * Plays a story: the real command, against the story's world, on a clock that jumps from one event to the next.
 *
 * Only records; `judge.ts` decides what was correct.
 */
import { events } from '../../src/commands/events.js';
import { Session } from '../../src/commands/session/session.js';
import { spawn } from '../../src/commands/spawn.js';
import { status } from '../../src/commands/status.js';
import { stop } from '../../src/commands/stop.js';
import { wait } from '../../src/commands/wait.js';
import type { Clock, Context } from '../../src/runtime/context.js';
import type { Backend } from '../../src/backends/backend.js';
import { startDeadline } from '../../src/runtime/deadline.js';
import { SilentDisplay, type Ending } from '../../src/display/display.js';
import { noSecrets } from '../../src/model/redactor.js';
import type { Goal, Input, RunState } from '../../src/model/reducer.js';
import { FakeClock } from '../support/clock.js';
import { fakeContext } from '../support/context.js';
import { memoryBackend } from './memory.js';
import { Random } from './random.js';
import type { Command, Frame, Story } from './story.js';
import { tellFrame } from './tell.js';
import { World } from './world.js';

/** Something that the user was shown. */
export type Shown =
  | { kind: 'frame'; at: number; frame: string; percent: number | null }
  | { kind: 'connection'; at: number; state: string; reason: string | null };

export interface Played {
  story: Story;
  world: World;
  /** Null if the command did not end. */
  ending: Ending | null;
  thrown: unknown;
  endedAt: number;
  shown: Shown[];
  /** Timers, streams and requests that were left open. */
  leaks: string[];
}

/** Maximum duration of a story, in milliseconds: anything still waiting then would wait for ever. */
const longest = 3_600_000;

export async function play(story: Story): Promise<Played> {
  const clock = new FakeClock();
  const ownClock = new CountingClock(clock);
  const world = new World(story, clock);
  const context = fakeContext({ clock: ownClock, random: new Random(story.seed ^ 0xc11e).unit });
  const run = runCommand(story, context, memoryBackend(world, story.who === 'direct'));
  const ended: Awaited<Run['finished']>[] = [];
  void run.finished.then((result) => ended.push(result));
  await settled();
  while (ended.length === 0 && clock.monotonic() < longest) {
    const { nextDue } = clock;
    if (nextDue === null) break;
    clock.advance(nextDue - clock.monotonic());
    await settled();
  }
  const endedAt = clock.monotonic();
  const [result] = ended;
  const { ending, thrown } = result ?? { ending: null, thrown: null };
  const leaks: string[] = [];
  if (result !== undefined && ownClock.pending > 0) leaks.push(`${ownClock.pending} timers`);
  if (result !== undefined && world.open > 0) leaks.push(`${world.open} streams or questions`);
  world.stop();
  return { story, world, ending, thrown, endedAt, shown: run.shown, leaks };
}

/** Everything that can happen without time passing has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export interface Run {
  shown: Shown[];
  finished: Promise<{ ending: Ending | null; thrown: unknown }>;
}

/** Starts the story's command; `finished` never rejects. */
export function runCommand(story: Story, context: Context, backend: Backend): Run {
  const display = new Recorder();
  const deadline = startDeadline(context.clock, story.timeout, context.signal);
  const session = new Session(
    {
      context,
      display,
      backend,
      freshBackend: () => Promise.resolve(backend),
      redactor: noSecrets,
      address: { controller: 'http://controller.test/nublado', hub: null, name: null },
      user: { name: 'rachel', given: story.who !== 'own' },
      demo: false,
      limits: { timeout: story.timeout, idleTimeout: 45_000 },
      deadline,
    },
    goalOf(story.command),
  );
  const finished = commandOf(story.command, session).then(
    (ending) => ({ ending, thrown: null }),
    (thrown: unknown) => ({ ending: null, thrown }),
  );
  return {
    shown: display.shown,
    finished: finished.then((result) => {
      session.close();
      deadline.cancel();
      return result;
    }),
  };
}

function goalOf({ name }: Command): Goal {
  return name === 'events' ? 'events' : name === 'stop' ? 'delete' : 'spawn';
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
        detach: false,
        onConflict: command.onConflict,
      });
    case 'wait':
      return wait(session, command.goal);
    case 'stop':
      return stop(session, { detach: false });
    case 'status':
      return status(session);
    case 'events':
      return events(session, { strict: false, follow: false, onBytes: null });
  }
}

/** Records what the user would have seen. */
class Recorder extends SilentDisplay {
  readonly shown: Shown[] = [];

  override show(state: RunState, input: Input): void {
    const { at } = input;
    if (input.kind === 'connection') {
      this.shown.push({ kind: 'connection', at, state: input.state, reason: input.reason });
    }
    const frame = frameOf(input);
    if (frame !== null) {
      this.shown.push({ kind: 'frame', at, frame: tellFrame(frame), percent: state.percent });
    }
  }
}

function frameOf(input: Input): Frame | null {
  if (input.kind === 'event') return { kind: 'event', ...input.event };
  if (input.kind !== 'skipped') return null;
  if (input.frame === null) return { kind: 'oversized' };
  return { kind: 'broken', name: input.frame.event, data: input.frame.data };
}

/** The program's view of the clock, which knows what the program has left waiting. */
class CountingClock implements Clock {
  readonly #clock: Clock;
  pending = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  now(): number {
    return this.#clock.now();
  }

  after(ms: number, callback: () => void): () => void {
    let waits = true;
    const done = (): void => {
      if (waits) this.pending -= 1;
      waits = false;
    };
    this.pending += 1;
    const cancel = this.#clock.after(ms, () => {
      done();
      callback();
    });
    return () => {
      done();
      cancel();
    };
  }
}
