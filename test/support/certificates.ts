/**
 * Certificates for tests, created anew each time: an authority, certificates that it signed, and self-signed ones.
 */
import { generate } from 'selfsigned';

export interface Certificate {
  cert: string;
  key: string;
}

export interface CertificateOptions {
  /** Null for a self-signed one. */
  issuer?: Certificate | null;
  /** DNS names; default: `localhost` and the address 127.0.0.1. */
  names?: readonly string[];
  notBefore?: Date;
  notAfter?: Date;
}

const common = { keyType: 'ec', algorithm: 'sha256' } as const;

export async function makeAuthority(name: string, issuer: Certificate | null = null): Promise<Certificate> {
  const made = await generate([{ name: 'commonName', value: name }], {
    ...common,
    ...(issuer === null ? {} : { ca: issuer }),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  return { cert: made.cert, key: made.private };
}

export async function makeCertificate({
  issuer = null,
  names,
  notBefore,
  notAfter,
}: CertificateOptions = {}): Promise<Certificate> {
  const altNames = (names ?? ['localhost']).map((value) => ({ type: 2 as const, value }));
  const made = await generate([{ name: 'commonName', value: 'a server of the tests' }], {
    ...common,
    ...(issuer === null ? {} : { ca: issuer }),
    ...(notBefore === undefined ? {} : { notBeforeDate: notBefore }),
    ...(notAfter === undefined ? {} : { notAfterDate: notAfter }),
    extensions: [
      {
        name: 'subjectAltName',
        altNames: names === undefined ? [...altNames, { type: 7, ip: '127.0.0.1' }] : altNames,
      },
    ],
  });
  return { cert: made.cert, key: made.private };
}
