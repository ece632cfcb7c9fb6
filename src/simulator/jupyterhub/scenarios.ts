/**
 * Every scenario that the simulated Hub can play, and the look-up by name.
 *
 * Owns which story a scenario plays, and its other conditions: the initial state, a full Hub, a token with few scopes,
 * per-user hosts. Cheap to import: the command line lists these names.
 */
import { hostileMessages } from '../stories/nasty.js';
import type { HostOptions } from './addresses.js';
import type { HubFaults } from './faults.js';
import { findStory } from './stories.js';
import { bug, each, event, plain, said, wait, type Progress, type SpawnStory } from './story.js';

export interface HubScenario {
  /** One line for `lab controller --list`. */
  summary: string;
  /** The story of a POST. */
  spawn: SpawnStory;
  /** The server's state before the first request. */
  before?: 'running' | 'dead' | 'pending' | 'stopping' | 'failed';
  faults?: Readonly<Partial<HubFaults>>;
  /** The scopes of the user's token, if it does not have all. */
  scopes?: readonly string[];
  /** The user's name, if it matters. */
  user?: string;
  hosts?: HostOptions;
}

/** An event as KubeSpawner yields it: text for people, the same as HTML, and the Kubernetes event. */
function pod(
  progress: number,
  message: string,
  type: 'Normal' | 'Warning' = 'Normal',
): ReturnType<typeof event> {
  const html = `<span class="event">[${type}] ${message}</span>`;
  return event({
    progress,
    raw_event: { type, message },
    message: `[${type}] ${message}`,
    html_message: html,
  });
}

const image = 'quay.io/jupyter/scipy-notebook:2026-11-23';

/** Everything that a display can show. With the two seconds that confirm a ready server, it lasts about five. */
const lively: Progress = each(
  wait(500),
  pod(10, '0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available', 'Warning'),
  wait(400),
  pod(25, 'Successfully assigned hub/jupyter-demo to node-4'),
  wait(300),
  event({ progress: 30, html_message: 'Mounted the volume <b>home</b>' }),
  wait(300),
  pod(40, `Pulling image "${image}"`),
  wait(700),
  pod(75, `Successfully pulled image "${image}" in 0.704s. Image size: 1264512311 bytes.`),
  wait(200),
  pod(85, 'Created container: notebook'),
  wait(100),
  said(85, '[error] Startup probe failed: HTTP probe failed with statuscode: 503'),
  wait(100),
  pod(90, 'Started container notebook'),
);

const happy: SpawnStory = { startMs: 2600, listenMs: 200, progress: lively };
const brisk: SpawnStory = {
  startMs: 600,
  listenMs: 200,
  progress: each(wait(300), said(50, 'Spawning server...')),
};
const pulling = each(said(25, 'Pulling image'), wait(1000), said(50, 'Back-off pulling image'));

const failing: SpawnStory = {
  startMs: 2500,
  failure: { kind: 'exception', text: `pod jupyter-demo did not start: ImagePullBackOff: "${image}"` },
  progress: pulling,
};

