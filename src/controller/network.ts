/**
 * Questions that got no answer: network errors, certificates and proxies, in plain words and with what helps.
 */
import { STATUS_CODES } from 'node:http';
import { ProxyError } from '../model/proxy-error.js';
import type { Failure } from '../model/result.js';

/** What an error was. */
interface Trouble {
  code: string;
  text: string;
  /** The proxy that it happened at; null for the controller. */
  proxy: ProxyError | null;
}

/** Errors that come before anything was sent. */
const unsent = /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT)$/;

/** Whoever owns the dispatcher has closed it: nothing more will ever be answered. */
const closed = /^UND_ERR_(CLOSED|DESTROYED)$/;

/** A kept-alive connection that the other end closes just when it is used again ends so. */
const cut = /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/;

/** The failure of a question that got no answer. `hintIfSent` is for a question that may have had its effect all the same. */
export function networkFailure(asked: string, error: unknown, base: string, hintIfSent?: string): Failure {
  const trouble = diagnose(error);
  const { code, text, proxy } = trouble;
  const status = proxy?.status ?? null;
  const sent = proxy === null && !unsent.test(code) && !isTlsCode(code);
  // Where something else than HTTP is spoken there is hardly a controller, but who knows what became of a change.
  const maybeDone = sent && (hintIfSent !== undefined || !isOtherProtocol(code));
  return {
    kind: status === 407 ? 'unauthorized' : 'unknown',
    error: {
      type: typeOf(trouble),
      message: `could not ${asked}: ${text}`,
      status,
      hint: maybeDone && hintIfSent !== undefined ? hintIfSent : hintFor(trouble, base),
    },
    transient: status === null ? !isTlsCode(code) && !closed.test(code) : isPassing(status),
    // As final as a refusal, however often the controller was reached before: neither heals by itself.
    reached: closed.test(code) || status === 407,
    maybeDone,
    retryAfter: null,
  };
}

/** Plain words for a network error, looking through causes and bundles of attempts. */
export function describeNetworkError(error: unknown): string {
  return diagnose(error).text;
}

/** Whether the connection was cut before the answer. */
export function wasCut(error: unknown): boolean {
  const { code, proxy } = diagnose(error);
  return proxy === null && cut.test(code);
}

/** Whether the same question may well be answered later (RFC 9110, section 15). */
export function isPassing(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}

function diagnose(error: unknown): Trouble {
  const inner = innermost(error);
  if (inner instanceof ProxyError) {
    const { code, text } = inner.status === null ? diagnose(inner.cause) : { code: '', text: '' };
    return { code, text: describeProxy(inner, text), proxy: inner };
  }
  const code = codeOf(inner);
  return { code, text: describeCode(code, inner), proxy: null };
}

/** Node's and undici's codes. undici knows more of them for its parser than it gives away. */
function codeOf(error: Error): string {
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.name === 'HTTPParserError' ? 'HPE_' : '';
}

function describeProxy({ proxy, source, status }: ProxyError, text: string): string {
  const name = `the proxy ${proxy} (${source})`;
  if (status === null) return `${name} cannot be used: ${text}`;
  const said = `HTTP ${status} ${STATUS_CODES[status] ?? ''}`.trim();
  return status === 407
    ? `${name} asks for a user name and password (${said})`
    : `${name} refused to connect to the controller (${said})`;
}

function typeOf({ code, proxy }: Trouble): string {
  if (proxy !== null) return 'proxy';
  return isTlsCode(code) ? 'certificate' : 'network';
}

function hintFor({ code, proxy }: Trouble, base: string): string {
  if (proxy?.status === 407) return proxyCredentialsHint(proxy.source);
  if (proxy !== null && !isTlsCode(code)) {
    return `Is ${proxy.source} right? What NO_PROXY lists is reached without a proxy.`;
  }
  return tlsHint(code) ?? `Is ${base} right, and reachable from here?`;
}

export function proxyCredentialsHint(variable: string): string {
  return `Put them into ${variable}, as in http://user:password@host:port.`;
}

const authorityHint = '--ca-file or LAB_CA_FILE names a file with the certificate authority to trust.';

/** What helps against a certificate that is not accepted; null for other errors. */
function tlsHint(code: string): string | null {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return 'If the clock is right here, the server needs a new certificate: tell whoever runs it.';
    case 'CERT_NOT_YET_VALID':
      return 'Is the clock right here? If it is, tell whoever runs the server.';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'Use a name that is in the certificate, or tell whoever runs the server.';
  }
  if (closed.test(code)) return 'A LabClient, or the dispatcher that it was given, is of no use after that.';
  if (isPlainText(code)) return 'Are host and port right?';
  if (isOtherProtocol(code)) return 'Are host and port right, and should the URL begin with https://?';
  return isTlsCode(code) ? authorityHint : null;
}

/** Codes of Node and OpenSSL (X509_V_ERR and SSL reasons) with their meaning. */
const plainWords: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  EHOSTUNREACH: 'the host is unreachable',
  ENETUNREACH: 'the network is unreachable',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the name server does not answer',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_CLOSED: 'the client was closed',
  UND_ERR_DESTROYED: 'the client was closed',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the answer are too long',
  HPE_HEADER_OVERFLOW: 'the headers of the answer are too long',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  CERT_REVOKED: 'the certificate was revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed, and no authority vouches for it',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is from an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate is from an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is from an authority that is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is from an authority that is not trusted here',
};

function describeCode(code: string, error: Error): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return describeNames(error);
  if (isPlainText(code)) return 'the server does not speak TLS there, or none that is known here';
  if (code in plainWords) return plainWords[code] ?? code;
  if (isOtherProtocol(code)) return 'the server does not speak HTTP there';
  if (isTlsCode(code)) return `the certificate is not accepted (${code}: ${error.message})`;
  return error.message === '' ? code : error.message;
}

/** The first few names of a certificate; there may be hundreds. */
const namesShown = 4;

/** `tls.checkServerIdentity` leaves the host and the certificate on its error. */
function describeNames(error: Error & { host?: string; cert?: { subjectaltname?: string } }): string {
  const names = (error.cert?.subjectaltname ?? '')
    .split(', ')
    .map((name) => name.replace(/^(DNS|IP Address):/, ''))
    .filter((name) => name !== '');
  const shown = names.slice(0, namesShown).join(', ') + (names.length > namesShown ? ', …' : '');
  return `the certificate is not for ${error.host ?? 'this host'}, but for ${shown === '' ? 'no host at all' : shown}`;
}

function innermost(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0]);
  if (error.cause instanceof Error && !('code' in error)) return innermost(error.cause);
  return error;
}

/** What OpenSSL says of an answer that is no TLS, and of one in no version that it knows. */
function isPlainText(code: string): boolean {
  return /^EPROTO$|^ERR_SSL_/.test(code);
}

/** What undici says of an answer that is no HTTP. */
function isOtherProtocol(code: string): boolean {
  return code.startsWith('HPE_') && code !== 'HPE_HEADER_OVERFLOW';
}

function isTlsCode(code: string): boolean {
  return /CERT|^ERR_TLS|^ERR_SSL|UNABLE_TO_|^EPROTO$|^INVALID_CA$|^INVALID_PURPOSE$|^HOSTNAME_MISMATCH$/.test(
    code,
  );
}
