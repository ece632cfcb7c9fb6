/**
 * How a story at a controller is made smaller. The search is in `smallest.ts`.
 */
import { judge } from './judge.js';
import { play } from './play.js';
import { smallest } from './smallest.js';
import type { Route, Story } from './story.js';

export function shrink(story: Story): Promise<Story> {
  const complaintsOf = async (each: Story): Promise<string[]> => judge(await play(each));
  return smallest(story, { complaintsOf, smallerThan, patience: 300, compared: 40 });
}

function* smallerThan(story: Story): Generator<Story> {
  for (const route of Object.keys(story.troubles) as Route[]) {
    for (const list of calmer(story.troubles[route])) {
      yield { ...story, troubles: { ...story.troubles, [route]: list } };
    }
  }
  for (const windows of shorter(story.windows)) yield { ...story, windows };
  for (const streams of calmer(story.streams)) yield { ...story, streams };
  for (const restarts of shorter(story.interference.restarts)) {
    yield { ...story, interference: { ...story.interference, restarts } };
  }
  const { wire, spawns } = story;
  if (wire.slicing !== 'frames') yield { ...story, wire: { ...wire, slicing: 'frames' } };
  if (wire.latency > 0) yield { ...story, wire: { ...wire, latency: 0 } };
  if (wire.slowCreate > 0) yield { ...story, wire: { ...wire, slowCreate: 0 } };
  if (wire.utf8) yield { ...story, wire: { ...wire, utf8: false } };
  const [first, ...more] = spawns;
  if (more.length > 0) yield { ...story, spawns: [first] };
  for (const [index, { status }] of first.entries()) {
    // The truth depends on a step that changes the status.
    if (status === undefined) yield { ...story, spawns: [first.toSpliced(index, 1)] };
  }
}

/** The list with each of its entries left out. */
function* shorter<T>(list: readonly T[]): Generator<T[]> {
  for (const index of list.keys()) yield list.toSpliced(index, 1);
}

/** The list without its end, and with nothing in the place of each entry. */
function* calmer<T>(list: readonly (T | null)[]): Generator<(T | null)[]> {
  if (list.length > 0) yield list.slice(0, -1);
  for (const [index, entry] of list.entries()) if (entry !== null) yield list.with(index, null);
}
