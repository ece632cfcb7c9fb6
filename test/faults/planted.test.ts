import { describe, it } from 'node:test';
import { caughtBy, type Bug } from './plant.js';

const bugs: readonly Bug[] = [
  {
    name: 'no de-duplication after a reconnect',
    file: 'stream/seen.ts',
    instead: ["return 'repeated';", "return 'new';"],
  },
  {
    name: 'the end of a stream taken for success',
    file: 'model/reducer.ts',
    instead: [
      'const next = { ...state, endedClean: true };',
      "const next: RunState = { ...state, outcome: { kind: 'complete', message: '' } };",
    ],
  },
  {
    name: 'another operation not noticed',
    file: 'stream/seen.ts',
    instead: ["return 'replaced';", "return 'new';"],
  },
  {
    name: 'half an event taken for one',
    file: 'stream/frames.ts',
    instead: ['feed(toLf(decode(null)));', 'feed(`${toLf(decode(null))}\\n\\n`);'],
  },
  {
    name: 'a silent connection not noticed',
    file: 'stream/connection.ts',
    instead: ['startDeadline(clock, idleTimeout, signal)', 'startDeadline(clock, null, signal)'],
  },
  {
    name: 'the state not asked while only pings come',
    file: 'stream/state-watch.ts',
    instead: ['this.#silence =\n      silence === null', 'this.#silence =\n      silence !== -1'],
  },
  {
    name: 'a create blindly repeated',
    file: 'commands/spawn.ts',
    instead: ["if (failure.effect === 'possible' || hopeless.isDue) {", 'if (hopeless.isDue) {'],
  },
  {
    name: 'Retry-After ignored',
    file: 'runtime/retry.ts',
    instead: ['Math.max(wait, asked)', 'wait'],
  },
  {
    name: 'a refusal tried again',
    file: 'runtime/retry.ts',
    instead: ['if (isFinal(failure)) return null;', ''],
  },
  {
    name: 'a passing state taken for an end',
    file: 'model/state-outcome.ts',
    instead: [
      "    case 'failed':\n      return hasFailed ?",
      "    case 'unsettled':\n    case 'failed':\n      return hasFailed || lab?.phase === 'unsettled' ?",
    ],
  },
  {
    name: 'the last look before the deadline not believed',
    file: 'commands/session/last-look.ts',
    instead: ['if (look.result.ok) return true;', 'if (look.result.ok) return false;'],
  },
  {
    name: 'a timer left behind',
    file: 'stream/connection.ts',
    instead: ['    this.#idle.cancel();', ''],
  },
];

describe('the stories', () => {
  for (const bug of bugs) {
    it(`catch a planted bug: ${bug.name}`, async (t) => {
      t.diagnostic(await caughtBy('test/faults/main.ts', bug));
    });
  }
});
