import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bug, event } from '../../../src/simulator/jupyterhub/story.js';
import { play, type Played } from '../../faults/hub/play.js';
import type { HubStory, SpawnPlan, Trouble } from '../../faults/hub/story.js';

const quiet: SpawnPlan['progress'] = { kind: 'each', steps: [] };

/** A spawn at a Hub with nothing in the way, unless `over` says otherwise. */
function story(over: Partial<HubStory>): HubStory {
  return {
    seed: 1,
    version: 6,
    server: '',
    defaultRuns: false,
    command: { name: 'spawn', onConflict: 'attach', goal: 'ready', detach: false },
    timeout: 300_000,
    before: 'nothing',
    earlier: { plan: { startMs: 0, progress: quiet }, since: 0 },
    spawns: [{ startMs: 2000, progress: quiet }],
    isBlind: false,
    full: [],
    interference: [],
    troubles: {},
    windows: [],
    streams: [],
    latency: 0,
    ...over,
  };
}

const refused: Trouble = { kind: 'refused' };
const away: Trouble = { kind: 'status', status: 503, arrives: false };
const failing: SpawnPlan = {
  startMs: 300,
  failure: { kind: 'exception', text: 'no quota' },
  progress: quiet,
};

function posts({ network }: Played): number {
  return network.exchanges.filter(({ route, trouble }) => route === 'start' && trouble !== 'refused').length;
}

function outcome({ ending }: Played): string {
  return `${ending?.outcome.kind ?? 'none'}: ${ending?.outcome.message ?? ''}`;
}

describe('a command at a Hub with lost responses', () => {
  it('does not take an earlier failure for a new one if it could not be read before the POST', async () => {
    const played = await play(
      story({ before: 'failed', troubles: { progress: [away], start: [{ ...away, status: 502 }] } }),
    );
    assert.equal(outcome(played), 'complete: Server ready at /user/ann/');
  });

  it('does not take the refusal of the Spawner for a running server if that was dead', async () => {
    const refusing: SpawnPlan = {
      startMs: 100,
      failure: { kind: 'http', status: 400, text: 'no such profile' },
      progress: quiet,
    };
    const command = { name: 'spawn', onConflict: 'replace', goal: 'ready', detach: false } as const;
    const played = await play(story({ before: 'stuck', spawns: [refusing], command }));
    assert.match(outcome(played), /^failed: Spawn failed: .*no such profile/);
    assert.equal(posts(played), 1);
  });

  it('does not repeat a POST that failed while the state could not be read', async () => {
    const played = await play(
      story({ spawns: [failing], troubles: { state: [null, refused, refused, refused] } }),
    );
    assert.equal(outcome(played), 'failed: Spawn failed: no quota');
    assert.equal(posts(played), 1);
  });

  it('does not repeat a POST that failed before the Hub was away for long', async () => {
    // The restarted Hub does not know that the spawn failed.
    const restart = { at: 350, what: 'restart', signal: 'SIGKILL', downMs: 120_000 } as const;
    const played = await play(story({ spawns: [failing], interference: [restart] }));
    assert.equal(played.ending?.outcome.kind, 'unknown');
    assert.equal(posts(played), 1);
  });

  it('notices a spawn that failed although there is no response to the POST', async () => {
    const hang: Trouble = { kind: 'hang', arrives: true };
    const played = await play(story({ spawns: [failing], troubles: { start: [hang] } }));
    assert.equal(outcome(played), 'failed: Spawn failed: no quota');
    assert.equal(posts(played), 1);
  });

  it('repeats a POST that was lost, for a server that runs already', async () => {
    const cut: Trouble = { kind: 'cut', arrives: true, after: 0 };
    const played = await play(story({ before: 'running', troubles: { start: [cut] } }));
    assert.equal(played.ending?.outcome.kind, 'running');
    assert.equal(posts(played), 2);
  });

  it('does not believe a failed at the end of a stream if the state cannot be read', async () => {
    const midway = event({ progress: 50, failed: true, message: 'midway' });
    const plan: SpawnPlan = { startMs: 9000, progress: { kind: 'each', steps: [midway, bug] } };
    const played = await play(story({ spawns: [plan], troubles: { state: [null, null, away] } }));
    assert.equal(played.ending?.outcome.kind, 'running');
  });

  it('sends a DELETE again that was refused during a spawn, although the state could not be read', async () => {
    const earlier = { plan: { startMs: 4000, progress: quiet }, since: 0 };
    const troubles = { state: [null, null, refused] };
    const played = await play(
      story({ version: 4, command: { name: 'stop' }, before: 'pending', earlier, troubles, latency: 700 }),
    );
    assert.equal(played.ending?.outcome.kind, 'absent');
  });
});
