/**
 * The event stream as text on stdout, one line for each event: what `lab events` shows by default. It shows the stream as
 * it is, so each line begins with the type of the event.
 */
import type { Output } from '../../runtime/context.js';
import type { Input, RunState } from '../../model/reducer.js';
import { Batch } from './batch.js';
import { SilentDisplay } from '../display.js';
import { asItIs, skippedMessage, typedEventLine, typedLine } from '../messages.js';
import { logText } from '../../model/text.js';
import type { Theme } from '../theme.js';

export interface EventsTextOptions {
  timestamps: boolean;
  comments: boolean;
  /** The event types to print. */
  types: ReadonlySet<string> | null;
}

export class EventsTextDisplay extends SilentDisplay {
  readonly #lines: Batch;
  readonly #theme: Theme;
  readonly #options: EventsTextOptions;

  constructor(out: Output, theme: Theme, options: EventsTextOptions) {
    super();
    this.#lines = new Batch(out);
    this.#theme = theme;
    this.#options = options;
  }

  override show(_state: RunState, input: Input): void {
    const line = this.#line(input);
    if (line === null) return;
    const time = this.#options.timestamps ? `${new Date(input.time).toISOString()}  ` : '';
    this.#lines.add(`${time}${line}`);
  }

  override flush(): void {
    this.#lines.flush();
  }

  #line(input: Input): string | null {
    switch (input.kind) {
      case 'event':
        return this.#options.types?.has(input.event.type) === false
          ? null
          : typedEventLine(input.event, this.#theme);
      case 'skipped': {
        const { text, paint } = skippedMessage(input, this.#theme);
        return typedLine('skipped', paint, null, text);
      }
      case 'heartbeat':
        return this.#options.comments
          ? typedLine('comment', asItIs, null, logText(input.comment) || '(blank line)')
          : null;
      default:
        return null;
    }
  }
}
