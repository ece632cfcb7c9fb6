import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { playSeriesApart } from '../apart.js';
import { describe as describeFigures, type Figures } from '../figures.js';
import { explain, playSeries } from './figures.js';
import { generate } from './generate.js';

/** `SEED=7` plays that story only; `STORIES=100000 FIRST=1000000` plays others, and more of them. */
const seed = process.env['SEED'];
const first = Number(seed ?? process.env['FIRST'] ?? 1);
const count = seed === undefined ? Number(process.env['STORIES'] ?? 5_000) : 1;

describe('the commands at a platform on a bad network', () => {
  it('end with the true outcome, and delete nothing that nobody asked to delete', async (t) => {
    const figures = await playSeriesApart<Figures>('platform/series.ts', { first, count, most: 10 });
    for (const line of describeFigures(figures)) t.diagnostic(line);
    const [wrong] = figures.wrong;
    if (wrong !== undefined) {
      const others = figures.wrong.map(({ seed: each }) => each).join(' ');
      assert.fail(`stories went wrong: ${others}\n${await explain(wrong.seed)}`);
    }
    assert.equal(figures.stories, count);
  });

  it('cover every kind of story', () => {
    const befores = new Set<string>();
    const incidents = new Set<string>();
    for (let each = 1; each <= 500; each++) {
      const story = generate(each);
      befores.add(`${story.command.name} ${story.before}`);
      for (const { what } of story.incidents) incidents.add(what);
    }
    assert.equal(befores.size, 4 * 10);
    assert.equal(incidents.size, 5);
  });

  it('come out the same when a story is played again', async () => {
    const series = { first, count: 50, most: 50 };
    const once = await playSeries(series);
    assert.deepEqual(await playSeries(series), once);
  });
});
