/**
 * `npm run check`: types, lint, format, and the tests of what has changed. For work in progress; `npm test` and `.ci/run`
 * check everything.
 *
 *   npm run check              what differs from main: commits on this branch, and what is not committed yet
 *   npm run check -- HEAD      what is not committed yet
 *   npm run check -- HEAD~3    the last three commits, and what is not committed yet
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testsOf } from './changed-tests.js';

const root = fileURLToPath(new URL('..', import.meta.url));

function git(...args: string[]): string[] {
  const output = execFileSync('git', args, { cwd: root, encoding: 'utf8' });
  return output.split('\n').filter((line) => line !== '');
}

/** The base commit for changes: where this branch left main; on main itself, the last commit. */
function baseOf(wanted: string | undefined): string {
  if (wanted !== undefined) return wanted;
  const hasMain = git('branch', '--list', 'main').length > 0;
  return hasMain ? (git('merge-base', 'main', 'HEAD')[0] ?? 'HEAD') : 'HEAD';
}

function filesChangedSince(base: string): string[] {
  const changed = git('diff', '--name-only', base);
  const added = git('ls-files', '--others', '--exclude-standard');
  return [...new Set([...changed, ...added])].filter((file) => existsSync(join(root, file))).sort();
}

/** Runs one step and shows its output only if it fails. Ends the process then. */
function step(name: string, command: string, args: readonly string[], show = args): void {
  console.log(`${name.padEnd(8)}${show.join(' ')}`);
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status === 0) return;
  console.log(`${stdout}${stderr}\n${name} failed`);
  process.exit(1);
}

const tool = (name: string): string => join(root, 'node_modules', '.bin', name);
const base = baseOf(process.argv[2]);
const changed = filesChangedSince(base);
const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => `test/${file.replaceAll('\\', '/')}`);
const chosen = testsOf(changed, tests, (path) => readFileSync(join(root, path), 'utf8'));
const code = changed.filter((file) => /\.[jt]s$/.test(file));

console.log(`${'changed'.padEnd(8)}${changed.length === 0 ? 'nothing' : changed.join(' ')}`);
if (changed.length === 0) process.exit(0);
step('types', tool('tsc'), ['--noEmit'], ['all']);
if (code.length > 0) step('lint', tool('eslint'), ['--max-warnings', '0', ...code], code);
step('format', tool('prettier'), ['--check', '--ignore-unknown', ...changed], changed);
if (chosen.length > 0) {
  // Tests of the program use what is built.
  step('build', process.execPath, ['scripts/build.js'], ['dist']);
  // As in package.json.
  const flags = [
    '--import',
    'tsx',
    '--import',
    './test/support/closing.ts',
    '--test',
    '--test-concurrency',
    '3',
  ];
  const more = ['--test-timeout', '600000', '--test-reporter', 'spec'];
  step('tests', process.execPath, [...flags, ...more, ...chosen], chosen);
}
console.log('all passed');
