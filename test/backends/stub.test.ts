/**
 * The seam between commands and backends: the real `spawn`, `wait` and `stop` on a lab in memory, which speaks no protocol
 * of any real server.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Backend, RemoteLab, Subject } from '../../src/backends/backend.js';
import { findSubject } from '../../src/backends/subject.js';
import type { Session } from '../../src/commands/session/session.js';
import { spawn } from '../../src/commands/spawn.js';
import { stop } from '../../src/commands/stop.js';
import { wait } from '../../src/commands/wait.js';
import type { Ending } from '../../src/display/display.js';
import type { Event } from '../../src/model/event.js';
import type { Lab, Phase } from '../../src/model/lab.js';
import type { ConflictPolicy } from '../../src/model/lab-request.js';
import { exitCode } from '../../src/model/outcome.js';
import type { Failure, Result } from '../../src/model/result.js';
import { FakeClock } from '../support/clock.js';
import { playInMemory } from '../support/in-memory.js';

const ok = <T>(value: T): Promise<Result<T>> => Promise.resolve({ ok: true, value });
const refused = (kind: Failure['kind'], message: string): Failure => ({
  kind,
  error: { type: kind, message, status: null, hint: null },
  retry: 'never',
  effect: 'none',
  from: 'server',
});

/** A server with one lab, which takes two seconds to start and to stop, or fails for a reason. */
class Stub implements Backend {
  readonly clock = new FakeClock();
  readonly requests: string[] = [];
  phase: Phase | null = null;
  reason: string | null = null;
  /** Whether every create makes it stumble, without an effect. */
  stumbles = false;
  /** Whether it has an event stream. */
  streams = true;

  readonly name = 'the controller';
  readonly confirmAbsenceAfter = null;

  checkSettings = (): void => undefined;
  subject: Backend['subject'] = (wanted, lookup) =>
    findSubject(wanted, () => lookup.request((signal) => this.whoAmI(signal), 'server'));
  whoAmI: Backend['whoAmI'] = () => ok('ann');
  list = () => ok({ users: this.phase === 'running' ? ['ann'] : [] });
  readonly labsOf = null;
  ownState = () => ok(this.#lab());

  begin(now: Phase, then: Phase | null): void {
    this.phase = now;
    this.clock.after(2_000, () => (this.phase = then));
  }

  lab({ name }: Subject): RemoteLab {
    return {
      shown: ({ size }) => ({ size }),
      create: () => {
        this.requests.push(`create for ${name}`);
        if (this.stumbles)
          return Promise.resolve({
            ok: false,
            failure: { ...refused('unknown', 'oops'), retry: 'later', stumbled: true },
          });
        const failure = refused('conflict', 'there is one');
        if (this.phase === 'running' || this.phase === 'stopping' || this.phase === 'starting')
          return ok({ kind: 'conflict', phase: this.phase, failure });
        this.begin('starting', this.reason === null ? 'running' : 'failed');
        return ok({ kind: 'accepted' });
      },
      state: () => ok(this.#lab()),
      events: this.streams ? () => this.#events() : null,
      remove: () => {
        this.requests.push(`remove of ${name}`);
        if (this.phase === null) return Promise.resolve({ ok: false, failure: refused('not-found', 'none') });
        this.begin('stopping', null);
        return ok('under way');
      },
      streamsDeletions: true,
      differences: () => [],
      hostsCommand: false,
      choices: null,
      probe: null,
      mustConfirmRunning: false,
    };
  }

  #lab(): Lab | null {
    if (this.phase === null) return null;
    const url = this.phase === 'running' ? 'memory://ann' : null;
    return {
      phase: this.phase,
      status: `is ${this.phase}`,
      url,
      address: null,
      started: null,
      image: null,
      size: null,
      raw: { status: 'x' },
    };
  }

  #events(): ReturnType<NonNullable<RemoteLab['events']>> {
    const { clock, reason } = this;
    const events: Event[] = [
      { type: 'info', message: 'warming up', progress: 50 },
      ...(reason === null ? [] : [{ type: 'error' as const, message: reason, progress: null }]),
      { type: reason === null ? 'complete' : 'failed', message: 'over', progress: null },
    ];
    const body = (async function* () {
      for (const each of events) {
        await new Promise<void>((resolve) => clock.after(1_000, resolve));
        yield Buffer.from(`data: ${JSON.stringify(each)}\n\n`);
      }
    })();
    return ok({
      body,
      decode: ({ data }) => ({ kind: 'event', event: JSON.parse(data) as Event }),
      replay: 'unknown',
      heartbeat: 'bytes',
    });
  }
}

