/**
 * How a story at a platform is made smaller. The search is in `smallest.ts`.
 */
import { smallest } from '../smallest.js';
import { judge } from './judge.js';
import { play } from './play.js';
import { routes, type PlatformStory } from './story.js';

export function shrink(story: PlatformStory): Promise<PlatformStory> {
  const complaintsOf = async (each: PlatformStory): Promise<string[]> => judge(await play(each));
  return smallest(story, { complaintsOf, smallerThan, patience: 200, compared: 60 });
}

function* smallerThan(story: PlatformStory): Generator<PlatformStory> {
  for (const [index] of story.incidents.entries())
    yield { ...story, incidents: story.incidents.toSpliced(index, 1) };
  if (story.windows.length > 0) yield { ...story, windows: [] };
  if (story.streams.hub.length > 0) yield { ...story, streams: { ...story.streams, hub: [] } };
  if (story.streams.controller.length > 0) yield { ...story, streams: { ...story.streams, controller: [] } };
  for (const route of routes) {
    const list = story.troubles[route] ?? [];
    if (list.length > 0) yield { ...story, troubles: { ...story.troubles, [route]: [] } };
    if (list.length > 1) yield { ...story, troubles: { ...story.troubles, [route]: list.slice(0, -1) } };
  }
  if (story.latency > 0) yield { ...story, latency: 0 };
  if (story.lag > 0) yield { ...story, lag: 0 };
  if (story.oldQueue !== 'none') yield { ...story, oldQueue: 'none' };
  const [first, ...more] = story.spawns;
  if (more.length > 0) yield { ...story, spawns: [first] };
}
