/**
 * The stories of a scripted Spawner: a server's options choose one with `{"story": NAME, "arg": X}`.
 *
 * Owns what each of them does. They were also played on real Hubs, and the captures hold the results; the scenarios
 * of a demo belong to scenarios.ts.
 */
import { bug, each, event, plain, said, wait, type ProgressStep, type SpawnStory } from './story.js';

/** The `arg` of the options, and two optional timeouts in seconds. */
export interface StoryOptions {
  arg?: unknown;
  start_timeout?: unknown;
  http_timeout?: unknown;
}

/** Eleven steps, one per second. */
const steps = each(
  ...Array.from({ length: 11 }, (_, index) => [
    said((index + 1) * 9, `step ${index + 1} of 11`),
    wait(1000),
  ]).flat(),
);

/** Every shape of event that a Spawner can yield, and an invalid one at the end. */
const odd: readonly unknown[] = [
  { message: 'no progress field' },
  { progress: 10, html_message: 'only <b>html</b>' },
  { progress: 5, message: 'going back' },
  { progress: 12.5, message: 'a float' },
  { progress: '13', message: 'a string' },
  { progress: null, message: 'null progress' },
  { progress: 150, message: 'above 100' },
  { progress: -1, message: 'below 0' },
  { progress: 100, message: '100 and not ready' },
  { progress: 20, message: '' },
  { progress: 21, message: 'lines\nof\r\ntext\u2028sep' },
  { progress: 22, message: 'esc \u001b[31mred\u001b[0m nul \0 del \u007f' },
  { progress: 23, message: '日本語 🚀 \u202ertl' },
  { progress: 24, message: null },
  { progress: 25, message: ['a', 'list'] },
  {},
  { progress: 30, message: 'with more', raw_event: { type: 'Normal' }, extra: [1] },
  'a bare string',
];

function* ticks(): Generator<ProgressStep> {
  for (let count = 1; ; count++) {
    yield event({ message: `tick ${count}` });
    yield wait(500);
  }
}

type Write = (seconds: (otherwise: number) => number, arg: unknown) => SpawnStory;

const stories: Readonly<Record<string, Write>> = {
  quick: () => ({ startMs: 0, progress: plain }),
  slow: (seconds) => ({ startMs: seconds(12), progress: steps }),
  silent: (seconds) => ({ startMs: seconds(30), progress: plain }),
  'stop-slow': (seconds) => ({ startMs: seconds(3), progress: steps, stopMs: 14_000 }),
  'stop-fail': (seconds) => ({ startMs: seconds(3), progress: steps, stopFails: true }),
  'stop-hang': () => ({ startMs: 0, progress: plain, stopMs: null }),
  'early-end': (seconds) => ({ startMs: seconds(3), progress: each(said(60, 'all said')) }),
  endless: (seconds) => ({ startMs: seconds(3), progress: { kind: 'each', steps: ticks } }),
  odd: (seconds) => ({
    startMs: seconds(3),
    progress: each(...odd.flatMap((value) => [event(value), wait(50)]), bug),
  }),
  huge: (seconds) => ({
    startMs: seconds(3),
    progress: each(said(30, 'x'.repeat(2 ** 20)), said(31, 'after')),
  }),
  sneaky: (seconds) => ({
    startMs: seconds(3),
    progress: each(
      event({ progress: 40, ready: true, message: 'sneaky ready', url: '/nowhere/' }),
      wait(300),
      event({ progress: 50, failed: true, message: 'sneaky failed' }),
    ),
  }),
  'progress-raises': (seconds) => ({
    startMs: seconds(3),
    progress: each(said(30, 'before the bug'), wait(500), bug),
  }),
  'progress-badjson': (seconds) => ({ startMs: seconds(3), progress: each(said(30, 'before'), bug) }),
  fail: (_, arg) => ({
    startMs: 0,
    failure: { kind: 'exception', text: typeof arg === 'string' ? arg : 'boom: no such image' },
    progress: plain,
  }),
  'fail-slow': (seconds) => ({
    startMs: seconds(4),
    failure: {
      kind: 'exception',
      text: 'boom after a while: <b>not html</b> \u001b[31mred\u001b[0m 日本',
    },
    progress: each(said(25, 'Pulling image'), wait(1000), said(50, 'Back-off pulling image')),
  }),
  'fail-told': (seconds) => ({
    startMs: seconds(0),
    failure: {
      kind: 'told',
      message: 'Your quota is used up.',
      htmlMessage: 'Your quota is <b>used up</b>.',
    },
    progress: plain,
  }),
  'fail-http': (_, arg) => ({ startMs: 0, failure: refusal(arg), progress: plain }),
  'fail-http-slow': (_, arg) => ({ startMs: 3000, failure: refusal(arg), progress: plain }),
  'start-timeout': () => ({ startMs: null, progress: plain }),
  'http-timeout': () => ({ startMs: 0, mute: true, progress: plain }),
  'slow-listen': (seconds) => ({ startMs: 0, listenMs: seconds(4), progress: plain }),
  exits: (_, arg) => ({ startMs: 0, exits: Number(arg ?? 7), progress: plain }),
  dies: (seconds) => ({ startMs: 0, livesMs: seconds(6), progress: plain }),
  'cancel-slow': () => ({ startMs: null, cancelMs: 3000, progress: plain }),
  real: () => ({ startMs: 0, listenMs: 3000, server: 'jupyter', stopMs: 2000, progress: plain }),
};

function refusal(arg: unknown): { kind: 'http'; status: number; text: string } {
  return { kind: 'http', status: Number(arg ?? 409), text: 'a text for the log' };
}

/** The story that the options choose; undefined if its name is unknown. */
export function findStory(name: unknown, options: StoryOptions): SpawnStory | undefined {
  if (typeof name !== 'string' || !Object.hasOwn(stories, name)) return undefined;
  const { arg } = options;
  const story = stories[name]?.((otherwise) => Number(arg ?? otherwise) * 1000, arg);
  return story && { ...story, ...timeouts(options) };
}

/** The timeouts in the options, in milliseconds. */
function timeouts({ start_timeout: start, http_timeout: http }: StoryOptions): Partial<SpawnStory> {
  return {
    ...(start === undefined ? {} : { startTimeoutMs: Number(start) * 1000 }),
    ...(http === undefined ? {} : { httpTimeoutMs: Number(http) * 1000 }),
  };
}

export const storyNames: readonly string[] = Object.keys(stories);
