/**
 * Describes a story in words, for finding out why it failed.
 */
import type { Frame, Operation, Story } from './story.js';

/** The story for a reader: one line for each unusual thing. */
export function tell(story: Story): string {
  const lines = [
    `story ${story.seed}: ${JSON.stringify(story.command)} of ${story.who}, timeout ${story.timeout ?? 'none'}`,
    `  must end as ${story.truth.outcomes.join(' or ')}: ${story.truth.why}`,
    `  before: ${JSON.stringify(story.before.status)}, pod ${story.before.pod}`,
    `  queue before: ${story.before.queue === null ? 'none' : story.before.queue.map(tellFrame).join(', ')}${story.before.open ? ', open' : ''}`,
  ];
  const { underWay } = story.before;
  if (underWay !== null) lines.push(`  under way, ${underWay.kind}: ${tellOperation(underWay.operation)}`);
  if (story.command.name === 'spawn') {
    for (const operation of story.spawns) lines.push(`  spawn: ${tellOperation(operation)}`);
  }
  lines.push(`  resumed: ${tellOperation(story.resumed)}`);
  lines.push(`  deletion: ${tellOperation(story.deletion)}`);
  lines.push(`  interference: ${JSON.stringify(story.interference)}`);
  for (const [route, troubles] of Object.entries(story.troubles)) {
    if (troubles.some((trouble) => trouble !== null)) lines.push(`  ${route}: ${JSON.stringify(troubles)}`);
  }
  for (const window of story.windows) lines.push(`  window: ${JSON.stringify(window)}`);
  if (story.streams.length > 0 || story.laterStreams !== null) {
    lines.push(`  streams: ${JSON.stringify(story.streams)}, then ${JSON.stringify(story.laterStreams)}`);
  }
  lines.push(`  wire: ${JSON.stringify(story.wire)}`);
  return lines.join('\n');
}

function tellOperation(operation: Operation): string {
  return operation
    .map(({ after, frame, status, pod }) =>
      [
        `+${after}`,
        frame === null ? '' : tellFrame(frame),
        status === undefined ? '' : `→ ${status}`,
        pod === undefined ? '' : `(pod ${pod})`,
      ]
        .filter((part) => part !== '')
        .join(' '),
    )
    .join(', ');
}

export function tellFrame(frame: Frame): string {
  switch (frame.kind) {
    case 'event':
      return `${frame.type}(${frame.progress ?? ''}) ${JSON.stringify(frame.message)}`;
    case 'broken':
      return `broken ${frame.name ?? ''} ${JSON.stringify(frame.data)}`;
    case 'oversized':
      return 'oversized';
  }
}
