/**
 * Removes secrets from text that somebody else wrote: a server, which may echo what it was sent, or a library.
 *
 * Owns what counts as a secret, the forms in which one may be written, and the search for them. Which text is free
 * text, and where it is received, is known to the callers: the stream and the controller. It must come here before it is
 * cut or encoded, because half a secret, or one in another encoding, would not be found.
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
  /** Tokens, cookies, passwords: secret however short. */
  credentials: readonly string[];
  /** Values that may be secret, as those of `--env`. Short ones would be found in words that are no secrets. */
  values: readonly string[];
}

export interface Redactor {
  redact: Redact;
  /** The same for text that arrives in pieces; a secret may be cut between two of them. */
  inPieces(): PieceRedactor;
}

export interface PieceRedactor {
  /** As much of the text so far as can be shown now. */
  push(text: string): string;
  /** The rest. */
  end(): string;
}

/** Values, and lines of values, with fewer characters are no secrets. */
const shortest = 8;

const replacement = '[secret]';

export function createRedactor({ credentials, values }: Secrets): Redactor {
  const long = values.flatMap((value) => [value, ...value.split(/[\r\n]+/)]);
  const secrets = [...credentials, ...long.filter((value) => value.length >= shortest)]
    .map((secret) => secret.replace(/[\r\n]+/g, '\n').replace(/^\n|\n$/g, ''))
    .filter((secret) => secret !== '');
  const needles = [...new Set(secrets)];
  if (needles.length === 0) return noSecrets;

  const search = createSearch(needles);
  const encoded = needles.some((secret) => secret.includes(' ')) ? encodedOrPlus : encodedText;
  // Nearly all text has neither escapes nor line ends, and then a secret can only stand in it as it is.
  const mayHoldOne = (text: string): boolean =>
    encoded.test(text) || needles.some((secret) => text.includes(secret));
  return {
    redact: (text) => (mayHoldOne(text) ? replace(text, search(text)) : text),
    inPieces: () => createPieceRedactor(search),
  };
}

const encodedText = /[\\\r\n]|%[0-9a-f]{2}/i;
const encodedOrPlus = /[\\\r\n+]|%[0-9a-f]{2}/i;

interface Found {
  /** Where secrets stand in the text, in order: the beginning of each and its end. */
  places: readonly number[];
  /** Where the first secret begins that the text may hold only a part of; the text's length where there is none. */
  open: number;
}

/** `cutOff` is where characters begin that the end of the text may have cut off. */
type Search = (text: string, cutOff?: number) => Found;

const lf = 0x0a;
const cr = 0x0d;

/**
 * The search for all secrets in one pass, in every form and mixture of forms.
 *
 * A place in a text can be read in several ways: `\\u0041` as a backslash or as an A. All of them are pursued at the same
 * time, as in the simulation of a nondeterministic automaton. So no text, however hostile, takes longer than its length
 * times the length of the secrets. A regular expression would try the readings one after the other.
 */
function createSearch(secrets: readonly string[]): Search {
  /** The code points of all secrets, one secret after the other, and `nothing` behind each. */
  const expected: number[] = [];
  /** Where in `expected` the secrets with this first code point begin. */
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
   * For each of the next places in the text pairs of numbers, the first `sizes[…]` of an array: an index of `expected`, and
   * where that secret began. Kept from text to text, because to make it anew takes longer than most texts.
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
 * Adds a place. Where secrets overlap, or one begins with another, nothing of either may be left, so they become one place.
 * A secret that ends before another begins is found before it: there is never one to be inserted.
 */
function add(places: number[], start: number, end: number): void {
  let [from, to] = [start, end];
  while (places.length > 0 && from < (places.at(-1) ?? 0)) {
    to = Math.max(to, places.pop() ?? 0);
    from = Math.min(from, places.pop() ?? 0);
  }
  places.push(from, to);
}

/** So many pieces are put together at once: a text of little else than secrets would take many times its own memory. */
const mostPieces = 1024;

/** The text up to `until` with the replacement in these places. */
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

/** The most text that is held back, in UTF-16 units: who draws a secret out that far can no longer be understood. */
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

/** For where there are none: text stays as it is. */
export const noSecrets: Redactor = {
  redact: (text) => text,
  inPieces: () => ({ push: (text) => text, end: () => '' }),
};
