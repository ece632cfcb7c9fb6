/**
 * How a story at a Hub is made smaller. The search is in `smallest.ts`.
 */
import { judge } from './judge.js';
import { play } from './play.js';
import { smallest } from '../smallest.js';
import { routes, type HubStory, type SpawnPlan } from './story.js';

export function shrink(story: HubStory): Promise<HubStory> {
  const complaintsOf = async (each: HubStory): Promise<string[]> => judge(await play(each));
  return smallest(story, { complaintsOf, smallerThan, patience: 200, compared: 60 });
}

function* smallerThan(story: HubStory): Generator<HubStory> {
  if (story.interference.length > 0) yield { ...story, interference: [] };
  if (story.windows.length > 0) yield { ...story, windows: [] };
  if (story.streams.length > 0) yield { ...story, streams: [] };
  for (const route of routes) {
    const list = story.troubles[route] ?? [];
    if (list.length > 0) yield { ...story, troubles: { ...story.troubles, [route]: [] } };
    if (list.length > 1) yield { ...story, troubles: { ...story.troubles, [route]: list.slice(0, -1) } };
  }
  if (story.full.length > 0) yield { ...story, full: story.full.slice(1) };
  if (story.latency > 0) yield { ...story, latency: 0 };
  if (story.server !== '') yield { ...story, server: '', defaultRuns: false };
  if (story.defaultRuns) yield { ...story, defaultRuns: false };
  const [first, ...more] = story.spawns;
  if (more.length > 0) yield { ...story, spawns: [first] };
  for (const plan of smallerPlans(first)) yield { ...story, spawns: [plan, ...more] };
  for (const plan of smallerPlans(story.earlier.plan))
    yield { ...story, earlier: { ...story.earlier, plan } };
}

function* smallerPlans(plan: SpawnPlan): Generator<SpawnPlan> {
  const { progress } = plan;
  if (progress.steps.length > 0) yield { ...plan, progress: { ...progress, steps: [] } };
  if (progress.kind === 'burst') yield { ...plan, progress: { ...progress, kind: 'each' } };
  for (const [index] of progress.steps.entries()) {
    yield { ...plan, progress: { ...progress, steps: progress.steps.toSpliced(index, 1) } };
  }
  const { startMs, progress: kept, ...rest } = plan;
  for (const key of Object.keys(rest)) {
    const less = Object.fromEntries(Object.entries(rest).filter(([name]) => name !== key));
    yield { startMs, progress: kept, ...less };
  }
}
