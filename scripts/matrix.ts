/**
 * Runs the test suite on every Node that is supported, and says for each how it went.
 *
 *   npm run matrix                                   all versions, all tests
 *   npm run matrix -- 22 26 test/stream/*.test.ts    some of each
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchNode, majors } from './nodes.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
const chosen = args.filter((arg) => /^\d+$/.test(arg)).map(Number);
const files = args.filter((arg) => !/^\d+$/.test(arg));
const all = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => join('test', file))
  .sort();

const lines: string[] = [];
for (const major of chosen.length > 0 ? chosen : majors) {
  const node = fetchNode(major);
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  console.log(`Node ${version}`);
  const { stdout, status } = spawnSync(
    node,
    ['--import', 'tsx', '--test', '--test-reporter', 'tap', ...(files.length > 0 ? files : all)],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 30,
      stdio: ['ignore', 'pipe', 'inherit'],
      // Tests that start a `node` are to get this one.
      env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}` },
    },
  );
  const count = (what: string): number =>
    Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(stdout)?.[1] ?? NaN);
  if (status !== 0) {
    process.exitCode = 1;
    console.log(stdout.replace(/^[^]*?(?=^ *not ok)/m, ''));
  }
  lines.push(
    `Node ${version}: ${count('pass')} passed, ${count('fail')} failed, ${count('skipped')} skipped`,
  );
}
console.log(lines.join('\n'));
