/**
 * The recorded streams and exchanges in `test/captures`.
 */
import { readFileSync, readdirSync } from 'node:fs';

const root = new URL('../captures/', import.meta.url);

export interface StreamCapture {
  name: string;
  status: number;
  end: string;
  chunks: { at_ms: number; text: string }[];
}

export interface ExchangeCapture {
  name: string;
  request: { method: string; path: string; token: string; body: string };
  status: number;
  headers: Record<string, string>;
  body: string;
}

function load<T>(folder: string): T[] {
  return readdirSync(new URL(folder, root))
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({
      name: file.replace(/\.json$/, ''),
      ...(JSON.parse(readFileSync(new URL(`${folder}/${file}`, root), 'utf8')) as Omit<T, 'name'>),
    })) as T[];
}

export const streamCaptures = load<StreamCapture>('streams');
export const exchangeCaptures = load<ExchangeCapture>('exchanges');

export const eventSchema = JSON.parse(readFileSync(new URL('event.schema.json', root), 'utf8')) as unknown;

export function streamCapture(name: string): StreamCapture {
  const found = streamCaptures.find((capture) => capture.name === name);
  if (found === undefined) throw new Error(`no stream capture ${name}`);
  return found;
}

export function exchangeCapture(name: string): ExchangeCapture {
  const found = exchangeCaptures.find((capture) => capture.name === name);
  if (found === undefined) throw new Error(`no exchange capture ${name}`);
  return found;
}

/** All of a stream's body. */
export function bodyOf(capture: StreamCapture): string {
  return capture.chunks.map(({ text }) => text).join('');
}
