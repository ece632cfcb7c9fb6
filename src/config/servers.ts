/**
 * What the settings of each kind of server must look like, and how a server is found.
 *
 * Owns the types only. The backends define the parsers and the searches, and `cli` hands them in, because config is the
 * layer below. Every parser throws a UsageError that begins with `source`.
 */
import type { Result } from '../model/result.js';
import type { ConnectSettings, Context } from '../runtime/context.js';

/** The servers that create labs. */
export type ServerKind = 'controller' | 'hub';

/** The parsers for the settings of one kind of server. */
export interface ServerSettings {
  parseUrl: (text: string, source: string) => URL;
  parseUser: (text: string, source: string) => string;
  /** A token, without its line end. No message repeats it. */
  parseToken: (text: string, source: string) => string;
}

/** The Hub that this program runs in, as far as the environment says. */
export interface EnvironmentHub {
  /** Null if no variable names it. */
  found: {
    url: URL;
    /** The name of the variable. */
    variable: string;
    /** Whether `url` is the Hub's public prefix. If not, it is an address for the servers of that Hub. */
    isPublic: boolean;
  } | null;
  /** The variables that were tried without success, with the reasons. */
  tried: string[];
}

/** The services that a platform names. */
export interface Services {
  controller: URL | null;
  hub: URL | null;
}

export interface Servers {
  controller: ServerSettings;
  hub: ServerSettings & {
    parseServerName: (text: string, source: string) => string;
    /** Searches the variables that a Hub sets in its servers. */
    find: (env: Context['env']) => EnvironmentHub;
    /** Whether an address, as a server of the Hub gets it in its environment, is that of the Hub's API. */
    isApiOf: (hub: URL, address: string) => boolean;
    /** Whether a text looks like a token that a Hub has issued. */
    looksLikeToken: (text: string) => boolean;
  };
  /**
   * Requests the services of the platform at the origin of `site`, over the network. No token is sent. Throws the signal's
   * reason when that aborts.
   */
  discover: (
    site: URL,
    settings: ConnectSettings,
    context: Context,
    signal: AbortSignal,
  ) => Promise<Result<Services>>;
  /** Whether a text that is not meant to be a token contains one. */
  containsToken: (text: string) => boolean;
  /** Whether a text may be the beginning of a token. */
  startsLikeToken: (text: string) => boolean;
}
