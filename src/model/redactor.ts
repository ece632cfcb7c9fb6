/**
 * Removes secrets from text of other origin: from a server, which may echo what it was sent, or from a library.
 *
 * Owns what counts as a secret, the forms in which one may be written, and the search for them. Leaves to its callers
 * (the stream and the controller) which text is free text. They must redact text before it is cut or encoded, because
 * half a secret, or one in another encoding, would not be found.
 */

import {
  backslash,
  codePoint,
  cutOffEscapes,
  longestCharacter,
  nothing,
  percent,
  plus,
  readings,
  space,
  type Use,
} from './readings.js';

/** Text without its secrets. */
export type Redact = (text: string) => string;

export interface Secrets {
  /** Tokens, cookies, passwords: secret at any length. */
  credentials: readonly string[];
  /** Values that may be secret, such as those of `--env`. Short ones are ignored: they would match ordinary words. */
  values: readonly string[];
}

export interface Redactor {
  redact: Redact;
  /** The same for text that arrives in pieces; a secret may be split between two of them. */
  inPieces(): PieceRedactor;
}

/** A redactor for secrets that are not all known at the beginning, such as those that a server sets. */
export interface GrowingRedactor extends Redactor {
  /** Adds secrets, for text that arrives from now on. Short ones are ignored, like short values. */
  add(values: readonly string[]): void;
}

export interface PieceRedactor {
  /** Adds a piece; returns the text that can be shown now. */
  push(text: string): string;
  /** Returns the rest of the text. */
  end(): string;
}

/** Values, and lines of values, with fewer characters are not treated as secrets. */
const shortest = 8;

const replacement = '[secret]';

export function createRedactor(secrets: Secrets): Redactor {
  const found = finderOf(secrets);
  return found === null
    ? noSecrets
    : { redact: found.redact, inPieces: () => createPieceRedactor(found.search) };
}

/** How many added secrets are kept, the latest: each one makes redaction slower. */
const mostAdded = 64;

export function createGrowingRedactor({ credentials, values }: Secrets): GrowingRedactor {
  let added: readonly string[] = [];
  let found = finderOf({ credentials, values });
  const search: Search = (text, cutOff = text.length) =>
    found === null ? { places: [], open: cutOff } : found.search(text, cutOff);
  return {
    add(more) {
      added = [...added.filter((value) => !more.includes(value)), ...more].slice(-mostAdded);
      found = finderOf({ credentials, values: [...values, ...added] });
    },
    redact: (text) => (found === null ? text : found.redact(text)),
    inPieces: () => createPieceRedactor(search),
  };
}

interface Finder {
  redact: Redact;
  search: Search;
}

/** Null if there are no secrets to find. */
function finderOf({ credentials, values }: Secrets): Finder | null {
  const long = values.flatMap((value) => [value, ...value.split(/[\r\n]+/)]);
  const secrets = [...credentials, ...long.filter((value) => value.length >= shortest)]
    .map((secret) => secret.replace(/[\r\n]+/g, '\n').replace(/^\n|\n$/g, ''))
    .filter((secret) => secret !== '');
  const needles = [...new Set(secrets)];
  if (needles.length === 0) return null;

  const search = createSearch(needles);
  const encoded = needles.some((secret) => secret.includes(' ')) ? encodedOrPlus : encodedText;
  // Nearly all text has neither escapes nor line ends; then it can contain a secret only literally.
  const mayHoldOne = (text: string): boolean =>
    encoded.test(text) || needles.some((secret) => text.includes(secret));
  return { redact: (text) => (mayHoldOne(text) ? replace(text, search(text)) : text), search };
}

const encodedText = /[\\\r\n]|%[0-9a-f]{2}/i;
const encodedOrPlus = /[\\\r\n+]|%[0-9a-f]{2}/i;

interface Found {
  /** The positions of the secrets in the text, in order: the beginning and the end of each. */
  places: readonly number[];
  /** The beginning of the first secret that the text may contain only partly; the text's length if there is none. */
  open: number;
}

/** `cutOff` is the start of characters that the end of the text may have cut off. */
type Search = (text: string, cutOff?: number) => Found;

const lf = 0x0a;
const cr = 0x0d;

/**
 * The search for all secrets in one pass, in every form and mixture of forms.
 *
 * A position in a text can be read in several ways: `\\u0041` as a backslash or as an A. All readings are followed at
 * the same time, as in the simulation of a nondeterministic automaton. So the time for any text, even a malicious one,
 * is bounded by its length times the length of the secrets. A regular expression would backtrack through the readings.
 */
