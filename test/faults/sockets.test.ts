import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Agent } from 'undici';
import { createNublado } from '../../src/backends/nublado/backend.js';
import { noSecrets } from '../../src/model/redactor.js';
import { FakeClock } from '../support/clock.js';
import { fakeContext } from '../support/context.js';
import { describe as describeFigures, record, type Figures } from './figures.js';
import { generate } from './generate.js';
import { judge } from './judge.js';
import { play, runCommand, type Played } from './play.js';
import { serve } from './sockets.js';
import type { Story } from './story.js';
import { tell } from './tell.js';
import { World } from './world.js';

/** So many times faster than the stories were written. */
const speed = 60;
const stories = 300;
/** So many at once: most of the time they wait. */
const atOnce = 16;
/** Only stories that are over so soon, in the story's milliseconds. */
const longest = 60_000;

/** Time after which a never-reached controller is given up (`src/runtime/retry.ts`), in the story's milliseconds. */
const patience = 5_000;
/** Tolerated delay on a busy machine: a sixth of a second. */
const lateness = 10_000;

/** Maximum real milliseconds by which a story's time advances between two turns of the event loop. */
const longestTurn = 4;

/**
 * Moves the stories' clocks with real time, `speed` times as fast. Where the machine is too busy to run this process, the
 * stories take longer instead of missing their own moments: client and server share one clock.
 */
function startPacing(): { clocks: Set<FakeClock>; stop: () => void } {
  const clocks = new Set<FakeClock>();
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const ms = Math.min(now - last, longestTurn) * speed;
    last = now;
    for (const clock of clocks) clock.advance(ms);
  }, 1);
  return {
    clocks,
    stop: () => {
      clearInterval(timer);
    },
  };
}

/** Whether real sockets can play it: they cannot refuse one request only, and do not keep the order within a moment. */
function isTellable(story: Story, played: Played): boolean {
  const { endedAt, ending } = played;
  const troubles = [...Object.values(story.troubles).flat(), ...story.windows.map(({ trouble }) => trouble)];
  const refused = troubles.some((trouble) => trouble?.kind === 'refused' || trouble?.kind === 'stranger');
  const late = troubles.some(
    (trouble) => trouble !== null && 'effect' in trouble && (trouble.effect ?? 0) > 0,
  );
  const timed =
    story.truth.within !== null || ending?.outcome.kind === 'timeout' || story.wire.slowCreate > 0 || late;
  const { command, before, interference } = story;
  // These depend on the order of arrival, and a busy machine may be late.
  const racing =
    interference.deletedAt !== null ||
    interference.reconciledAt !== null ||
    interference.expiresAt !== null ||
    interference.restarts.some(({ forgets }) => forgets) ||
    command.name === 'status' ||
    isMetLate(played) ||
    (before.underWay !== null && (command.name === 'stop' || command.name === 'spawn'));
  return !refused && !timed && !racing && endedAt <= longest;
}

/** Whether the controller is first reached so shortly before it stops that it may count as never reached. */
function isMetLate({ story, world }: Played): boolean {
  const met = world.log.told.find(({ status }) => status !== null && status < 400)?.at ?? Infinity;
  return story.interference.restarts.some(({ at, down }) => down > patience && at < met + lateness);
}

async function playOverSockets(story: Story, clock: FakeClock): Promise<Played> {
  const world = new World(story, clock);
  await using server = await serve(world);
  const agent = new Agent();
  const backend = createNublado({
    base: new URL(`${server.origin}/nublado`),
    credentials: { kind: 'bearer', token: 'gt-story' },
    dispatcher: agent,
    clock,
    redact: noSecrets.redact,
  });
  const run = runCommand(story, fakeContext({ clock, random: Math.random }), backend);
  const { ending, thrown } = await run.finished.finally(() => {
    world.stop();
    return agent.destroy();
  });
  return { story, world, ending, thrown, endedAt: clock.monotonic(), shown: run.shown, leaks: [] };
}

/** The first stories that sockets can play and that pass in memory, where the judge is stricter. */
async function choose(): Promise<Story[]> {
  const chosen: Story[] = [];
  for (let seed = 1; chosen.length < stories; seed++) {
    const story = generate(seed);
    if (isTellable(story, await play(story))) chosen.push(story);
  }
  return chosen;
}

describe('the commands on a bad network of real sockets', () => {
  it('end with the true outcome and show every event once', async (t) => {
    const queue = await choose();
    const figures: Figures = { stories: 0, faults: new Map(), outcomes: new Map(), wrong: [] };
    const played: Played[] = [];
    const pacing = startPacing();
    t.after(pacing.stop);
    const worker = async (): Promise<void> => {
      for (let story = queue.shift(); story !== undefined; story = queue.shift()) {
        const clock = new FakeClock();
        pacing.clocks.add(clock);
        played.push(await playOverSockets(story, clock));
        pacing.clocks.delete(clock);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    const complaints: string[] = [];
    for (const each of played) {
      record(figures, each);
      const wrong = judge(each, 'sockets');
      if (wrong.length > 0) {
        figures.wrong.push({ seed: each.story.seed, complaints: wrong });
        complaints.push([...wrong, tell(each.story)].join('\n'));
      }
    }
    for (const line of describeFigures(figures)) t.diagnostic(line);
    assert.deepEqual(complaints, []);
    assert.equal(figures.stories, stories);
  });
});
