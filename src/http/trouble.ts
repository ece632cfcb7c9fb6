/**
 * Diagnoses errors of Node, OpenSSL and undici: where they occurred, a plain description, and a hint.
 *
 * Owns the reading of error objects and their codes. Leaves what an error means for a request to `network.ts`.
 */
import { maxHeaderSize } from 'node:http';
import { shortages } from '../model/machine.js';
import { ProxyError } from './proxy-error.js';
import { isTlsError, tlsTrouble } from './tls.js';

/**
 * Where an error occurred. `network`: between here and the controller. `tls`: in a handshake that one side refused.
 * `response`: in a response that is not HTTP or is invalid. `machine`: on this machine, independently of the
 * controller. `closed`: the owner of the dispatcher has closed it.
 */
export type Place = 'network' | 'tls' | 'response' | 'machine' | 'closed';

export interface Trouble {
  place: Place;
  code: string;
  text: string;
  /** What to do about it; null if the address is probably wrong. */
  hint: string | null;
  /** A stable word for scripts. */
  type: string;
  /** The error of the proxy, if it occurred there; null for the controller. */
  proxy: ProxyError | null;
}

/**
 * Finds the cause of an error, looking through `cause` chains and aggregate errors. `sent`: whether a request was sent.
 */
export function diagnose(error: unknown, sent: boolean): Trouble {
  const inner = innermost(error);
  if (inner instanceof ProxyError) {
    const { place, code, text, hint } = inner.status === null ? diagnose(inner.cause, false) : refusedByProxy;
    return { place, code, text, hint, type: 'proxy', proxy: inner };
  }
  const known = isTlsError(inner) ? tlsTrouble(inner, sent) : troubleOf(inner);
  return {
    code: codeOf(inner),
    type: known.place === 'machine' ? 'machine' : 'network',
    proxy: null,
    ...known,
  };
}

/** Whether the other end closed the connection, as it does with one that was idle for too long. */
export function wasCut(error: unknown): boolean {
  const { place, code, proxy } = diagnose(error, true);
  return proxy === null && place === 'network' && /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/.test(code);
}

/**
 * Whether an error is a bug in this program or in a library, which a retry cannot fix. `sent`: an error while a
 * response is read may also be caused by the response.
 */
export function isProgrammingError(error: unknown, sent: boolean): boolean {
  const inner = innermost(error);
  const code = codeOf(inner);
  if (code === 'ERR_ASSERTION') return !sent;
  if (/^ERR_INVALID_|^UND_ERR_(INVALID_|NOT_SUPPORTED)/.test(code)) return true;
  return code === '' && mistakes.has(inner.name) && !isWebAssembly(inner);
}

/** Without RangeError, which V8 throws when memory is low. */
const mistakes = new Set(['TypeError', 'ReferenceError', 'SyntaxError', 'EvalError', 'URIError']);

const refusedByProxy = { place: 'network', code: '', text: '', hint: null } as const;

type Known = Pick<Trouble, 'place' | 'text' | 'hint'>;

function troubleOf(error: Error): Known {
  const code = codeOf(error);
  const networkText = networkWords[code];
  if (isMalformed(error, code)) return malformed(error, code);
  if (networkText !== undefined) return { place: 'network', text: networkText, hint: null };
  if (isOwnClose(code)) return { place: 'closed', text: 'the client was closed', hint: closedHint };
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'HPE_HEADER_OVERFLOW') return overflow();
  if (isWebAssembly(error)) return webAssembly(error);
  const text = error.message === '' ? code : error.message;
  if (!isOfThisMachine(error)) return { place: 'network', text, hint: null };
  const [words, hint] = machineWords[code] ?? [
    `this machine reports: ${text}`,
    'The problem is on this machine, not in the controller.',
  ];
  return { place: 'machine', text: machineWords[code] === undefined ? words : `${words} (${code})`, hint };
}

/** Codes of errors between two machines that both work. */
const networkWords: Record<string, string> = {
  ECONNABORTED: 'the connection was cut',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  EHOSTDOWN: 'the host is unreachable',
  EHOSTUNREACH: 'the host is unreachable',
  ENETUNREACH: 'the network is unreachable',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'the name server does not respond',
  EAI_NODATA: 'the host name has no address',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'the connection timed out',
  STALLED: 'the response stopped in the middle',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
};

