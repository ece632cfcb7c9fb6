/**
 * Plays a story on a platform whose two servers disagree: the real command, on a clock that jumps from one thing that falls due to
 * the next. Only records; judge.ts decides what was correct.
 */
import { FakeClock } from '../../support/clock.js';
import { runCommand, type Run } from '../hub/play.js';
import type { PlatformStory } from './story.js';
import { Truth } from './truth.js';
import { platformOf, type Counts } from './world.js';

export interface Played extends Run {
  story: PlatformStory;
  truth: Truth;
  counts: Counts;
}

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
  const run = await runCommand(story, {
    clock,
    createBackend: () => backend,
    address: { controller: 'https://hub.test/nublado', hub: 'https://hub.test/nb/', name: '' },
    sample: () => undefined,
  });
  truth.close();
  return { ...run, story, truth, counts };
}
