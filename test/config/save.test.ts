/**
 * Changing the profiles while other processes change them: the lock, and what remains of it.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { runProgram } from '../../src/cli/program.js';
import { servers } from '../../src/cli/servers.js';
import { changeProfiles } from '../../src/config/save.js';
import { UsageError } from '../../src/model/usage-error.js';
import { FakeClock } from '../support/clock.js';
import { fakeContext } from '../support/context.js';
import { resultOf } from '../support/ndjson.js';
import { recorder } from '../support/streams.js';
import { temporaryFolder } from '../support/temporary.js';

function place() {
  const base = temporaryFolder();
  const folder = join(base, 'nublado-lab');
  mkdirSync(folder);
  const file = join(folder, 'config.json');
  writeFileSync(file, '{}');
  const clock = new FakeClock();
  const env = { XDG_CONFIG_HOME: base };
  return { folder, file, lock: `${file}.lock`, clock, env, context: fakeContext({ env, clock }) };
}

type Place = ReturnType<typeof place>;

/** Adds a profile of that name. */
function add({ file, context }: Place, name: string): Promise<void> {
  return changeProfiles(file, context, servers, (profiles) => new Map(profiles).set(name, { user: name }));
}

function namesIn({ file }: Place): string[] {
  return Object.keys((JSON.parse(readFileSync(file, 'utf8')) as { profiles: object }).profiles);
}

/** Lets time pass until the promise is settled, and returns how much; `meanwhile` is called before each step. */
async function pass(
  { clock }: Place,
  promise: Promise<unknown>,
  meanwhile: (ms: number) => void = () => undefined,
): Promise<number> {
  const begun = clock.monotonic();
  const state = { settled: false };
  const settle = (): void => {
    state.settled = true;
  };
  promise.then(settle, settle);
  await turn();
  while (!state.settled) {
    meanwhile(clock.monotonic() - begun);
    clock.advance(100);
    await turn();
  }
  return clock.monotonic() - begun;
}

describe('changing the profiles', { timeout: 60_000 }, () => {
  it('waits for another process that does, and builds on what that wrote', async () => {
    const here = place();
    writeFileSync(here.lock, 'another');
    const added = add(here, 'mine');
    await pass(here, added, (ms) => {
      if (ms === 1000) writeFileSync(here.file, '{"profiles": {"other": {}}}');
      if (ms === 1100) rmSync(here.lock);
    });
    await added;
    assert.deepEqual(namesIn(here), ['other', 'mine']);
    assert.deepEqual(readdirSync(here.folder), ['config.json'], 'nothing is left behind');
    assert.equal(here.clock.pending, 0);
  });

  it('removes an abandoned lock after ten seconds', async () => {
    const here = place();
    writeFileSync(here.lock, 'a process that was killed');
    // All of them find it.
    const added = Promise.all(['a', 'b', 'c', 'd'].map((name) => add(here, name)));
    const ms = await pass(here, added);
    await added;
    assert.ok(ms >= 10_000 && ms < 11_000, String(ms));
    assert.deepEqual(namesIn(here).sort(), ['a', 'b', 'c', 'd']);
    assert.deepEqual(readdirSync(here.folder), ['config.json']);
  });

  it('gives up after thirty seconds where others never stop', async () => {
    const here = place();
    writeFileSync(here.lock, '');
    const added = add(here, 'mine');
    const ms = await pass(here, added, (now) => {
      writeFileSync(here.lock, String(now));
    });
    await assert.rejects(added, (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /config\.json\.lock: another process holds this lock$/);
      assert.match(error.hint ?? '', /delete it/);
      return true;
    });
    assert.ok(ms >= 30_000 && ms < 31_000, String(ms));
    assert.equal(readFileSync(here.file, 'utf8'), '{}');
  });

  it('stops waiting when it is interrupted', async () => {
    const here = place();
    writeFileSync(here.lock, 'another');
    const abort = new AbortController();
    const out = recorder();
    const ended = runProgram(
      fakeContext({
        argv: ['config', 'set', 'user', 'anna'],
        env: { ...here.env, LAB_OUTPUT: 'json' },
        clock: here.clock,
        signal: abort.signal,
        out,
      }),
    );
    await pass(here, ended, (ms) => {
      if (ms === 1000) abort.abort('SIGINT');
    });
    assert.equal(await ended, 130);
    assert.equal(resultOf(out.text()).outcome, 'interrupted');
    assert.equal(readFileSync(here.file, 'utf8'), '{}');
    assert.equal(readFileSync(here.lock, 'utf8'), 'another');
  });

  it('does not overwrite where its own lock was taken for left over', async () => {
    const here = place();
    let calls = 0;
    const added = changeProfiles(here.file, here.context, servers, (profiles) => {
      calls += 1;
      if (calls === 2) writeFileSync(here.lock, 'another');
      return new Map(profiles).set('mine', {});
    });
    await assert.rejects(added, /config\.json: cannot be written: another process is changing it$/);
    assert.equal(readFileSync(here.file, 'utf8'), '{}');
    assert.deepEqual(readdirSync(here.folder).sort(), ['config.json', 'config.json.lock']);
    assert.equal(readFileSync(here.lock, 'utf8'), 'another');
  });

  it('makes the file that a link leads to, and keeps the link', async () => {
    const here = place();
    const base = temporaryFolder();
    mkdirSync(join(base, 'nublado-lab'));
    const link = join(base, 'nublado-lab', 'config.json');
    symlinkSync(join('..', 'dotfile'), link);
    const context = fakeContext({ env: { XDG_CONFIG_HOME: base }, clock: here.clock });
    await changeProfiles(link, context, servers, () => new Map([['a', {}]]));
    assert.match(readFileSync(join(base, 'dotfile'), 'utf8'), /"a"/);
  });
});
