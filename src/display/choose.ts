/**
 * Which displays a run gets: from the options, the environment and what the streams are.
 */
import type { Context } from '../runtime/context.js';
import { Displays, type Display } from './display.js';
import type { DisplayOptions, EventsDisplayOptions, ProgressMode } from './modes.js';
import { createTheme } from './theme.js';

/**
 * How progress is really shown. A bar needs a terminal that can move its cursor, and that nothing else writes
 * to; where stdout tells every event already, a second telling is shown only if asked for.
 */
export function effectiveProgress(
  { progress, output, quiet }: DisplayOptions,
  { out, err, env }: Pick<Context, 'out' | 'err' | 'env'>,
  eventsOnStdout: boolean,
): Exclude<ProgressMode, 'auto'> {
  const streaming = eventsOnStdout || output === 'ndjson';
  if (quiet || (progress === 'auto' && streaming)) return 'none';
  if (progress === 'plain' || progress === 'none') return progress;
  const capable = err.isTTY === true && env['TERM'] !== 'dumb';
  if (capable && streaming && out.isTTY === true) return 'none';
  return capable && (progress === 'bar' || !underCi(env)) ? 'bar' : 'plain';
}

function underCi(env: Context['env']): boolean {
  const ci = env['CI'];
  return ci !== undefined && ci !== '' && ci !== '0' && ci !== 'false';
}

/** The displays for one run. Each is loaded only when it is used. */
export async function chooseDisplay(
  context: Context,
  options: DisplayOptions,
  events: EventsDisplayOptions | null = null,
): Promise<Display> {
  const { err, clock } = context;
  const progress = effectiveProgress(options, context, events !== null);
  // Lines for a log have no colours unless these are forced.
  const theme = createTheme(options.color, progress !== 'plain' && err.isTTY === true, context.env);

  const all: Display[] = [];
  if (progress === 'bar') {
    const { BarDisplay } = await import('./terminal/bar.js');
    all.push(new BarDisplay(err, theme, clock, context.jobs));
  } else if (progress === 'plain') {
    const { PlainDisplay } = await import('./lines/plain.js');
    all.push(new PlainDisplay(err, theme, clock));
  }
  const { EndingDisplay, WarningDisplay, TextDisplay } = await import('./human.js');
  if (progress === 'none' && !options.quiet) all.push(new WarningDisplay(err, theme));
  all.push(new EndingDisplay(err, theme, progress === 'none', clock));
  all.push(await outputDisplay(context, options, events, () => new TextDisplay(context.out)));
  return new Displays(...all);
}

async function outputDisplay(
  { out, clock, env }: Context,
  { output, color }: DisplayOptions,
  events: EventsDisplayOptions | null,
  text: () => Display,
): Promise<Display> {
  if (output !== 'text') {
    const { JsonDisplay } = await import('./json.js');
    return new JsonDisplay(out, clock, {
      stream: output === 'ndjson',
      comments: events === null || events.comments,
      types: events?.types ?? null,
    });
  }
  if (events === null || events.raw) return text();
  const { EventsTextDisplay } = await import('./lines/events-text.js');
  return new EventsTextDisplay(out, createTheme(color, out.isTTY === true, env), events);
}
