/**
 * An open event stream as a backend provides it: its bytes, its decoder, and its guarantees.
 */
import type { Decoder } from '../model/frame.js';

export interface EventStream {
  /** Ends when the server ends the stream; throws when the connection is lost or aborted. */
  body: AsyncIterable<Uint8Array>;
  /** Decodes frames to Events. Called once for each frame of this body, in order, so it may keep state. */
  decode: Decoder;
  /**
   * What a new connection sends first. `whole`: everything since the operation began, byte for byte, so that repeated
   * frames are recognised, and different ones mean a new operation. `unknown`: possibly the same events in another
   * form, so a difference proves nothing.
   */
  replay: 'whole' | 'unknown';
  /** What proves that the connection is alive while there are no events: a comment, or any bytes. */
  heartbeat: 'comment' | 'bytes';
  /**
   * A connection without a byte for this long is considered lost, in milliseconds; omitted if the reader's own limit is
   * right. An explicit `--idle-timeout` wins.
   */
  idleTimeout?: number;
}
