/**
 * Plays a story on a platform: the real command, on a clock that jumps from one thing that falls due to the next. Only records;
 * judge.ts decides what was correct.
 */
import type { Backend } from '../../../src/backends/backend.js';
import { Session } from '../../../src/commands/session/session.js';
import { spawn } from '../../../src/commands/spawn.js';
import { status } from '../../../src/commands/status.js';
import { stop } from '../../../src/commands/stop.js';
import { wait } from '../../../src/commands/wait.js';
import { SilentDisplay, type Ending } from '../../../src/display/display.js';
import type { Event } from '../../../src/model/event.js';
import { noSecrets } from '../../../src/model/redactor.js';
import type { Input, RunState } from '../../../src/model/reducer.js';
import { startDeadline } from '../../../src/runtime/deadline.js';
import { FakeClock } from '../../support/clock.js';
import { fakeContext } from '../../support/context.js';
import { Random } from '../random.js';
import type { Command, PlatformStory } from './story.js';
import { Truth } from './truth.js';
import { platformOf, type Counts } from './world.js';

export interface Played {
  story: PlatformStory;
  truth: Truth;
  counts: Counts;
  /** Null if the command did not end. */
  ending: Ending | null;
  thrown: unknown;
  endedAt: number;
  shown: { at: number; event: Event; percent: number | null }[];
}

/** Anything that still waits this long after the deadline waits for ever, in milliseconds. */
const longest = 60_000;

export async function play(story: PlatformStory): Promise<Played> {
  const clock = new FakeClock();
  const truth = new Truth(story, clock);
  const counts: Counts = { hubStates: 0, controllerStates: 0, overOrphan: 0 };
  for (const incident of story.incidents) {
    clock.after(incident.at, () => {
      truth.happen(incident);
    });
  }
  const backend = platformOf(story, truth, clock, counts);
  const { shown, finished } = run(story, clock, backend);
  const ended: Awaited<typeof finished>[] = [];
  void finished.then((result) => ended.push(result));
  await settled();
  while (ended.length === 0 && clock.nextDue !== null && clock.monotonic() < story.timeout + longest) {
    clock.advance(clock.nextDue - clock.monotonic());
    await settled();
  }
  const endedAt = clock.monotonic();
  truth.close();
  const { ending, thrown } = ended[0] ?? { ending: null, thrown: null };
  return { story, truth, counts, ending, thrown, endedAt, shown };
}

/** Everything that can happen without time passing has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function run(story: PlatformStory, clock: FakeClock, backend: Backend) {
  const { command, timeout } = story;
  const context = fakeContext({ clock, random: new Random(story.seed ^ 0xc11e).unit });
  const deadline = startDeadline(clock, timeout, context.signal);
  const display = new Recorder();
  const session = new Session(
    {
      context,
      display,
      backend,
      freshBackend: () => Promise.resolve(backend),
      redactor: noSecrets,
      address: { controller: 'https://hub.test/nublado', hub: 'https://hub.test/nb/', name: '' },
      user: { name: null, given: false },
      demo: false,
      limits: { timeout, idleTimeout: 45_000 },
      deadline,
    },
    command.name === 'stop' ? 'delete' : 'spawn',
  );
  const finished = commandOf(command, session)
    .then(
      (ending) => ({ ending, thrown: null }),
      (thrown: unknown) => ({ ending: null, thrown }),
    )
    .then((result) => {
      session.close();
      deadline.cancel();
      return result;
    });
  return { shown: display.shown, finished };
}

function commandOf(command: Command, session: Session): Promise<Ending> {
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
  }
}

/** Records the events that the user would have seen, and the bar. */
class Recorder extends SilentDisplay {
  readonly shown: Played['shown'] = [];

  override show(state: RunState, input: Input): void {
    if (input.kind === 'event') this.shown.push({ at: input.at, event: input.event, percent: state.percent });
  }
}
