/**
 * Decides which changes of the connection get a line, and its wording.
 *
 * A lost stream is reported at once, and its return once; the attempts in between are not. A request that is retried is
 * reported only when that lasts: most often the next attempt succeeds, or the run ends and says why.
 */
import type { Input } from '../model/reducer.js';
import { logText } from '../model/text.js';

export interface ConnectionNews {
  text: string;
  isWarning: boolean;
}

/** Retries are reported when they have lasted this long, in milliseconds. */
const lasting = 5_000;

export class ConnectionReports {
  /** Whether the stream is lost, and its loss has been reported. */
  #isLost = false;
  /** When the first of the present attempts failed, in monotonic milliseconds. */
  #since = 0;
  #areRetriesReported = false;
  /** Whether the stream is back. Reported with the next input, which may be the start of a new operation. */
  #isBack = false;

  /** Takes every input in order. Returns what to report before it is shown; null for nothing. */
  report(input: Input): ConnectionNews | null {
    if (input.kind === 'connection') return this.#onChange(input);
    if (!this.#isBack) return null;
    this.#isBack = false;
    return { text: 'reconnected', isWarning: false };
  }

  #onChange({ state, attempt, reason, at }: Input & { kind: 'connection' }): ConnectionNews | null {
    const because = reason === null ? '' : `: ${logText(reason, 500)}`;
    switch (state) {
      case 'open':
      case 'resumed':
        this.#isBack = this.#isLost || this.#areRetriesReported;
        this.#isLost = false;
        this.#areRetriesReported = false;
        return null;
      case 'lost':
        this.#isLost = true;
        return { text: `event stream lost${because}; reconnecting`, isWarning: true };
      case 'retrying':
        if (attempt === 1) {
          this.#since = at;
          this.#areRetriesReported = false;
        }
        if (this.#isLost || this.#areRetriesReported || at - this.#since < lasting) return null;
        this.#areRetriesReported = true;
        return { text: `retrying${because}`, isWarning: true };
      case 'replaced': {
        const begun = 'a new operation has begun; progress starts over';
        const text = this.#isBack ? `reconnected: ${begun}` : begun;
        this.#isBack = false;
        return { text, isWarning: true };
      }
    }
  }
}
