/**
 * Plays many stories on a platform, and counts them, their incidents and outcomes.
 */
import type { Series } from '../figures.js';
import { judge } from './judge.js';
import { play, type Played } from './play.js';
import { generate } from './story.js';

export interface Figures {
  stories: number;
  incidents: Map<string, number>;
  outcomes: Map<string, number>;
  wrong: { seed: number; complaints: string[] }[];
}

export async function playSeries({ first, count, most }: Series): Promise<Figures> {
  const figures: Figures = { stories: 0, incidents: new Map(), outcomes: new Map(), wrong: [] };
  const add = (counts: Map<string, number>, name: string): void => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  for (let seed = first; seed < first + count && figures.wrong.length < most; seed++) {
    const played = await play(generate(seed));
    const complaints = judge(played);
    figures.stories += 1;
    add(figures.outcomes, played.ending?.outcome.kind ?? 'none');
    for (const { what } of played.story.incidents) add(figures.incidents, what);
    if (complaints.length > 0) figures.wrong.push({ seed, complaints });
  }
  return figures;
}

export function describe({ stories, incidents, outcomes, wrong }: Figures): string[] {
  const list = (counts: Map<string, number>): string =>
    [...counts].map(([name, times]) => `${name} ${times}`).join(', ');
  return [
    `disagreement stories: ${stories}, wrong: ${wrong.length}`,
    `incidents: ${list(incidents)}`,
    `outcomes: ${list(outcomes)}`,
  ];
}

/** Everything about one story. */
export async function explain(seed: number): Promise<string> {
  const played = await play(generate(seed));
  const complaints = judge(played);
  return [
    ...(complaints.length === 0 ? ['went right'] : complaints),
    `Replay it with: node --import tsx test/faults/disagree/main.ts ${seed}`,
    JSON.stringify(played.story),
    ...transcript(played),
  ].join('\n');
}

function transcript({ truth, shown, ending, endedAt }: Played): string[] {
  const moments = truth.moments.map(({ at, hub, controller, responds }) => ({
    at,
    line: `  = Hub ${hub ?? '-'}, controller ${controller ?? '-'}${responds ? ', responds' : ''}`,
  }));
  const events = shown.map(({ at, event }) => ({ at, line: `shows ${event.type} ${event.message}` }));
  const lines = [...moments, ...events].sort((a, b) => a.at - b.at);
  const { kind = 'never', message = '' } = ending?.outcome ?? {};
  return [...lines.map(({ at, line }) => `${at}  ${line}`), `${endedAt}  ends: ${kind}, ${message}`];
}
