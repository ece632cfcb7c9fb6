/**
 * The names of the display modes, separate from the displays, so that the command line does not load a display to list
 * them.
 */
export const progressModes = ['auto', 'bar', 'plain', 'none'] as const;
export type ProgressMode = (typeof progressModes)[number];

export const outputModes = ['text', 'json', 'ndjson'] as const;
export type OutputMode = (typeof outputModes)[number];

export const colorModes = ['auto', 'always', 'never'] as const;
export type ColorMode = (typeof colorModes)[number];

export interface DisplayOptions {
  progress: ProgressMode;
  output: OutputMode;
  color: ColorMode;
  /** Errors only. */
  quiet: boolean;
}

/** Additional options of `lab events`. */
export interface EventsDisplayOptions {
  timestamps: boolean;
  comments: boolean;
  /** The event types to print; null for all. */
  types: ReadonlySet<string> | null;
  /** The body's bytes go to stdout, and nothing else does. */
  raw: boolean;
}
