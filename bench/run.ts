/**
 * The speeds that a user feels, as a table of figures with their goals, for this Node and for the newest: that of
 * `npm run matrix`, where it has been fetched, or BENCH_NODE. BENCH_RUNS sets how often, arguments choose some:
 *
 *   BENCH_RUNS=40 npm run bench -- startup spawn
 */
import { spawnSync } from 'node:child_process';
import { fetchedNode, majors } from '../scripts/nodes.js';
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
  latency,
  throughput,
  memory,
  many,
  waiting,
};

function nodes(): Node[] {
  const newest = process.env['BENCH_NODE'] ?? fetchedNode(Math.max(...majors));
  const binaries = newest === null ? [process.execPath] : [process.execPath, newest];
  return binaries.map((binary) => ({
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
console.log(`${runs} runs of each in turns, medians\n`);
console.log('| what | Node | figure | goal | | measured |\n| --- | --- | --- | --- | --- | --- |');
for (const [name, benchmark] of Object.entries(benchmarks)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const measuredNodes = nodes();
  const tables: Row[][] = [];
  for (const node of measuredNodes) tables.push(await benchmark(node));
  for (const i of tables[0]?.keys() ?? []) {
    for (const [at, node] of measuredNodes.entries()) {
      const row = tables[at]?.[i];
      if (row !== undefined) console.log(format(row, node));
    }
  }
}
