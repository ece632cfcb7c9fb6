/**
 * Describes TLS handshake failures in plain words, with hints: certificates that this side rejects, and connections
 * that the server refuses.
 */

/** An error of a certificate or of OpenSSL. */
export function isTlsError(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && tlsCodes.test(code);
}

const tlsCodes =
  /CERT|^ERR_TLS|^ERR_SSL|UNABLE_TO_|^EPROTO$|^INVALID_CA$|^INVALID_PURPOSE$|^HOSTNAME_MISMATCH$/;

export interface TlsTrouble {
  place: 'tls' | 'network';
  type: 'certificate' | 'tls';
  text: string;
  hint: string | null;
}

/** `sent`: whether the handshake had completed, on this side at least, and a request was sent. */
export function tlsTrouble(error: Error, sent: boolean): TlsTrouble {
  const { code = '' } = error as NodeJS.ErrnoException;
  return /^EPROTO$|^ERR_SSL_/.test(code) ? badHandshake(error, code, sent) : badCertificate(error, code);
}

/**
 * The handshake did not complete: the server sent an alert, or data that OpenSSL does not understand. In TLS 1.3 a
 * server refuses a client only after the client has begun to send.
 */
function badHandshake(error: Error, code: string, sent: boolean): TlsTrouble {
  const reason = reasonOf(error, code);
  const alert = /alert (.+)$/.exec(reason)?.[1];
  const [text, hint] =
    alert === undefined
      ? (reasonWords[reason] ?? [`the TLS connection failed (${reason})`, serverHint])
      : (alertWords[alert] ?? [`the server refused the TLS connection (alert: ${alert})`, serverHint]);
  if (sent && alert === undefined) return { place: 'network', type: 'tls', text, hint: null };
  return { place: 'tls', type: 'tls', text, hint };
}

/** OpenSSL's reason, as in "tlsv1 alert protocol version": on its own, within a message, or at least in the code. */
function reasonOf(error: Error & { reason?: unknown }, code: string): string {
  const { reason, message } = error;
  const found = typeof reason === 'string' ? reason : /SSL routines:[^:]*:([^:]+)/.exec(message)?.[1];
  return (found ?? code.replace(/^ERR_SSL_/, '').replaceAll('_', ' ')).toLowerCase();
}

const serverHint = "Contact the server's administrator.";

type Words = readonly [text: string, hint: string];

const noTls: Words = ['the server does not speak TLS on this port', 'Check the host and port.'];
const noVersion: Words = [
  'the server and this machine have no TLS version in common',
  "Contact the server's administrator: TLS 1.2 or later is needed.",
];

/** OpenSSL's reasons for a response that is not TLS, or that uses another version. */
const reasonWords: Record<string, Words> = {
  'wrong version number': noTls,
  'packet length too long': noTls,
  'http request': noTls,
  'unknown protocol': noTls,
  'unsupported protocol': noVersion,
  'no protocols available': noVersion,
};

const noClientCertificate =
  "lab does not support client certificates. Ask the server's administrator for another URL.";

/** Alerts (RFC 8446, section 6, and RFC 7301), as OpenSSL names them. */
const alertWords: Record<string, Words> = {
  'no application protocol': [
    'the server does not offer HTTP/1.1 (it may speak HTTP/2 only)',
    'Ask the administrator of the server or its proxy to offer HTTP/1.1 as well.',
  ],
  'certificate required': ['the server requires a client certificate', noClientCertificate],
  'bad certificate': ['the server requires another client certificate', noClientCertificate],
  'handshake failure': [
    'the server refused the TLS handshake (no cipher in common, or it requires a client certificate)',
    noClientCertificate,
  ],
  'protocol version': noVersion,
  'unrecognized name': [
    'the server does not serve this host name over TLS',
    'Check the host name in the controller URL.',
  ],
};

function badCertificate(error: Error, code: string): TlsTrouble {
  const text =
    code === 'ERR_TLS_CERT_ALTNAME_INVALID'
      ? describeNames(error)
      : (certificateWords[code] ?? `the certificate is not accepted (${code}: ${error.message})`);
  return { place: 'tls', type: 'certificate', text, hint: certificateHint(code) };
}

function certificateHint(code: string): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return 'Check the clock of this machine. If it is right, the server needs a new certificate.';
    case 'CERT_NOT_YET_VALID':
      return "Check the clock of this machine. If it is right, contact the server's administrator.";
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return "Use a host name that the certificate covers, or contact the server's administrator.";
    default:
      return 'Name a file with the certificate authority to trust in --ca-file or LAB_CA_FILE.';
  }
}

/** Codes of OpenSSL (X509_V_ERR) with their meaning. */
const certificateWords: Record<string, string> = {
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  CERT_REVOKED: 'the certificate was revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is from an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate is from an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is from an authority that is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is from an authority that is not trusted here',
};

/** The first few names of a certificate; there may be hundreds. */
const namesShown = 4;

/** `tls.checkServerIdentity` sets the host and the certificate on its error. */
function describeNames(error: Error & { host?: string; cert?: { subjectaltname?: string } }): string {
  const names = (error.cert?.subjectaltname ?? '')
    .split(', ')
    .map((name) => name.replace(/^(DNS|IP Address):/, ''))
    .filter((name) => name !== '');
  const shown = names.slice(0, namesShown).join(', ') + (names.length > namesShown ? ', …' : '');
  return `the certificate is not for ${error.host ?? 'this host'}, but for ${shown === '' ? 'no host at all' : shown}`;
}
