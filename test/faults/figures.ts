/**
 * Plays many stories and counts stories, faults, outcomes and failures.
 */
import { generate } from './generate.js';
import { judge } from './judge.js';
import { play, type Played } from './play.js';
import { shrink } from './shrink.js';
import { tell } from './tell.js';

export interface Figures {
  stories: number;
  faults: Map<string, number>;
  outcomes: Map<string, number>;
  wrong: { seed: number; complaints: string[] }[];
}

export interface Series {
  first: number;
  count: number;
  /** Ends the series after this number of failed stories. */
  most: number;
}

export async function playSeries({ first, count, most }: Series): Promise<Figures> {
  const figures: Figures = { stories: 0, faults: new Map(), outcomes: new Map(), wrong: [] };
  for (let seed = first; seed < first + count && figures.wrong.length < most; seed++) {
    const played = await play(generate(seed));
    const complaints = judge(played);
    record(figures, played);
    if (complaints.length > 0) figures.wrong.push({ seed, complaints });
  }
  return figures;
}

export function record(figures: Figures, { ending, world, story }: Played): void {
  figures.stories += 1;
  add(figures.outcomes, ending?.outcome.kind ?? 'none', 1);
  for (const [fault, times] of world.faults) add(figures.faults, fault, times);
  if (story.wire.slicing !== 'frames') add(figures.faults, 'sliced', 1);
}

function add(counts: Map<string, number>, name: string, times: number): void {
  counts.set(name, (counts.get(name) ?? 0) + times);
}

export function describe({ stories, faults, outcomes, wrong }: Figures): string[] {
  const list = (counts: Map<string, number>): string =>
    [...counts]
      .sort(([, a], [, b]) => b - a)
      .map(([name, times]) => `${name} ${times}`)
      .join(', ');
  const total = [...faults.values()].reduce((sum, times) => sum + times, 0);
  return [
    `stories: ${stories}, wrong: ${wrong.length}`,
    `faults: ${total} (${list(faults)})`,
    `outcomes: ${list(outcomes)}`,
  ];
}

/** Everything about one story: as composed, and reduced as far as it still fails in the same way. */
export async function explain(seed: number): Promise<string> {
  const story = generate(seed);
  const played = await play(story);
  const complaints = judge(played);
  if (complaints.length === 0) return [tell(story), 'went right', ...transcript(played)].join('\n');
  const smaller = await shrink(story);
  const again = await play(smaller);
  return [
    ...complaints,
    `Replay it with: node --import tsx test/faults/main.ts ${seed}`,
    tell(story),
    'Made smaller:',
    tell(smaller),
    ...judge(again),
    ...transcript(again),
  ].join('\n');
}

/** What the client requested and showed, by time. */
function transcript({ world, shown, ending, endedAt }: Played): string[] {
  const asked = world.log.told.map(({ at, route, status, none, lab }) => ({
    at,
    line: `${route} → ${status ?? none ?? ''}${lab === undefined ? '' : `, lab ${lab ?? 'none'}`}`,
  }));
  const seen = shown.map((each) => ({
    at: each.at,
    line:
      each.kind === 'frame'
        ? `  shows ${each.frame}`
        : `  ${each.state}${each.reason === null ? '' : `: ${each.reason}`}`,
  }));
  const lines = [...asked, ...seen].sort((a, b) => a.at - b.at);
  const end = `${Math.round(endedAt)}  ends: ${ending?.outcome.kind ?? 'never'}, ${ending?.outcome.message ?? ''}`;
  return [...lines.map(({ at, line }) => `${Math.round(at)}  ${line}`), end];
}
