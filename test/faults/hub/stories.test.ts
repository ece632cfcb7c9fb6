import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { playSeriesApart } from '../apart.js';
import { describe as describeFigures, explain, playSeries, type Figures } from './figures.js';
import { generate } from './generate.js';

/** `SEED=7` plays that story only; `STORIES=100000 FIRST=1000000` plays others, and more of them. */
const seed = process.env['SEED'];
const first = Number(seed ?? process.env['FIRST'] ?? 1);
const count = seed === undefined ? Number(process.env['STORIES'] ?? 5_000) : 1;

describe('the commands at a Hub on a bad network', () => {
  it('end with the true outcome, and start and stop nothing twice', async (t) => {
    const figures = await playSeriesApart<Figures>('hub/series.ts', { first, count, most: 10 });
    for (const line of describeFigures(figures)) t.diagnostic(line);
    const [wrong] = figures.wrong;
    if (wrong !== undefined) {
      const others = figures.wrong.map(({ seed: each }) => each).join(' ');
      assert.fail(`stories went wrong: ${others}\n${await explain(wrong.seed)}`);
    }
    assert.equal(figures.stories, count);
  });

  it('cover every kind of story', async () => {
    const commands = new Set<string>();
    const befores = new Set<string>();
    for (let each = 1; each <= 300; each++) {
      const { command, before, version } = generate(each);
      commands.add(command.name);
      befores.add(`${before} ${version}`);
    }
    assert.deepEqual([...commands].sort(), ['spawn', 'status', 'stop', 'wait']);
    const states = ['dead', 'failed', 'nothing', 'pending', 'running', 'stopping'];
    const all = states.flatMap((state) => [4, 5, 6].map((version) => `${state} ${version}`));
    assert.deepEqual([...befores].sort(), [...all, 'stuck 5', 'stuck 6']);
    const series = { first: 1, count: 400, most: 400 };
    const { outcomes, faults } = await playSeriesApart<Figures>('hub/series.ts', series);
    const expected = ['absent', 'complete', 'conflict', 'detached', 'failed', 'not-found', 'pending'];
    assert.deepEqual([...outcomes.keys()].sort(), [
      ...expected,
      'refused',
      'running',
      'timeout',
      'unauthorized',
      'unknown',
    ]);
    assert.ok((faults.get('ready but dead') ?? 0) > 50);
  });

  it('come out the same when a story is played again', async () => {
    const [once, again] = [
      await playSeries({ first, count: 50, most: 50 }),
      await playSeries({ first, count: 50, most: 50 }),
    ];
    assert.deepEqual(again, once);
  });
});
