/**
 * Frames to bytes, without any of the program's own code.
 */
import type { Frame, Story } from './story.js';

type Wire = Pick<Story['wire'], 'lineEnd' | 'utf8' | 'pings'>;

/** More than the reader keeps. */
const tooMuch = Buffer.alloc(16 * 1024 * 1024 + 200_000, 'x').toString();

export function encodeFrame(frame: Frame, wire: Wire): Buffer {
  switch (frame.kind) {
    case 'event': {
      const progress = frame.progress === null ? '' : `, "progress": ${frame.progress}`;
      return lines(
        [`event: ${frame.type}`, `data: {"message": ${text(frame.message, wire)}${progress}}`],
        wire,
      );
    }
    case 'broken':
      return lines([...(frame.name === null ? [] : [`event: ${frame.name}`]), `data: ${frame.data}`], wire);
    case 'oversized':
      return lines(['event: info', `data: ${tooMuch}`], wire);
  }
}

export function encodePing(at: number, wire: Wire): Buffer {
  const stamp = new Date(at).toISOString();
  return wire.pings === 'comment'
    ? lines([`: ping - ${stamp}`], wire)
    : lines(['event: ping', `data: ${stamp}`], wire);
}

/** Bytes before the end of a frame at which it is complete: a CR ends its line, regardless of the next byte. */
export function slack({ lineEnd }: Wire): number {
  return lineEnd === '\r\n' ? 1 : 0;
}

function text(message: string, { utf8 }: Wire): string {
  const json = JSON.stringify(message);
  if (utf8) return json;
  return json.replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function lines(each: readonly string[], { lineEnd }: Wire): Buffer {
  return Buffer.from([...each, '', ''].join(lineEnd));
}
