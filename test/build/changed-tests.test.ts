/**
 * Which tests `npm run check` runs for a change.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testsOf } from '../../scripts/changed-tests.js';

/** Test files with what they import. */
const tests = {
  'test/layers.test.ts': '',
  'test/build/package.test.ts': '',
  'test/build/docs.test.ts': '',
  'test/runtime/retry.test.ts': "import { retry } from '../../src/runtime/retry.js';",
  'test/runtime/wake.test.ts': "import { FakeClock } from '../support/clock.js';",
  'test/stream/follow.test.ts': "import { retry } from '../../src/runtime/retry.js';",
  'test/commands/wait.test.ts': '',
  'test/commands/session/session.test.ts': '',
} as const;

function testsFor(...changed: string[]): string[] {
  return testsOf(changed, Object.keys(tests), (path) => tests[path as keyof typeof tests]);
}

describe('the tests of a change', () => {
  it('are the mirrored file and every test that imports the module', () => {
    assert.deepEqual(testsFor('src/runtime/retry.ts'), [
      'test/layers.test.ts',
      'test/runtime/retry.test.ts',
      'test/stream/follow.test.ts',
    ]);
  });

  it('are those of the folder where a module has no test of its own', () => {
    assert.deepEqual(testsFor('src/commands/session/last-look.ts'), [
      'test/commands/session/session.test.ts',
      'test/layers.test.ts',
    ]);
    assert.deepEqual(testsFor('src/commands/spawn/create.ts'), [
      'test/commands/wait.test.ts',
      'test/layers.test.ts',
    ]);
  });

  it('are a changed test itself, and the tests that use a changed helper', () => {
    assert.deepEqual(testsFor('test/commands/wait.test.ts'), ['test/commands/wait.test.ts']);
    assert.deepEqual(testsFor('test/support/clock.ts'), ['test/runtime/wake.test.ts']);
  });

  it('are those of the build for scripts, and the one of file names for documentation', () => {
    const build = ['test/build/docs.test.ts', 'test/build/package.test.ts'];
    assert.deepEqual(testsFor('scripts/build.js'), build);
    assert.deepEqual(testsFor('package.json', 'bin/lab.js'), build);
    assert.deepEqual(testsFor('docs/reliability.md'), ['test/build/docs.test.ts']);
    assert.deepEqual(testsFor('.prettierrc.json', 'test/captures/README.md'), []);
  });
});