export const hubScenarios: Readonly<Record<string, HubScenario>> = {
  hub: { summary: 'a server that starts, in about five seconds', spawn: happy },
  'hub-quick': { summary: 'a server that is ready at once', spawn: { startMs: 0, progress: plain } },
  'hub-slow': {
    summary: 'ready after 25 s: the response to the POST is 202 after 10 s',
    spawn: { startMs: 25_000, progress: each(said(30, 'Pulling image'), wait(20_000), said(80, 'Started')) },
  },
  'hub-silent': {
    summary: 'ready after 30 s without an event',
    spawn: { startMs: 30_000, progress: plain },
  },
  'hub-fail': { summary: 'the spawn fails, and the stream says why', spawn: failing },
  'hub-fail-slow': {
    summary: 'the spawn fails after a 202 to the POST',
    spawn: { ...failing, startMs: 13_000 },
  },
  'hub-quota': {
    summary: 'the spawn is refused with a text for the user',
    spawn: {
      startMs: 300,
      failure: {
        kind: 'told',
        message: 'Your quota is used up.',
        htmlMessage: 'Your quota is <b>used up</b>.',
      },
      progress: plain,
    },
  },
  'hub-refused': {
    summary: 'the Spawner refuses the POST with 403',
    spawn: {
      startMs: 200,
      failure: { kind: 'http', status: 403, text: 'No such profile: gpu' },
      progress: plain,
    },
  },
  'hub-no-reason': {
    summary: 'the spawn takes too long, and the Hub gives no reason',
    spawn: { startMs: null, startTimeoutMs: 6000, progress: pulling },
  },
  'hub-failed-before': {
    summary: 'a spawn has failed; the next gets 201 and is not ready for 13 s',
    spawn: { ...happy, startMs: 13_000 },
    before: 'failed',
  },
  'hub-failed-midway': {
    summary: 'an event says failed, and the server starts nevertheless',
    spawn: {
      startMs: 3000,
      progress: each(
        said(40, 'Pulling image'),
        wait(500),
        event({ progress: 50, failed: true, message: 'Node node-4 is gone' }),
        wait(500),
        said(60, 'Pulling image'),
      ),
    },
  },
  'hub-no-end': {
    summary: 'ready after 4 s; the stream ends after 1 s without an outcome, each time',
    spawn: { startMs: 4000, progress: each(said(30, 'before the bug'), wait(1000), bug) },
  },
  'hub-no-end-fail': {
    summary: 'the same, and the spawn fails',
    spawn: { ...failing, startMs: 4000, progress: each(said(30, 'before the bug'), wait(1000), bug) },
  },
  'hub-odd': {
    summary: 'ready, with events of every shape that a Spawner can send',
    spawn: findStory('odd', {}) ?? happy,
  },
  'hub-hostile': {
    summary: 'ready, with messages that attack a terminal',
    spawn: {
      startMs: 2500,
      progress: each(
        ...hostileMessages.flatMap((message, index) => [
          event({ progress: 20 + index, message, html_message: `<script>${message}</script>` }),
          wait(50),
        ]),
      ),
    },
  },
  'hub-exits': {
    summary: 'the process ends at once: the POST gets 500, and the spawn fails later',
    spawn: { startMs: 500, exits: 1, httpTimeoutMs: 14_000, progress: plain },
  },
  'hub-cancelled': {
    summary: 'another client stops the server while it starts: ready, then nothing is there',
    spawn: { ...happy, meanwhile: [[1500, 'cancel']] },
  },
  'hub-cancelled-stuck': {
    summary: 'the same, and the Hub says ready for good',
    spawn: { ...happy, cancelMs: 3000, meanwhile: [[1500, 'cancel']] },
  },
  'hub-shutdown': {
    summary: 'the Hub restarts in the middle: ready, then 503, then the spawn is forgotten',
    spawn: { ...happy, meanwhile: [[1500, { signal: 'SIGTERM', downMs: 4000 }]] },
  },
  'hub-killed': {
    summary: 'the Hub is killed: the stream stays open and silent, and the spawn is forgotten',
    spawn: { ...happy, meanwhile: [[1500, { signal: 'SIGKILL', downMs: 4000 }]] },
  },
  'hub-adopted': {
    summary: 'the Hub is killed, and finds the server when it is back',
    spawn: { ...happy, adopted: true, meanwhile: [[1500, { signal: 'SIGKILL', downMs: 4000 }]] },
  },
  'hub-dead': {
    summary: 'the server dies as soon as it is ready; the Hub notices after 30 s',
    spawn: { ...happy, livesMs: 1 },
  },
  'hub-late': {
    summary: 'ready; the server responds 5 s later',
    spawn: { ...happy, unreachableMs: 5000 },
  },
  'hub-deaf': { summary: 'ready; the server never responds', spawn: { ...happy, server: 'deaf' } },
  'hub-jupyter': { summary: 'Jupyter Server itself', spawn: { ...happy, server: 'jupyterlab' } },
  'hub-rstudio': {
    summary: 'a server without an API, which redirects everybody to the Hub to sign in',
    spawn: { ...happy, server: 'rstudio' },
  },
  'hub-page': { summary: 'a server that is not Jupyter', spawn: { ...happy, server: 'page' } },
  'hub-login': {
    summary: 'a proxy in front of the servers redirects everybody to a login page',
    spawn: { ...happy, server: 'login' },
  },
  'hub-forbidden': {
    summary: 'a proxy in front of the servers responds with a page and 403',
    spawn: { ...happy, server: 'forbidden' },
  },
  'hub-running': { summary: 'a server is running already', spawn: brisk, before: 'running' },
  'hub-was-dead': {
    summary: 'a server is there and has died: it is replaced',
    spawn: brisk,
    before: 'dead',
  },
  'hub-pending': { summary: 'another spawn is in progress already', spawn: happy, before: 'pending' },
  'hub-stopping': { summary: 'a server is being stopped, for 6 s', spawn: brisk, before: 'stopping' },
  'hub-stop-slow': {
    summary: 'a server that takes 14 s to stop: DELETE gets 202',
    spawn: { ...brisk, stopMs: 14_000 },
  },
  'hub-stop-fails': {
    summary: 'a server that cannot be stopped, which the Hub does not say',
    spawn: { ...brisk, stopFails: true },
  },
  'hub-busy': {
    summary: 'too many are starting: two POSTs get 429 and Retry-After',
    spawn: brisk,
    faults: { full: [2, 2] },
  },
  'hub-full': {
    summary: 'too many are running: the first POST gets 429',
    spawn: brisk,
    faults: { full: [null] },
  },
  'hub-away': {
    summary: 'the Hub is away for five requests',
    spawn: brisk,
    faults: { away: 5 },
  },
  'hub-scope': {
    summary: 'the token may not start servers: 403',
    spawn: brisk,
    scopes: ['read:users!user', 'read:servers!user'],
  },
  'hub-blind': {
    summary: 'the token may start servers and not see them (JupyterHub 6)',
    spawn: brisk,
    scopes: ['read:users!user', 'start:servers!user', 'delete:servers!user'],
  },
  'hub-hosts': {
    summary: 'servers have hosts of their own',
    spawn: happy,
    hosts: { host: 'localhost' },
  },
  'hub-capitals': {
    summary: 'servers have hosts of their own, and the user a name with capitals: never reachable',
    spawn: happy,
    hosts: { host: 'localhost' },
    user: 'Demo',
  },
  'hub-burst': {
    summary: 'ready; the stream brings nothing until the end, and then everything',
    spawn: {
      startMs: 4000,
      progress: {
        kind: 'burst',
        events: [
          [200, { progress: 1, message: '[info] Starting lab creation for demo' }],
          [800, { progress: 30, message: '[info] Created Kubernetes objects for user lab' }],
          [2000, { progress: 35, message: '[info] Successfully assigned userlabs-demo/demo-nb to node1' }],
          [4000, { progress: 75, message: '[info] Lab Kubernetes pod started for demo' }],
        ],
      },
    },
  },
};

export const hubScenarioNames: readonly string[] = Object.keys(hubScenarios);

export function findHubScenario(name: string): HubScenario | undefined {
  return Object.hasOwn(hubScenarios, name) ? hubScenarios[name] : undefined;
}
