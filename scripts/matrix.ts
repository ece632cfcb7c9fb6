/**
 * Runs the test suite on every supported version of Node, including the oldest release, and prints a summary of each.
 *
 *   npm run matrix                                   all versions, all tests
 *   npm run matrix -- 22 26 test/stream/*.test.ts    some versions, some tests
 *   npm run matrix -- 20.18.1                        one release
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchNode, majors, oldest, type Version } from './nodes.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
const isVersion = (arg: string): boolean => /^\d+(\.\d+){0,2}$/.test(arg);
const chosen = args.filter(isVersion);
const versions: readonly Version[] = chosen.length > 0 ? chosen : [oldest, ...majors];
const files = args.filter((arg) => !isVersion(arg));
const all = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => join('test', file))
  .sort();

const lines: string[] = [];
for (const each of versions) {
  const node = fetchNode(each);
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  console.log(`Node ${version}`);
  const { stdout, status } = spawnSync(
    node,
    [
      // As in package.json.
      ...['--import', 'tsx', '--import', './test/support/closing.ts', '--test', '--test-concurrency', '3'],
      ...['--test-timeout', '600000', '--test-reporter', 'tap'],
      ...(files.length > 0 ? files : all),
    ],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 30,
      stdio: ['ignore', 'pipe', 'inherit'],
      // Tests that start `node` must find this one.
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
