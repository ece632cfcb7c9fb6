import { describe, it } from 'node:test';
import { caughtBy, type Bug } from '../plant.js';

const platform = 'backends/science-platform';

const bugs: readonly Bug[] = [
  {
    name: "the controller's complete taken for the end",
    file: `${platform}/feed.ts`,
    instead: [
      "return { ...part, decoded: { kind: 'event', event: { type: 'info', message: started, progress } } };",
      'return part;',
    ],
  },
  {
    name: "the controller's failed taken for the end",
    file: `${platform}/feed.ts`,
    instead: [
      "event: { ...event, type: 'error', progress }, isSummary: true }",
      'event: { ...event, progress } }',
    ],
  },
  {
    name: 'the queue of an earlier operation shown as that of this one',
    file: `${platform}/feed.ts`,
    instead: ['if (isOver && !this.#isSame) return this.#forget();', ''],
  },
  {
    name: 'a deletion that moves the bar',
    file: `${platform}/feed.ts`,
    instead: [
      "const progress = this.#operation === 'deletion' ? null : event.progress;",
      'const { progress } = event;',
    ],
  },
  {
    name: 'a lab deleted that the Hub does not know',
    file: `${platform}/lab.ts`,
    instead: ['if (obstacle !== null) return obstacle;', ''],
  },
  {
    name: 'a probe without evidence taken for a proof',
    file: `${platform}/lab.ts`,
    instead: ["const runs = seen.ok && seen.value?.phase === 'running';", 'const runs = seen.ok || true;'],
  },
  {
    name: '"not yet" taken for a proof',
    file: `${platform}/lab.ts`,
    instead: [
      "if (probed.kind !== 'no evidence') return probed;",
      "if (probed.kind === 'proof') return probed;",
    ],
  },
  {
    name: 'a login page of the ingress taken for a lab that does not respond',
    file: `${platform}/lab.ts`,
    instead: [
      "if (probed.kind !== 'no evidence') return probed;",
      'if (probed.kind.length > 0) return probed;',
    ],
  },
  {
    name: 'a stop that ends when only the Hub knows nothing',
    file: `${platform}/lab.ts`,
    instead: [
      "if (removed.ok || phase === 'stopping' || phase === 'unsettled') return { ok: true, value: 'under way' };",
      "if (removed.ok || phase === 'stopping' || phase === 'unsettled') return removed;",
    ],
  },
  {
    name: 'a deletion at the controller taken for one that has ended',
    file: `${platform}/state.ts`,
    instead: [
      'return sure({ ok: true, value: merged(seen, seen) });',
      'return sure({ ok: true, value: lab });',
    ],
  },
  {
    name: 'a lab that only the controller has taken for none',
    file: `${platform}/state.ts`,
    instead: ['return doubtful(orphaned(seen));', 'return sure({ ok: true, value: lab });'],
  },
  {
    name: 'a contradiction believed at once',
    file: `${platform}/state.ts`,
    instead: ['const doubt = 5_000;', 'const doubt = 0;'],
  },
  {
    name: 'the controller not asked whether the lab runs',
    file: `${platform}/state.ts`,
    instead: ['return doubtful(contradicted(lab, seen));', 'return sure({ ok: true, value: lab });'],
  },
  {
    name: 'a contradiction doubted in the last look',
    file: 'commands/session/state-requests.ts',
    instead: ['backend.lab(subject).state(signal, true)', 'backend.lab(subject).state(signal)'],
  },
];

describe('the stories at a platform', () => {
  for (const bug of bugs) {
    it(`catch a planted bug: ${bug.name}`, async (t) => {
      t.diagnostic(await caughtBy('test/faults/platform/main.ts', bug));
    });
  }
});
