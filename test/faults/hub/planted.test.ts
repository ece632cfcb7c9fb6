import { describe, it } from 'node:test';
import { caughtBy, type Bug } from '../plant.js';

const bugs: readonly Bug[] = [
  {
    name: "the Hub's ready taken for a server that responds",
    file: 'commands/session/ready.ts',
    instead: ["const isChecked = goal === 'ready' || lab.mustConfirmRunning;", 'const isChecked = false;'],
  },
  {
    name: 'the failure of an earlier spawn taken for that of a new one',
    file: 'backends/jupyterhub/start.ts',
    instead: ['const isNew = reason.value !== before.reason || isHubs(error);', 'const isNew = true;'],
  },
  {
    name: 'a silent stream not noticed',
    file: 'stream/connection.ts',
    instead: ['this.#idle.change(idleTimeout);', 'this.#idle.change(3_600_000);'],
  },
  {
    name: 'a POST repeated after a failure',
    file: 'backends/jupyterhub/start.ts',
    instead: [
      'if (reason.value !== null && isNew) return { ok: false, failure: spawnFailed(error, reason.value) };',
      "if (reason.value !== null && isNew) return { ok: false, failure: { ...error, retry: 'later' } };",
    ],
  },
  {
    name: 'a missing list of servers taken for an empty one',
    file: 'backends/jupyterhub/looks.ts',
    instead: [
      'const { servers } = user.value;',
      'const { servers = {} as NonNullable<typeof user.value.servers> } = user.value;',
    ],
  },
  {
    name: 'a 204 taken for a server that is gone',
    file: 'backends/jupyterhub/stop.ts',
    instead: [
      "stopped.value === 'stopped' ? confirmStopped(stop, signal)",
      "stopped.value === 'stopped' ? { ok: true, value: 'gone' }",
    ],
  },
];

describe('the stories at a Hub', () => {
  for (const bug of bugs) {
    it(`catch a planted bug: ${bug.name}`, async (t) => {
      t.diagnostic(await caughtBy('test/faults/hub/main.ts', bug));
    });
  }
});
