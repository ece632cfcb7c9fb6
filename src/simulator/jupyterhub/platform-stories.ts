/**
 * The stories of the Spawner that delegates its servers to a lab controller: the option `image_tag` chooses one.
 *
 * Owns the events that its clients receive: the controller's, prefixed with their type, and none between the beginning
 * and the end of start(). After a restart of the Hub, this Spawner finds its servers again.
 */
import type { Failure, SpawnStory } from './story.js';

type Said = readonly [progress: number, message: string];

/** The controller's first events about a lab, with their progress. */
const beginning = (user: string): readonly Said[] => [
  [1, `[info] Starting lab creation for ${user}`],
  [30, '[info] Created Kubernetes objects for user lab'],
  [35, `[info] Successfully assigned nublado-${user}/${user}-nb to node1`],
  [48, '[info] Pulling image "lab:w_2026_47"\nsecond line \u001b[31mred\u001b[0m'],
  [57, '[info] Container image pulled'],
];
const started = (user: string): Said => [75, `[info] Lab Kubernetes pod started for ${user}`];
const orphaned: Said = [1, '[warning] Deleting existing orphaned lab'];

/** The time before the controller's first event. */
const firstMs = 330;

function story(events: readonly Said[], gapMs: number, more: Partial<SpawnStory> = {}): SpawnStory {
  const timed = events.map(
    ([progress, message], index) => [firstMs + index * gapMs, { progress, message }] as const,
  );
  return {
    startMs: firstMs + (events.length - 1) * gapMs,
    progress: { kind: 'burst', events: timed },
    listenMs: 100,
    stopMs: 500,
    adopted: true,
    stateless: true,
    ...more,
  };
}

const failure: Failure = { kind: 'exception', text: 'Lab spawn failed' };

/** `orphan`: the controller already has a lab that is unknown to the Hub. */
export function platformStory(options: unknown, user: string, orphan: boolean): SpawnStory {
  const { image_tag: tag } = (options ?? {}) as { image_tag?: unknown };
  const events = beginning(user);
  const all = [...(orphan ? [orphaned] : []), ...events, started(user)];
  switch (tag) {
    case 'slow':
      return story(all, 2160);
    case 'late':
      return story(all, 330, { listenMs: 5500 });
    case 'hang':
      return story(events, 330, { startMs: null });
    case 'fail': {
      const errors: Said[] = [
        [57, '[error] Pod creation failed: quota exceeded <b>x</b>'],
        [57, '[error] Lab spawn failed'],
      ];
      return story([...events, ...errors], 270, { failure });
    }
    default:
      return story(all, 330);
  }
}
