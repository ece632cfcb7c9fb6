/**
 * Decodes a frame of the Hub's progress stream into an Event (contract, "The progress stream").
 *
 * A Spawner may yield anything, and the Hub passes it on, so nothing about a frame is trusted and nothing here throws.
 * Owns what the keys mean. Whether a `failed` is the last frame of its stream is known by `progress-body.ts`.
 */
import type { Decoded, Decoder } from '../../model/frame.js';
import { skim } from '../../stream/skim.js';
import { textOfHtml } from './html.js';

/** Data longer than this, in UTF-16 units, is not parsed whole. */
const largeData = 64 * 1024;

/** What the Hub writes before the reason, which may be empty: a start timeout has none. */
const prefix = 'Spawn failed:';

/** The prefix of NubladoSpawner's errors. Its `failed` has no reason; the last of these errors does. */
const errorMark = '[error] ';

/**
 * A decoder for one connection. `isLast` says whether the frame being decoded ended the stream: only the Hub's own `failed`
 * does, and a Spawner may write `failed` into any event.
 */
export function createDecoder(isLast: () => boolean): Decoder {
  /** The last errors, the newest first. NubladoSpawner repeats its `failed` as an error, after the one with the reason. */
  let errors: string[] = [];
  return ({ data }) => {
    const members = parse(data);
    if (typeof members === 'string') return invalid(members);
    const { ready, failed } = members;
    const message = messageOf(members);
    const progress = percentOf(members);
    if (ready === true) return decoded('complete', message ?? 'The server is ready', progress);
    if (failed === true && isLast()) return decoded('failed', withReason(message ?? '', errors), progress);
    if (message === null && progress === null) return invalid('neither a message nor a progress');
    // 100 is reserved for a ready server, so other events show at most 99.
    const shown = progress === null ? null : Math.min(progress, 99);
    if (failed !== true && message?.startsWith(errorMark) !== true)
      return decoded('info', message ?? '', shown);
    if (message !== null) errors = [withoutMark(message), ...errors].slice(0, 2);
    return decoded('error', message ?? '', shown);
  };
}

type Members = Partial<Record<'message' | 'html_message' | 'progress' | 'ready' | 'failed', unknown>>;

/** The members of the object, or the reason why the data is not an object. */
function parse(data: string): Members | string {
  let value: unknown;
  try {
    value =
      data.length <= largeData
        ? JSON.parse(data)
        : skim(data, ['message', 'html_message', 'progress', 'ready', 'failed']);
  } catch {
    return 'the data is not JSON';
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Members) : 'the data is not a JSON object';
}

function messageOf({ message, html_message: html }: Members): string | null {
  if (typeof message === 'string') return message;
  return typeof html === 'string' ? textOfHtml(html) : null;
}

/** A whole number of percent from 1 to 100. */
function percentOf({ progress }: Members): number | null {
  if (typeof progress !== 'number' || !(progress >= 1 && progress <= 100)) return null;
  return Math.floor(progress);
}

/** The message of a failed spawn. If the Hub gives no reason, the last error replaces it. */
function withReason(message: string, errors: readonly string[]): string {
  const reason = message.startsWith(prefix) ? message.slice(prefix.length).trim() : message.trim();
  const text = reason === '' ? `${prefix} no reason given (start timeout?)` : message;
  const error = errors.find((each) => !text.includes(each));
  return error === undefined ? text : `${text}; the last error was: ${error}`;
}

function withoutMark(message: string): string {
  return message.startsWith(errorMark) ? message.slice(errorMark.length) : message;
}

function decoded(
  type: 'info' | 'error' | 'complete' | 'failed',
  message: string,
  progress: number | null,
): Decoded {
  return { kind: 'event', event: { type, message, progress } };
}

function invalid(reason: string): Decoded {
  return { kind: 'invalid', reason, type: null };
}
