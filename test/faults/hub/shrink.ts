/**
 * Makes a story at a Hub that went wrong smaller, as long as it goes wrong in the same way.
 */
import { judge } from './judge.js';
import { play } from './play.js';
import { routes, type HubStory, type SpawnPlan } from './story.js';

/** Maximum number of stories played in search of a smaller one. */
const patience = 200;

export async function shrink(story: HubStory): Promise<HubStory> {
  const complaint = await complaintOf(story);
  let smallest = story;
  let left = patience;
  for (let changed = true; changed && complaint !== null;) {
    changed = false;
    for (const smaller of smallerThan(smallest)) {
      if (left-- <= 0) return smallest;
      if ((await complaintOf(smaller)) === complaint) {
        smallest = smaller;
        changed = true;
        break;
      }
    }
  }
  return smallest;
}

/** The first failure, without its numbers; null if nothing failed. */
async function complaintOf(story: HubStory): Promise<string | null> {
  const [first] = judge(await play(story));
  return first?.replace(/\d+/g, '').slice(0, 60) ?? null;
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
