/**
 * The effect of a scenario on one server: its state before the first request, and the story that a spawn plays.
 *
 * Owns the choice. The scenarios belong to scenarios.ts, the stories of the scripted Spawner to stories.ts.
 */
import type { HubFaults } from './faults.js';
import { platformStory } from './platform-stories.js';
import { findHubScenario, type HubScenario } from './scenarios.js';
import type { Server } from './server.js';
import { findStory, type StoryOptions } from './stories.js';
import { plain, type SpawnStory } from './story.js';

/** What a Spawner does with a user's server that has these options. */
export type Spawner = (options: unknown, user: string) => SpawnStory;

/** Chooses the story of a spawn: the one in its options, otherwise the next one. */
export function chooser(
  next: () => SpawnStory,
  faults: HubFaults,
  { platform, jupyterLab, spawner }: { platform: boolean; jupyterLab: boolean; spawner: Spawner | null },
): Spawner {
  return (options, user) => {
    if (spawner) return spawner(options, user);
    if (platform) {
      const orphan = faults.orphans > 0;
      if (orphan) faults.orphans -= 1;
      return platformStory(options, user, orphan);
    }
    const story = chosenStory(options) ?? next();
    return story.server === 'jupyter' && jupyterLab ? { ...story, server: 'jupyterlab' } : story;
  };
}

/** The story that a server's options choose; undefined if they choose none. */
function chosenStory(options: unknown): SpawnStory | undefined {
  if (typeof options !== 'object' || options === null) return undefined;
  const { story, scenario, ...rest } = options as StoryOptions & { story?: unknown; scenario?: unknown };
  if (typeof scenario === 'string') return findHubScenario(scenario)?.spawn;
  return findStory(story, rest);
}

const stopping: SpawnStory = { startMs: 0, progress: plain, stopMs: 6000 };
const failed: SpawnStory = {
  startMs: 0,
  failure: { kind: 'exception', text: 'the failure of another spawn' },
  progress: plain,
};

/** Sets up the server's initial state, if the scenario has one. */
export function standing({ before, spawn }: HubScenario, server: Server | undefined): void {
  if (!server || before === undefined) return;
  switch (before) {
    case 'pending':
      server.start(spawn, {});
      return;
    case 'failed':
      server.start(failed, {});
      return;
    case 'stopping':
      server.start(stopping, {});
      server.stop(0, () => undefined);
      return;
    case 'running':
    case 'dead':
      server.start({ startMs: 0, progress: plain }, {});
      if (before === 'dead') server.kill();
  }
}
