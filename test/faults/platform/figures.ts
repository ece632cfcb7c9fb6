/**
 * Plays many stories at a platform, and counts stories, faults, outcomes and failures.
 */
import type { Figures, Series } from '../figures.js';
import { add, transcriptOf } from '../hub/figures.js';
import { generate } from './generate.js';
import { judge } from './judge.js';
import { play, type Played } from './play.js';
import { shrink } from './shrink.js';

export async function playSeries({ first, count, most }: Series): Promise<Figures> {
  const figures: Figures = { stories: 0, faults: new Map(), outcomes: new Map(), wrong: [] };
  for (let seed = first; seed < first + count && figures.wrong.length < most; seed++) {
    const played = await play(generate(seed));
    const complaints = judge(played);
    figures.stories += 1;
    add(figures.outcomes, played.ending?.outcome.kind ?? 'none', 1);
    for (const [fault, times] of played.network.faults) add(figures.faults, fault, times);
    if (complaints.length > 0) figures.wrong.push({ seed, complaints });
  }
  return figures;
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
    `Replay it with: node --import tsx test/faults/platform/main.ts ${seed}`,
    tell(story),
    'Made smaller:',
    tell(smaller),
    ...judge(again),
    ...transcript(again),
  ].join('\n');
}

function tell(story: Played['story']): string {
  return Object.entries(story)
    .map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`)
    .join('\n');
}

function transcript(played: Played): string[] {
  const truth = played.truth.moments.map(({ at, ...moment }) => {
    const { listed, hubIsUp, status, told, operation, responds, failure } = moment;
    const words = [
      `Hub ${hubIsUp ? (listed ?? 'nothing') : 'down'}`,
      `controller ${status ?? 'nothing'}`,
      told === status ? '' : `says ${told ?? 'nothing'}`,
      operation ?? '',
      responds ? 'responds' : '',
      failure === null ? '' : `failed: ${failure}`,
    ];
    return { at, line: `    = ${words.filter((word) => word !== '').join(', ')}` };
  });
  return transcriptOf(played, truth);
}
