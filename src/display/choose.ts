/**
 * Which displays a run gets: from the options, the environment and what the streams are.
 */
import type { Context } from '../context.js';
import { Displays, type Display } from './display.js';
import type { DisplayOptions, EventsDisplayOptions, ProgressMode } from './modes.js';
import { createTheme } from './theme.js';

/** How progress is really shown: a bar needs a terminal that can move its cursor. */
export function effectiveProgress(
  { progress, output, quiet }: DisplayOptions,
  { err, env }: Pick<Context, 'err' | 'env'>,
): Exclude<ProgressMode, 'auto'> {
  if (quiet) return 'none';
  const capable = err.isTTY === true && env['TERM'] !== 'dumb';
  if (progress === 'bar') return capable ? 'bar' : 'plain';
  if (progress !== 'auto') return progress;
  if (output === 'ndjson') return 'none';
  return capable && !underCi(env) ? 'bar' : 'plain';
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
  const theme = createTheme(options.color, err, context.env);
  // The events themselves are on stdout; a second telling on stderr would only be in the way.
  const progress =
    events !== null && options.progress === 'auto' ? 'none' : effectiveProgress(options, context);

  const all: Display[] = [];
  if (progress === 'bar') {
    const { BarDisplay } = await import('./bar.js');
    all.push(new BarDisplay(err, theme, clock, context.jobs));
  } else if (progress === 'plain') {
    const { PlainDisplay } = await import('./plain.js');
    all.push(new PlainDisplay(err, theme, clock));
  }
  const { EndingDisplay, WarningDisplay, TextDisplay } = await import('./human.js');
  if (progress === 'none' && !options.quiet) all.push(new WarningDisplay(err, theme));
  all.push(new EndingDisplay(err, theme, progress === 'none'));
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
  const { EventsTextDisplay } = await import('./events-text.js');
  return new EventsTextDisplay(out, createTheme(color, out, env), events);
}
