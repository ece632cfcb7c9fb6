/**
 * A failure at the proxy; the controller was not reached.
 */
export class ProxyError extends Error {
  /** The proxy without its password, and the variable that names it. */
  readonly proxy: string;
  readonly source: string;
  /** The status of the proxy's response; null if the proxy itself was unreachable. */
  readonly status: number | null;
  /** Network errors always have a code; with this one, the search for the cause stops here. */
  readonly code = 'PROXY';

  constructor({ url, source }: { url: URL; source: string }, status: number | null, cause?: unknown) {
    super(`the proxy ${url.origin}`, { cause });
    this.name = 'ProxyError';
    this.proxy = url.origin;
    this.source = source;
    this.status = status;
  }
}
