/**
 * The names of the display modes, apart from the displays, so that the command line can know them without
 * loading any.
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

/** What `lab events` adds. */
export interface EventsDisplayOptions {
  timestamps: boolean;
  comments: boolean;
  /** The event types to print; null for all. */
  types: ReadonlySet<string> | null;
  /** The body's bytes go to stdout, and nothing else does. */
  raw: boolean;
}