const spawnWith = (onConflict: ConflictPolicy) => (session: Session) =>
  spawn(session, {
    request: { image: { image_tag: 't' }, size: 'small', enableDebug: false, resetUserEnv: false, env: {} },
    detach: false,
    onConflict,
  });

async function run(stub: Stub, command: (session: Session) => Promise<Ending>) {
  const user = { name: null, given: false };
  const { ending, shown } = await playInMemory(
    { backend: stub, clock: stub.clock, timeout: 900_000, user },
    command,
  );
  const { outcome, text } = ending;
  return { code: exitCode(outcome), kind: outcome.kind, message: outcome.message, text, shown };
}

describe('a backend that knows nothing of Nublado', () => {
  it('creates a lab, and its URL is the result', async () => {
    const stub = new Stub();
    const { kind, text, shown } = await run(stub, spawnWith('attach'));
    assert.deepEqual([kind, text, shown], ['complete', ['memory://ann'], ['warming up', 'over']]);
    assert.deepEqual(stub.requests, ['create for ann']);
  });

  it('fails with its reason', async () => {
    const stub = new Stub();
    stub.reason = 'out of steam';
    const { code, message } = await run(stub, spawnWith('attach'));
    assert.deepEqual([code, message], [1, 'over: out of steam']);
  });

  it('is given up after a minute of stumbling, although no create had an effect', async () => {
    const stub = new Stub();
    stub.stumbles = true;
    const { code, message } = await run(stub, spawnWith('attach'));
    assert.equal(code, 7);
    assert.match(message, /^oops, \d+ times in 60 s/);
    assert.ok(stub.requests.length < 20, String(stub.requests.length));
  });

  it('has its conflicts resolved by the policy', async () => {
    const running = new Stub();
    running.phase = 'running';
    assert.equal((await run(running, spawnWith('attach'))).message, 'the lab is already running');
    const refusing = new Stub();
    refusing.phase = 'running';
    assert.deepEqual((await run(refusing, spawnWith('fail'))).code, 5);
    const replaced = new Stub();
    replaced.phase = 'running';
    assert.equal((await run(replaced, spawnWith('replace'))).code, 0);
    assert.deepEqual(replaced.requests, ['create for ann', 'remove of ann', 'create for ann']);
    const stopping = new Stub();
    stopping.begin('stopping', null);
    assert.equal((await run(stopping, spawnWith('attach'))).kind, 'complete');
  });

  it('is waited for, and deleted, although a deletion is only accepted', async () => {
    const stub = new Stub();
    stub.begin('starting', 'running');
    assert.deepEqual((await run(stub, (session) => wait(session, 'running'))).text, ['memory://ann']);
    assert.equal((await run(stub, (session) => stop(session, { detach: false }))).kind, 'absent');
    assert.equal((await run(stub, (session) => stop(session, { detach: false }))).code, 4);
    assert.deepEqual(stub.requests, ['remove of ann', 'remove of ann']);
  });

  it('is left to its deletion with --detach', async () => {
    const stub = new Stub();
    stub.phase = 'running';
    assert.equal((await run(stub, (session) => stop(session, { detach: true }))).kind, 'detached');
    assert.equal(stub.phase, 'stopping');
  });

  it('may have no event stream', async () => {
    const stub = new Stub();
    stub.streams = false;
    const { kind, text } = await run(stub, spawnWith('attach'));
    assert.deepEqual([kind, text], ['running', ['memory://ann']]);
    assert.equal((await run(stub, (session) => stop(session, { detach: false }))).kind, 'absent');
    for (const [now, then] of [
      ['starting', 'running'],
      ['stopping', null],
    ] as const) {
      const busy = new Stub();
      busy.streams = false;
      busy.begin(now, then);
      assert.equal((await run(busy, spawnWith('attach'))).code, 0, now);
    }
  });
});
