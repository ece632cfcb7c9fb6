/**
 * Colours and symbols: what a stream may be sent, decided once from options, environment and stream.
 *
 * Colour never carries meaning alone, so every coloured thing has a word or a symbol as well.
 */
import { Chalk, type ChalkInstance } from 'chalk';
import type { Context } from '../context.js';
import type { ColorMode } from './modes.js';

export interface Theme {
  color: ChalkInstance;
  symbols: { done: string; failed: string; warning: string; full: string; empty: string; ellipsis: string };
  spinner: { frames: string[]; interval: number };
}

/** `forPerson`: whether a person at a terminal reads it. */
export function createTheme(mode: ColorMode, forPerson: boolean, env: Context['env']): Theme {
  const color = new Chalk({ level: colored(mode, forPerson, env) ? 1 : 0 });
  // The Linux console has no glyphs for these; everything else that runs Node today has.
  const unicode = env['TERM'] !== 'linux' && env['TERM'] !== 'dumb';
  const frames = unicode ? ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] : ['-', '\\', '|', '/'];
  return {
    color,
    symbols: unicode
      ? { done: '✔', failed: '✖', warning: '⚠', full: '█', empty: '░', ellipsis: '…' }
      : { done: 'ok', failed: 'x', warning: '!', full: '#', empty: '-', ellipsis: '...' },
    spinner: { frames: frames.map((frame) => color.cyan(frame)), interval: 80 },
  };
}

/** `--color` first, then FORCE_COLOR, then NO_COLOR (no-color.org), then who reads it. */
function colored(mode: ColorMode, forPerson: boolean, env: Context['env']): boolean {
  if (mode !== 'auto') return mode === 'always';
  const force = env['FORCE_COLOR'];
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  return forPerson && env['TERM'] !== 'dumb';
}
