import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { playSeriesApart } from '../apart.js';
import { describe as describeFigures, explain, playSeries, type Figures } from './figures.js';
import { befores, generate } from './story.js';

/** `SEED=7` plays that story only; `STORIES=100000 FIRST=1000000` plays others, and more of them. */
const seed = process.env['SEED'];
const first = Number(seed ?? process.env['FIRST'] ?? 1);
const count = seed === undefined ? Number(process.env['STORIES'] ?? 5_000) : 1;

describe('the commands on a platform whose two servers disagree', () => {
  it('end with the true outcome, and delete nothing without being asked', async (t) => {
    const figures = await playSeriesApart<Figures>('disagree/series.ts', { first, count, most: 10 });
    for (const line of describeFigures(figures)) t.diagnostic(line);
    const [wrong] = figures.wrong;
    if (wrong !== undefined) {
      const others = figures.wrong.map(({ seed: each }) => each).join(' ');
      assert.fail(`stories went wrong: ${others}\n${await explain(wrong.seed)}`);
    }
    assert.equal(figures.stories, count);
  });

  it('cover every kind of story', async () => {
    const seen = new Set<string>();
    for (let each = 1; each <= 300; each++) {
      const { command, before } = generate(each);
      seen.add(`${command.name} ${before}`);
    }
    const commands = ['spawn', 'wait', 'stop', 'status'];
    assert.deepEqual(
      [...seen].sort(),
      commands.flatMap((command) => befores.map((before) => `${command} ${before}`)).sort(),
    );
    const { outcomes, incidents } = await playSeriesApart<Figures>('disagree/series.ts', {
      first: 1,
      count: 500,
      most: 500,
    });
    const kinds = ['absent', 'complete', 'conflict', 'failed', 'not-found', 'pending', 'running', 'timeout'];
    assert.deepEqual([...outcomes.keys()].sort(), [...kinds, 'unauthorized']);
    assert.equal(incidents.size, 8);
  });

  it('come out the same when a story is played again', async () => {
    const series = { first, count: 50, most: 50 };
    assert.deepEqual(await playSeries(series), await playSeries(series));
  });
});
