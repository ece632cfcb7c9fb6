/**
 * Chooses the displays for a run from the options, the environment and the kinds of the streams.
 */
import { isCi } from '../runtime/ci.js';
import type { Context } from '../runtime/context.js';
import { Displays, type Display } from './display.js';
import type { EndingOptions } from './human.js';
import type { DisplayOptions, EventsDisplayOptions, ProgressMode } from './modes.js';
import { createTheme } from './theme.js';

/**
 * The progress mode in effect. A bar needs a terminal that can move its cursor and that has no other writer. If every
 * event already goes to stdout, progress is shown only on request.
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
  return capable && (progress === 'bar' || !isCi(env)) ? 'bar' : 'plain';
}

/** The displays for one run. Only those in use are loaded. */
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
  let layOut: EndingOptions['layOut'] = null;
  if (progress === 'bar') {
    const [{ BarDisplay }, { columnsOf, rowsOf }] = await Promise.all([
      import('./terminal/bar.js'),
      import('./terminal/rows.js'),
    ]);
    layOut = (message) => rowsOf(columnsOf(err), message, null, theme);
    all.push(new BarDisplay(err, theme, clock, context.jobs));
  } else if (progress === 'plain') {
    const { PlainDisplay } = await import('./lines/plain.js');
    all.push(new PlainDisplay(err, theme, clock));
  }
  const { EndingDisplay, WarningDisplay, TextDisplay } = await import('./human.js');
  if (progress === 'none' && !options.quiet) all.push(new WarningDisplay(err, theme));
  const isTextOnStdout = options.output === 'text';
  all.push(new EndingDisplay(err, theme, clock, { errorsOnly: progress === 'none', isTextOnStdout, layOut }));
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
