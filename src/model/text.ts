/**
 * Text for a terminal or a log: sanitised, and durations in words.
 *
 * Everything that came from a server passes through `sanitise` before a person sees it. Leaves colours and cursor
 * movement to the displays, and the width of text to `width.ts`.
 */

/**
 * Characters that a terminal may interpret as a command, or that may mislead a reader: control characters including ESC
 * and line ends, lone surrogates, line and paragraph separators, and invisible characters including bidirectional
 * controls. Joiners and variation selectors are kept, because emoji need them.
 */
const harmful =
  /(?![\u200c\u200d\ufe00-\ufe0f])[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu;

const named: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Text from outside, with everything that could act on a terminal or a CI system turned into a visible escape. */
export function sanitise(text: string): string {
  const still = inert(text);
  return isPlainAscii(still) ? still : still.replace(harmful, visible);
}

/**
 * Neutralises commands to a CI system that work anywhere in a line: `##[name]`, which Azure and GitHub interpret, and
 * `##vso[name]`. Leaves commands that work only at the beginning of a line to `text-output.ts`.
 */
export function inert(text: string): string {
  return text.includes('##') ? text.replace(/#(?=#(?:\[|vso\[))/gi, '\\x23') : text;
}

/** A character as a visible escape. */
export function visible(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code > 0xffff) return `\\u{${hex}}`;
  return named[char] ?? (code > 0xff ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`);
}

export function isPlainAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/** Long text as a line of a log: sanitised, and truncated with the number of omitted characters. */
export function logText(text: string, limit = 2000): string {
  if (text.length <= limit) return sanitise(text);
  return `${sanitise(text.slice(0, limit))}… (${text.length - limit} more characters)`;
}

/** Elapsed time as `m:ss` or `h:mm:ss`, from milliseconds. */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** A duration in words, as in `4.2 s` or `12m 5s`, from milliseconds. */
export function inWords(ms: number): string {
  if (ms < 60_000) return `${(Math.max(0, ms) / 1000).toFixed(1).replace(/\.0$/, '')} s`;
  const seconds = Math.round(ms / 1000);
  const hours = Math.floor(seconds / 3600);
  const rest = `${Math.floor(seconds / 60) % 60}m ${seconds % 60}s`;
  return hours > 0 ? `${hours}h ${rest}` : rest;
}
