import { describe, it } from 'node:test';
import { caughtBy, type Bug } from '../plant.js';

const bugs: readonly Bug[] = [
  {
    name: 'the word of the controller taken for that of the Hub',
    file: 'backends/science-platform/state.ts',
    instead: [
      'const seen = await controller.state(signal);',
      `const seen = await controller.state(signal);
      if (seen.ok && seen.value?.phase === 'running') return sure({ ok: true, value: merged(lab ?? seen.value, seen.value) });`,
    ],
  },
  {
    name: "the controller's failed taken for the end of the spawn",
    file: 'backends/science-platform/feed.ts',
    instead: [
      "event: { ...event, type: 'error', progress }, isSummary: true }",
      'event: { ...event, progress } }',
    ],
  },
  {
    name: 'the queue of the operation before taken for that of the spawn',
    file: 'backends/science-platform/feed.ts',
    instead: ['if (isOver && !this.#isSame) return this.#forget();', ''],
  },
  {
    name: 'the 100 % of a deletion taken for the progress of the spawn',
    file: 'backends/science-platform/feed.ts',
    instead: ["this.#operation === 'deletion' ? null : event.progress", 'event.progress'],
  },
  {
    name: 'a lab that the Hub does not know deleted without being asked',
    file: 'backends/science-platform/lab.ts',
    instead: ["if (policy === 'replace') return null;", 'return null;'],
  },
  {
    name: 'a probe that an ingress redirects taken for one that failed',
    file: 'backends/science-platform/lab.ts',
    instead: [
      "if (probed.kind !== 'no evidence') return probed;",
      'if (probed.kind.length > 0) return probed;',
    ],
  },
  {
    name: 'a probe that shows that nothing responds taken for one that an ingress redirects',
    file: 'backends/science-platform/lab.ts',
    instead: [
      "if (probed.kind !== 'no evidence') return probed;",
      "if (probed.kind === 'proof') return probed;",
    ],
  },
  {
    name: 'a stop that ends when only the Hub knows nothing',
    file: 'backends/science-platform/state.ts',
    instead: [
      'return sure({ ok: true, value: merged(seen, seen) });',
      'return sure({ ok: true, value: lab });',
    ],
  },
];

describe('the stories on a platform', () => {
  for (const bug of bugs) {
    it(`catch a planted bug: ${bug.name}`, async (t) => {
      t.diagnostic(await caughtBy('test/faults/disagree/main.ts', bug));
    });
  }
});
