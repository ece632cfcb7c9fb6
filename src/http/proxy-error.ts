/**
 * A failure that is the proxy's, on the way to a controller that was not reached.
 */
export class ProxyError extends Error {
  /** The proxy without its password, and the variable that names it. */
  readonly proxy: string;
  readonly source: string;
  /** What the proxy answered; null where it was not reached itself. */
  readonly status: number | null;
  /** Set by every error of a network, so that nobody looks further for the cause. */
  readonly code = 'PROXY';

  constructor({ url, source }: { url: URL; source: string }, status: number | null, cause?: unknown) {
    super(`the proxy ${url.origin}`, { cause });
    this.name = 'ProxyError';
    this.proxy = url.origin;
    this.source = source;
    this.status = status;
  }
}
