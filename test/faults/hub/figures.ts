/**
 * Plays many stories at a Hub, and counts stories, faults, outcomes and failures.
 */
import { responds } from './record.js';
import { generate } from './generate.js';
import { judge } from './judge.js';
import type { Exchange } from './network.js';
import { play, type Played, type Run } from './play.js';
import { shrink } from './shrink.js';
import { tell } from './tell.js';
import type { Series } from '../figures.js';

export interface Figures {
  stories: number;
  faults: Map<string, number>;
  outcomes: Map<string, number>;
  wrong: { seed: number; complaints: string[] }[];
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

function record(figures: Figures, played: Played): void {
  const { faults, outcomes } = figures;
  figures.stories += 1;
  add(outcomes, played.ending?.outcome.kind ?? 'none', 1);
  for (const [fault, times] of played.network.faults) add(faults, fault, times);
  for (const { what } of played.story.interference) add(faults, what, 1);
  const isDead = played.record.moments.some((moment) => moment.ready && !responds(moment));
  if (isDead) add(faults, 'ready but dead', 1);
}

export function add(counts: Map<string, number>, name: string, times: number): void {
  counts.set(name, (counts.get(name) ?? 0) + times);
}

export function describe({ stories, faults, outcomes, wrong }: Figures): string[] {
  const list = (counts: Map<string, number>): string =>
    [...counts]
      .sort(([, a], [, b]) => b - a)
      .map(([name, times]) => `${name} ${times}`)
      .join(', ');
  return [
    `hub stories: ${stories}, wrong: ${wrong.length}`,
    `faults: ${list(faults)}`,
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
    `Replay it with: node --import tsx test/faults/hub/main.ts ${seed}`,
    tell(story),
    'Made smaller:',
    tell(smaller),
    ...judge(again),
    ...transcript(again),
  ].join('\n');
}

/** What really happened, what the client requested, and what it showed, by time. */
function transcript(played: Played): string[] {
  const truth = played.record.moments.map((moment) => {
    const { at, pending, ready, isAlive, hubIsUp } = moment;
    const words = [
      pending ?? (ready ? 'ready' : 'absent'),
      isAlive ? 'alive' : 'not alive',
      responds(moment) ? 'responds' : '',
      hubIsUp ? '' : 'Hub down',
    ];
    return { at, line: `    = ${words.filter((word) => word !== '').join(', ')}` };
  });
  return transcriptOf(played, truth);
}

interface Told extends Run {
  network: {
    exchanges: readonly (Pick<Exchange, 'sentAt' | 'answeredAt' | 'status' | 'trouble'> & {
      route: string;
    })[];
  };
  begunAt: number;
}

export function transcriptOf(
  { network, shown, ending, begunAt, endedAt }: Told,
  truth: readonly { at: number; line: string }[],
): string[] {
  const asked = network.exchanges.map(({ sentAt, route, answeredAt, status, trouble }) => ({
    at: sentAt,
    line: `${route} → ${status ?? 'nothing'}${answeredAt === null ? '' : ` at ${answeredAt - begunAt}`}${trouble === null ? '' : ` (${trouble})`}`,
  }));
  const seen = shown.map(({ at, event }) => ({ at, line: `  shows ${event.type} ${event.message}` }));
  const lines = [...truth, ...asked, ...seen].sort((a, b) => a.at - b.at);
  const end = `${Math.round(endedAt - begunAt)}  ends: ${ending?.outcome.kind ?? 'never'}, ${ending?.outcome.message ?? ''}`;
  return [...lines.map(({ at, line }) => `${Math.round(at - begunAt)}  ${line}`), end];
}
