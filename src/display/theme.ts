/**
 * The colours and symbols for a stream, chosen once from options, environment and stream.
 *
 * Colour never carries meaning alone: everything coloured also has a word or a symbol.
 */
import { Chalk, type ChalkInstance } from 'chalk';
import type { Context } from '../runtime/context.js';
import { readsUtf8, toAscii } from './locale.js';
import type { ColorMode } from './modes.js';
import { sanitise } from '../model/text.js';

export interface Theme {
  color: ChalkInstance;
  /** Text from outside exactly as the terminal gets it, so that its width is known: sanitised, and ASCII if needed. */
  safe: (text: string) => string;
  symbols: { done: string; failed: string; warning: string; full: string; empty: string; ellipsis: string };
  spinner: { frames: string[]; interval: number };
}

/** `forPerson`: whether a person reads the stream at a terminal. */
export function createTheme(mode: ColorMode, forPerson: boolean, env: Context['env']): Theme {
  const color = new Chalk({ level: colored(mode, forPerson, env) ? 1 : 0 });
  const utf8 = readsUtf8(env);
  // The Linux console has no glyphs for these; everything else that runs Node today has.
  const unicode = utf8 && env['TERM'] !== 'linux' && env['TERM'] !== 'dumb';
  const frames = unicode ? ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] : ['-', '\\', '|', '/'];
  return {
    color,
    safe: utf8 ? sanitise : (text) => toAscii(sanitise(text)),
    symbols: unicode
      ? { done: '✔', failed: '✖', warning: '⚠', full: '█', empty: '░', ellipsis: '…' }
      : { done: 'ok', failed: 'x', warning: '!', full: '#', empty: '-', ellipsis: '...' },
    spinner: { frames: frames.map((frame) => color.cyan(frame)), interval: 80 },
  };
}

/**
 * `--color` decides, then FORCE_COLOR, NO_COLOR (no-color.org), CLICOLOR_FORCE and CLICOLOR (bixense.com/clicolors), in
 * this order; then whether a person reads the stream.
 */
function colored(mode: ColorMode, forPerson: boolean, env: Context['env']): boolean {
  if (mode !== 'auto') return mode === 'always';
  const value = (name: string): string => env[name] ?? '';
  const force = value('FORCE_COLOR');
  if (force !== '') return force !== '0' && force !== 'false';
  if (value('NO_COLOR') !== '') return false;
  if (!['', '0'].includes(value('CLICOLOR_FORCE'))) return true;
  return value('CLICOLOR') !== '0' && forPerson && value('TERM') !== 'dumb';
}
