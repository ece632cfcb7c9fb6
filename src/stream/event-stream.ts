/**
 * An open event stream as a backend hands it over: its bytes, how to read them, and what to expect of it.
 */
import type { Decoder } from '../model/frame.js';

export interface EventStream {
  /** Ends with the server's end; throws when the connection is lost or aborted. */
  body: AsyncIterable<Uint8Array>;
  /** Frames to Events. It is called once for each frame of this body, in order, so it may remember what it has seen. */
  decode: Decoder;
  /**
   * What a new connection sends first. `whole`: everything since the operation began, byte for byte, so that repeated
   * frames are recognised, and other ones mean a new operation. `unknown`: perhaps the same, perhaps in other words, so
   * nothing follows from a difference.
   */
  replay: 'whole' | 'unknown';
  /** What proves that the connection is alive while there are no events: a comment, or bytes that are not even that. */
  heartbeat: 'comment' | 'bytes';
}