function createSearch(secrets: readonly string[]): Search {
  /** The code points of all secrets, concatenated, with `nothing` after each. */
  const expected: number[] = [];
  /** The start positions in `expected` of the secrets with this first code point. */
  const beginnings = new Map<number, number[]>();
  for (const secret of secrets) {
    const points = Array.from(secret, codePoint);
    const [first = nothing] = points;
    beginnings.set(first, [...(beginnings.get(first) ?? []), expected.length]);
    expected.push(...points, nothing);
  }
  /** For each UTF-16 unit, whether a secret may begin with it: 1 or 0. */
  const mayBegin = new Uint8Array(0x10000);
  for (const point of [...beginnings.keys(), backslash, percent]) mayBegin[firstUnit(point)] = 1;
  if (beginnings.has(space)) mayBegin[plus] = 1;
  /**
   * For each of the next positions in the text, pairs of numbers (the first `sizes[…]` items of an array): an index
   * into `expected`, and where that secret began. Reused for all texts, because allocating it takes longer than most
   * searches.
   */
  const waiting = Array.from({ length: longestCharacter }, (): number[] => []);
  const sizes = new Uint32Array(longestCharacter);

  return (text, cutOff = text.length) => {
    const places: number[] = [];
    let open = cutOff;
    /** How many pairs are waiting. */
    let count = 0;
    const wait = (index: number, start: number, end: number): void => {
      if (expected[index] === nothing) {
        add(places, start, end);
        return;
      }
      if (end >= cutOff) open = Math.min(open, start);
      const slot = end % longestCharacter;
      const pairs = waiting[slot] ?? none;
      const size = sizes[slot] ?? 0;
      for (let i = 0; i < size; i += 2) {
        if (pairs[i] !== index) continue;
        pairs[i + 1] = Math.min(start, pairs[i + 1] ?? start);
        return;
      }
      pairs[size] = index;
      pairs[size + 1] = start;
      sizes[slot] = size + 2;
      count += 1;
    };
    let at = 0;
    const use: Use = (point, end) => {
      for (const index of beginnings.get(point) ?? none) wait(index + 1, at, end);
      const slot = at % longestCharacter;
      const pairs = waiting[slot] ?? none;
      const size = sizes[slot] ?? 0;
      const isLineEnd = point === lf || point === cr;
      for (let i = 0; i < size; i += 2) {
        const index = pairs[i] ?? 0;
        const start = pairs[i + 1] ?? 0;
        if (expected[index] === (isLineEnd ? lf : point)) wait(index + 1, start, end);
        // Line ends may stand between any two characters.
        if (isLineEnd) wait(index, start, end);
      }
    };
    for (; at < text.length; at++) {
      if (count === 0 && mayBegin[text.charCodeAt(at)] === 0) continue;
      readings(text, at, use);
      const slot = at % longestCharacter;
      count -= (sizes[slot] ?? 0) / 2;
      sizes[slot] = 0;
    }
    sizes.fill(0);
    return { places, open };
  };
}

function firstUnit(point: number): number {
  return String.fromCodePoint(point).charCodeAt(0);
}

const none: number[] = [];

/**
 * Adds a position. If secrets overlap, or one begins with another, they are merged, so that no part of either remains.
 * A secret that ends before another begins is found first, so nothing is ever inserted in the middle.
 */
function add(places: number[], start: number, end: number): void {
  let [from, to] = [start, end];
  while (places.length > 0 && from < (places.at(-1) ?? 0)) {
    to = Math.max(to, places.pop() ?? 0);
    from = Math.min(from, places.pop() ?? 0);
  }
  places.push(from, to);
}

/** Maximum number of pieces joined at once: a text of mostly secrets would otherwise take many times its own memory. */
const mostPieces = 1024;

/** The text up to `until`, with the secrets at these positions replaced. */
function replace(text: string, { places }: Found, until = text.length): string {
  let result = '';
  let pieces: string[] = [];
  let shown = 0;
  for (let i = 0; i < places.length; i += 2) {
    const [start = 0, end = 0] = [places[i], places[i + 1]];
    if (end > until) break;
    pieces.push(text.slice(shown, start), replacement);
    shown = end;
    if (pieces.length < mostPieces) continue;
    result += pieces.join('');
    pieces = [];
  }
  if (shown === 0) return text.slice(0, until);
  return result + pieces.join('') + text.slice(shown, until);
}

/** Maximum text held back, in UTF-16 units: a secret that is spread over more text is no longer recognised. */
const mostHeld = 64 * 1024;

function createPieceRedactor(search: Search): PieceRedactor {
  let held = '';
  return {
    push(text) {
      const all = held + text;
      const found = search(all, cutOffEscapes(all));
      const { places, open } = found;
      // A secret may be the beginning of a longer one, or overlap with one that is not complete.
      const across = places.findIndex((place, i) => i % 2 === 1 && open < place);
      const begun = across === -1 ? open : Math.min(open, places[across - 1] ?? open);
      const until = all.length - begun > mostHeld ? all.length : begun;
      held = all.slice(until);
      return replace(all, found, until);
    },
    end() {
      const rest = held;
      held = '';
      return replace(rest, search(rest));
    },
  };
}

/** A redactor without secrets: text is unchanged. */
export const noSecrets: Redactor = {
  redact: (text) => text,
  inPieces: () => ({ push: (text) => text, end: () => '' }),
};