/** Codes of problems with this machine, with hints. Any other system error also counts as one. */
const machineWords: Record<string, readonly [string, string]> = {
  ...shortages,
  EACCES: ['this machine does not allow the connection', 'Check for a firewall or sandbox on this machine.'],
  EPERM: ['this machine does not allow the connection', 'Check for a firewall or sandbox on this machine.'],
  EADDRNOTAVAIL: [
    'this machine has no local address or port for the connection',
    'Too many connections at once take up all ports of this machine.',
  ],
  EAI_FAIL: [
    'the name lookup failed on this machine',
    'Check the resolver of this machine (/etc/resolv.conf).',
  ],
  EAI_MEMORY: ['this machine is out of memory', 'Close other programs, or raise the limit (`ulimit -v`).'],
  ENETDOWN: ['the network of this machine is down', 'Connect this machine to its network.'],
};

/** An error of the system, or of an engine without memory. */
function isOfThisMachine(error: Error): boolean {
  return 'syscall' in error || 'errno' in error || error.name === 'RangeError';
}

/** undici's parser is a WebAssembly module. */
function isWebAssembly({ name, message }: Error): boolean {
  return /\bWebAssembly\b/.test(message) || /^(Compile|Link|Runtime)Error$/.test(name);
}

function webAssembly({ message }: Error): Known {
  return {
    place: 'machine',
    text: `WebAssembly does not start on this machine (${message})`,
    hint: 'It needs address space (`ulimit -v`), and Node without --jitless.',
  };
}

function isOwnClose(code: string): boolean {
  return code === 'UND_ERR_CLOSED' || code === 'UND_ERR_DESTROYED';
}

const closedHint = 'A LabClient cannot be used after it or its dispatcher was closed.';

/** The limit is Node's own, and undici's too. */
function overflow(): Known {
  return {
    place: 'response',
    text: `the headers of the response are longer than ${maxHeaderSize} bytes`,
    hint: `To accept longer ones, set NODE_OPTIONS=--max-http-header-size=${4 * maxHeaderSize}`,
  };
}

/** undici reports a failed assertion and two kinds of responses as its own errors or as network errors. */
function isMalformed({ message }: Error, code: string): boolean {
  if (code === 'UND_ERR_SOCKET') return message === 'bad response' || message === 'bad upgrade';
  return code === 'ERR_ASSERTION' || (code.startsWith('HPE_') && code !== 'HPE_HEADER_OVERFLOW');
}

function malformed({ message }: Error, code: string): Known {
  const place = 'response';
  const why = malformations[message] ?? /\((.*)\)$/.exec(message)?.[1];
  if (code.startsWith('HPE_') && (why === undefined || why.startsWith('Expected HTTP/'))) {
    return { place, text: 'the server does not speak HTTP on this port', hint: otherProtocolHint };
  }
  return { place, text: `the response is not valid HTTP${why === undefined ? '' : ` (${why})`}`, hint: null };
}

const malformations: Record<string, string> = {
  'bad response': 'an unexpected 100 Continue',
  'bad upgrade': 'an unexpected switch to another protocol',
};

const otherProtocolHint = 'Check the host and port, and whether the URL should begin with https://.';

/** Node's and undici's codes. undici does not expose all codes of its parser. */
export function codeOf(error: Error): string {
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.name === 'HTTPParserError' ? 'HPE_' : '';
}

function innermost(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (error instanceof AggregateError && error.errors.length > 0)
    return innermost(mostInformative(error.errors));
  if (error.cause instanceof Error && !('code' in error)) return innermost(error.cause);
  return error;
}

/** Of the errors for several addresses, the most informative one about the controller. */
function mostInformative(errors: readonly unknown[]): unknown {
  return errors.reduce((best, next) => (weight(next) > weight(best) ? next : best));
}

/** "No route" says little, especially for IPv6, which many machines lack. "No response" says more. */
function weight(error: unknown): number {
  const { code, address } = error as { code?: unknown; address?: unknown };
  if (/^(EADDRNOTAVAIL|EAFNOSUPPORT|EHOSTUNREACH|ENETUNREACH)$/.test(String(code))) {
    return String(address).includes(':') ? 0 : 1;
  }
  return code === 'ETIMEDOUT' ? 2 : 3;
}
