/**
 * Runs the benchmarks of user-visible properties, and prints a table of figures and goals for the oldest and the newest
 * supported major version of Node. Versions other than the running one are installed by `scripts/nodes.ts`; BENCH_NODE
 * is the path of a binary to use instead of the newest version. BENCH_RUNS is the number of runs. Arguments choose
 * benchmarks:
 *
 *   BENCH_RUNS=40 npm run bench -- startup spawn
 */
import { spawnSync } from 'node:child_process';
import { fetchNode, majors } from '../scripts/nodes.js';
import { hub } from './hub.js';
import { latency } from './latency.js';
import { many } from './many.js';
import { memory } from './memory.js';
import { runs, type Benchmark, type Node, type Row } from './measure.js';
import { wholeSpawn } from './spawn.js';
import { startup } from './startup.js';
import { throughput } from './throughput.js';
import { waiting } from './waiting.js';

const benchmarks: Record<string, Benchmark> = {
  startup,
  spawn: wholeSpawn,
  hub,
  latency,
  throughput,
  memory,
  many,
  waiting,
};

function nodes(): Node[] {
  const own = Number.parseInt(process.versions.node, 10);
  const binaryOf = (major: number): string => (major === own ? process.execPath : fetchNode(major));
  const newest = process.env['BENCH_NODE'] ?? binaryOf(Math.max(...majors));
  return [binaryOf(Math.min(...majors)), newest].map((binary) => ({
    binary,
    version: spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout.trim(),
  }));
}

function format({ what, measured, figure, unit, goal }: Row, { version }: Node): string {
  const shown = figure === null ? '-' : `${figure.toFixed(unit === 'x' ? 2 : 1)} ${unit}`;
  const met = figure === null ? 'not measured' : figure <= goal ? 'met' : 'MISSED';
  const columns = [what, version, shown, `${goal} ${unit}`, met, measured];
  return `| ${columns.join(' | ')} |`;
}

const chosen = process.argv.slice(2);
const measuredNodes = nodes();
console.log(`${runs} runs of each in turns, medians\n`);
console.log('| what | Node | figure | goal | | measured |\n| --- | --- | --- | --- | --- | --- |');
for (const [name, benchmark] of Object.entries(benchmarks)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const tables: Row[][] = [];
  for (const node of measuredNodes) tables.push(await benchmark(node));
  for (const i of tables[0]?.keys() ?? []) {
    for (const [at, node] of measuredNodes.entries()) {
      const row = tables[at]?.[i];
      if (row !== undefined) console.log(format(row, node));
    }
  }
}
