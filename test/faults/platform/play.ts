/**
 * Plays a story at a platform: the real command with the real backends, against clients in memory, on a clock that jumps
 * from one thing that falls due to the next.
 *
 * Only records; judge.ts decides what was correct.
 */
import { Dispatcher } from 'undici';
import type { Backend } from '../../../src/backends/backend.js';
import { hubBackend } from '../../../src/backends/jupyterhub/backend.js';
import { nubladoBackend } from '../../../src/backends/nublado/backend.js';
import { createSciencePlatform } from '../../../src/backends/science-platform/backend.js';
import { noSecrets } from '../../../src/model/redactor.js';
import { FakeClock } from '../../support/clock.js';
import { runCommand, settled, type Run } from '../hub/play.js';
import { Network } from './network.js';
import type { PlatformStory } from './story.js';
import { Truth } from './truth.js';

export interface Played extends Run {
  story: PlatformStory;
  truth: Truth;
  network: Network;
  begunAt: number;
}

const hubUrl = 'https://platform.test/nb/';
const controllerUrl = 'https://platform.test/nublado';

export async function play(story: PlatformStory): Promise<Played> {
  const clock = new FakeClock();
  const plans = [...story.spawns];
  const truth = new Truth(clock, () => (plans.length > 1 ? plans.shift() : plans[0]) ?? story.spawns[0]);
  const sample = (): void => {
    truth.sample();
  };
  truth.prepare(story);
  for (const end = story.earlier.since; clock.monotonic() < end;) {
    clock.advance(Math.min(clock.nextDue ?? end, end) - clock.monotonic());
    await settled();
    sample();
  }
  truth.hub.isPreparing = false;
  const begunAt = clock.monotonic();
  const network = new Network(story, truth, clock);
  for (const each of story.incidents) {
    clock.after(each.at, () => {
      network.note(each.what);
      truth.happen(each);
      sample();
    });
  }
  const createBackend = (): Backend => {
    const settings = { server: '', userOptions: {}, forget: false };
    // Nothing uses the dispatcher: the client is in memory, and so are the probes.
    const dispatcher = new Dispatcher();
    const world = { base: new URL(hubUrl), clock, redact: noSecrets.redact, dispatcher };
    const hub = hubBackend(network.hub(), settings, world);
    return createSciencePlatform({
      hub: {
        ...hub,
        lab: (subject) => ({ ...hub.lab(subject), probe: (_address, signal) => network.probe(signal) }),
      },
      controller: nubladoBackend(network.controller(), { direct: false, hasToken: true }),
      userOptions: {},
      clock,
    });
  };
  const address = { controller: controllerUrl, hub: hubUrl, name: '' };
  const run = await runCommand(story, { clock, createBackend, address, sample });
  return { story, truth, network, begunAt, ...run };
}
