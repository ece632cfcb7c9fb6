/**
 * The address of a server, and how far it can be trusted (contract, "Per-user hosts").
 *
 * The address comes from the Hub's model and is never built from the Hub's address and the user's name: with per-user
 * hosts, the Hub's own host would redirect in an endless loop.
 */
import type { ServerModel } from './schemas.js';

export interface ServerAddress {
  url: URL;
  /**
   * `hub`: at the Hub's host or below it, with its scheme and port. `public`: where the Hub says that its public host is.
   * `other`: it is shown, but not opened in a browser. Tokens are sent only to the first kind.
   */
  trust: 'hub' | 'public' | 'other';
  /** Whether the Hub's host name has capital letters: its proxy is case-sensitive, and browsers send lower case. */
  hasCapitals: boolean;
}

/** The address of a server; null if the model has none that a browser can open. */
export function addressOf(model: ServerModel, hub: URL): ServerAddress | null {
  const { url: text, full_progress_url: progress } = model;
  if (text === null || text === undefined || text === '' || !URL.canParse(text, hub.href)) return null;
  const url = new URL(text, hub);
  if (!isWeb(url) || url.username !== '' || url.password !== '') return null;
  const written = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i.exec(text)?.[1] ?? '';
  return { url, trust: trustOf(url, hub, progress), hasCapitals: /[A-Z]/.test(written) };
}

function trustOf(url: URL, hub: URL, progress: string | null | undefined): ServerAddress['trust'] {
  if (url.protocol === hub.protocol && url.port === hub.port && isAtOrBelow(url, hub)) return 'hub';
  if (progress === null || progress === undefined || !URL.canParse(progress)) return 'other';
  const home = new URL(progress);
  return isWeb(home) && isAtOrBelow(url, home) ? 'public' : 'other';
}

function isWeb({ protocol }: URL): boolean {
  return protocol === 'https:' || protocol === 'http:';
}

function isAtOrBelow(url: URL, home: URL): boolean {
  return url.hostname === home.hostname || url.hostname.endsWith(`.${home.hostname}`);
}
