import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { playSeriesApart } from './apart.js';
import { describe as describeFigures, explain, playSeries, type Figures } from './figures.js';
import { generate } from './generate.js';

/** `SEED=7` plays that story only; `STORIES=100000 FIRST=1000000` plays others, and more of them. */
const seed = process.env['SEED'];
const first = Number(seed ?? process.env['FIRST'] ?? 1);
const count = seed === undefined ? Number(process.env['STORIES'] ?? 10_000) : 1;

describe('the commands on a bad network', () => {
  it('end with the true outcome, show every event once, and leak nothing', async (t) => {
    const figures = await playSeriesApart<Figures>('series.ts', { first, count, most: 10 });
    for (const line of describeFigures(figures)) t.diagnostic(line);
    const [wrong] = figures.wrong;
    if (wrong !== undefined) {
      const others = figures.wrong.map(({ seed: each }) => each).join(' ');
      assert.fail(`stories went wrong: ${others}\n${await explain(wrong.seed)}`);
    }
    assert.equal(figures.stories, count);
  });

  it('cover every kind of story', () => {
    const commands = new Set<string>();
    const truths = new Set<string>();
    for (let each = 1; each <= 1000; each++) {
      const { command, truth } = generate(each);
      commands.add(command.name);
      for (const outcome of truth.outcomes) truths.add(outcome);
    }
    assert.deepEqual([...commands].sort(), ['events', 'spawn', 'status', 'stop', 'wait']);
    const expected = ['absent', 'complete', 'conflict', 'failed', 'not-found', 'ok', 'pending', 'running'];
    assert.deepEqual([...truths].sort(), [...expected, 'timeout', 'unauthorized', 'unknown']);
  });

  it('come out the same when a story is played again', async () => {
    const [once, again] = [
      await playSeries({ first, count: 50, most: 50 }),
      await playSeries({ first, count: 50, most: 50 }),
    ];
    assert.deepEqual(again, once);
  });
});
