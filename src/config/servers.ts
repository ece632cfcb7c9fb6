/**
 * What the settings of each kind of server must look like.
 *
 * Owns the types only. The backends define the parsers, and `cli` hands them in, because config is the layer below.
 * Every parser throws a UsageError that begins with `source`.
 */
import type { Context } from '../runtime/context.js';
import type { Setting } from './setting.js';

/** The servers that create labs. */
export type ServerKind = 'controller' | 'hub';

/** The parsers for the settings of one kind of server. */
export interface ServerSettings {
  parseUrl: (text: string, source: string) => URL;
  parseUser: (text: string, source: string) => string;
  /** A token, without its line end. No message repeats it. */
  parseToken: (text: string, source: string) => string;
}

export interface Servers {
  controller: ServerSettings;
  hub: ServerSettings & {
    parseServerName: (text: string, source: string) => string;
    /** The Hub that this program runs in, for `auto` as its URL. Throws a UsageError that lists what was tried. */
    find: (env: Context['env'], source: string) => Setting<URL>;
    /** Whether an address, as a server of the Hub gets it in its environment, is that of the Hub's API. */
    isApiOf: (hub: URL, address: string) => boolean;
  };
  /** Whether a text that is not meant to be a token contains one. */
  containsToken: (text: string) => boolean;
  /** Whether a text may be the beginning of a token. */
  startsLikeToken: (text: string) => boolean;
}
