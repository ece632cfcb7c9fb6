/**
 * The captures of real Hubs, and how two responses are compared.
 *
 * Owns what is left out of the comparison: dates, ports, ids, tokens, and where a capture was cut. User models compare as
 * parsed JSON, because their keys change places with every start of a Hub.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import type { Reply } from './client.js';

export type Release = '4.1.6' | '5.5.4' | '6.1.1';
/** A folder of captures. */
export type Folder = Release | 'rubin-5.5.4' | 'subdomain-5.5.4' | 'subdomain-6.1.1';

export interface Exchange {
  request: {
    method: string;
    path: string;
    token: string | null;
    scheme?: string;
    host?: string;
    headers?: Record<string, string>;
    body?: string;
  };
  status: number;
  reason: string;
  headers: Record<string, string>;
  body: string;
}

export interface Stream {
  path: string;
  host?: string;
  status: number;
  headers: Record<string, string>;
  end: string;
  end_ms: number;
  chunks: { at_ms: number; text: string }[];
}

interface Scenario {
  exchanges: Record<string, Exchange>;
  streams: Record<string, Stream>;
}

const root = new URL('../../captures/hub/', import.meta.url);
const nothing: Scenario = { exchanges: {}, streams: {} };

export function readScenario(folder: Folder, name: string): Scenario {
  const file = new URL(`${folder}/${name}.json`, root);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Scenario) : nothing;
}

/** The names of all captures of a folder, as `SCENARIO.STEP`. */
export function capturesIn(folder: Folder): string[] {
  const files = readdirSync(new URL(`${folder}/`, root)).sort();
  return files.flatMap((file) => {
    const name = file.replace(/\.json$/, '');
    const { exchanges, streams } = readScenario(folder, name);
    return [...Object.keys(exchanges), ...Object.keys(streams)].map((step) => `${name}.${step}`);
  });
}

export const isCut = (text: string): boolean => /\.\.\.\[\d+ characters[^\]]*\]$/.test(text);

/** What differs from one run to the next. */
function neutral(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/g, 'DATE')
    .replace(/(127\.0\.0\.1|\.test):\d+/g, '$1:PORT')
    .replace(/%3A\d{5}%2F/g, '%3APORT%2F')
    .replace(/%253A\d{5}%252F/g, '%253APORT%252F')
    .replace(/"pid": \d+/g, '"pid": PID')
    .replace(/"(token_id|id)": "a\d+"/g, '"$1": "ID"')
    .replace(/"token": "[0-9a-f]{32}"/g, '"token": "TOKEN"')
    .replace(/"_xsrf": "[^"]*"/g, '"_xsrf": "VALUE"')
    .replace(/\d\d?\|1:0\|10:\d+\|[^;"]*/g, 'SIGNED');
}

/** Cookies keep their names and attributes. */
function neutralCookies(cookies: string): string {
  return cookies
    .replace(/^([^=]+)=("?)[^;"]*\2/gm, (_, name: string, quote: string) => `${name}=${quote}VALUE${quote}`)
    .replace(/expires=[^;]*/g, 'expires=DATE');
}

/** Keys that newer releases added, and the list that they extended. */
const added: Readonly<Record<Release, readonly string[]>> = {
  '6.1.1': [],
  '5.5.4': ['display_name', 'user_info', 'scopes'],
  '4.1.6': ['display_name', 'user_info', 'scopes', 'full_name', 'full_url', 'full_progress_url', 'token_id'],
};

/** JSON as a value that compares: without what is neutral, and with scopes in order. */
function parsed(body: string, without: readonly string[]): unknown {
  return JSON.parse(neutral(body).replace(/: PID/g, ': 0'), (key, value: unknown) => {
    if (without.includes(key)) return undefined;
    if (key === 'scopes' && Array.isArray(value)) return [...(value as string[])].sort();
    return value;
  });
}

const isJson = (headers: Record<string, string>): boolean => headers['content-type'] === 'application/json';

/**
 * Fails unless the reply is the captured one. `own`: the capture is of this release, and does not only stand for it;
 * `pageOnly`: its body does not count (not-reproduced.ts).
 */
export function sameReply(
  reply: Reply,
  capture: Exchange,
  { release, own, pageOnly }: { release: Release; own: boolean; pageOnly: boolean },
  name: string,
): void {
  const without = own ? [] : added[release];
  const shown = `${name} (${release})`;
  assert.equal(reply.status, capture.status, `${shown}: status; body ${reply.body.slice(0, 300)}`);
  assert.equal(reply.reason, capture.reason, `${shown}: reason`);
  sameHeaders(reply.headers, capture.headers, release, shown);
  if (pageOnly) return;
  const expected = capture.body.replaceAll('6.1.1', release);
  const models = /\/(users?|users\/[^/]+|tokens)$/.test(capture.request.path.split('?')[0] ?? '');
  if (isJson(capture.headers) && (models || without.length > 0)) {
    assert.deepEqual(parsed(reply.body, without), parsed(expected, without), `${shown}: body`);
  } else {
    assert.equal(neutral(reply.body), neutral(expected), `${shown}: body`);
  }
  if ('etag' in reply.headers) {
    const hash = createHash('sha1').update(reply.body).digest('hex');
    assert.equal(reply.headers['etag'], `"${hash}"`, `${shown}: etag`);
  }
}

export function sameHeaders(
  found: Record<string, string>,
  captured: Record<string, string>,
  release: Release,
  shown: string,
): void {
  assert.deepEqual(Object.keys(found), Object.keys(captured), `${shown}: names of headers, in their order`);
  for (const [header, value] of Object.entries(captured)) {
    if (['date', 'etag', 'content-length'].includes(header)) continue;
    const expected = ofRelease(header, value, release);
    const clean = header === 'set-cookie' ? neutralCookies : neutral;
    assert.equal(clean(found[header] ?? ''), clean(expected), `${shown}: ${header}`);
  }
}

/** What a capture of 6.1.1 would be of another release. */
function ofRelease(header: string, value: string, release: Release): string {
  if (header === 'x-jupyterhub-version') return release;
  const python = { '6.1.1': '3.13.0', '5.5.4': '3.12.1', '4.1.6': '3.11.7' }[release];
  return header === 'server' ? value.replace(/(?<=^standin Python\/).*/, python) : value;
}

/** All of a stream's text, with the omitted part of the large event filled in again. */
export function streamText({ chunks }: Pick<Stream, 'chunks'>): string {
  const whole = chunks.map(({ text }) => {
    const cut = /^([^]*)\.\.\.\[(\d+) characters\]$/.exec(text);
    return cut ? (cut[1] ?? '').padEnd(Number(cut[2]), 'x') : text;
  });
  return neutral(whole.join('').replace(/x{100}x*(?=data: )/, (xs) => `${xs.slice(0, -4)}"}\n\n`));
}

export { neutral };
