/**
 * An open event stream as a backend hands it over: its bytes, and how to read them.
 */
import type { Decoder } from '../model/frame.js';

export interface EventStream {
  /** Ends with the server's end; throws when the connection is lost or aborted. */
  body: AsyncIterable<Uint8Array>;
  decode: Decoder;
}
