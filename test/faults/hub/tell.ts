/**
 * Describes a story at a Hub in words, for finding out why it failed.
 */
import type { HubStory } from './story.js';

export function tell(story: HubStory): string {
  const { seed, version, server, command, timeout, before, earlier, spawns } = story;
  const lines = [
    `story ${seed}: JupyterHub ${version}, server "${server}", ${JSON.stringify(command)}, timeout ${timeout}`,
    `  before: ${before}, since ${earlier.since}${story.defaultRuns ? ', and the default server runs' : ''}`,
  ];
  if (before === 'pending') lines.push(`  earlier spawn: ${JSON.stringify(earlier.plan)}`);
  if (command.name === 'spawn') for (const plan of spawns) lines.push(`  spawn: ${JSON.stringify(plan)}`);
  if (story.isBlind) lines.push('  the token may not read servers');
  if (story.full.length > 0) lines.push(`  full: ${JSON.stringify(story.full)}`);
  for (const each of story.interference) lines.push(`  interference: ${JSON.stringify(each)}`);
  for (const [route, list] of Object.entries(story.troubles))
    lines.push(`  ${route}: ${JSON.stringify(list)}`);
  for (const window of story.windows) lines.push(`  window: ${JSON.stringify(window)}`);
  if (story.streams.length > 0) lines.push(`  streams: ${JSON.stringify(story.streams)}`);
  lines.push(`  latency ${story.latency}`);
  return lines.join('\n');
}
