/**
 * Plays stories at a platform from the command line: `main.ts SEED` explains one, `main.ts FIRST COUNT [MOST]` plays many
 * and prints the statistics, until MOST stories failed.
 */
import { describe } from '../figures.js';
import { explain, playSeries } from './figures.js';

const [first = 1, count, most = Infinity] = process.argv.slice(2).map(Number);
if (count === undefined) {
  process.stdout.write(`${await explain(first)}\n`);
} else {
  const figures = await playSeries({ first, count, most });
  for (const line of describe(figures)) process.stdout.write(`${line}\n`);
  for (const { seed, complaints } of figures.wrong)
    process.stdout.write(`${seed}: ${complaints.join('; ')}\n`);
  process.exitCode = figures.wrong.length === 0 ? 0 : 1;
}
