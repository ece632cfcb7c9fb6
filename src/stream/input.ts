/**
 * What a frame or a comment of the stream is to the reducer.
 */
import type { Input, Stamp } from '../model/run.js';
import { decode } from './decode.js';
import type { FrameItem } from './frames.js';

export function inputOf(item: FrameItem, { at, time }: Stamp): Input {
  switch (item.kind) {
    case 'comment':
      return { at, time, kind: 'heartbeat', comment: item.text };
    case 'oversized': {
      const reason = `a frame above ${item.limit} bytes`;
      return { at, time, kind: 'skipped', reason, frame: null, type: null };
    }
    case 'frame': {
      const decoded = decode(item.frame);
      switch (decoded.kind) {
        case 'event':
          return { at, time, kind: 'event', event: decoded.event };
        case 'ping':
          return { at, time, kind: 'heartbeat', comment: item.frame.data };
        case 'invalid':
          return { at, time, kind: 'skipped', reason: decoded.reason, frame: item.frame, type: decoded.type };
      }
    }
  }
}
