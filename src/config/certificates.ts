/**
 * Certificate authorities to trust in addition to Node's own: which file is configured, and the check of what it contains.
 */
import { X509Certificate } from 'node:crypto';
import type { Context } from '../runtime/context.js';
import { readVariable } from './environment.js';
import { fileProblem } from '../runtime/file-problem.js';
import { readStart } from '../runtime/read-start.js';
import { setting, type Setting } from './setting.js';
import { UsageError } from '../model/usage-error.js';

/** All public authorities together are a quarter of a megabyte; a file that is much larger is something else. */
const fileLimit = 4 * 1024 * 1024;

/** The certificates of the configured file, in PEM; null if no file is configured. */
export async function resolveCertificates(
  caFile: string | undefined,
  env: Context['env'],
): Promise<Setting<string[]> | null> {
  const path = caFile ?? readVariable(env, 'LAB_CA_FILE');
  if (path === undefined) return null;
  const source = caFile === undefined ? 'LAB_CA_FILE' : '--ca-file';
  return setting([...(await readCertificates(path, source)), ...(await extra(env))], `${source} (${path})`);
}

async function readCertificates(path: string, source: string): Promise<string[]> {
  let text: string;
  try {
    ({ text } = await readStart(path, fileLimit));
  } catch (error) {
    throw new UsageError(`${source}: cannot read ${path}: ${fileProblem(error)}`);
  }
  const certificates = certificatesIn(text);
  if (certificates.length === 0) {
    throw new UsageError(
      `${source}: there is no certificate in ${path}`,
      'It takes PEM: text with lines like -----BEGIN CERTIFICATE-----.',
    );
  }
  const broken = certificates.findIndex((certificate) => !isCertificate(certificate));
  if (broken >= 0) throw new UsageError(`${source}: certificate ${broken + 1} in ${path} is damaged`);
  return certificates;
}

/** The file of NODE_EXTRA_CA_CERTS, which Node ignores if it is given others. Node warns if it cannot read it. */
async function extra(env: Context['env']): Promise<string[]> {
  const path = readVariable(env, 'NODE_EXTRA_CA_CERTS');
  if (path === undefined) return [];
  try {
    return certificatesIn((await readStart(path, fileLimit)).text).filter(isCertificate);
  } catch {
    return [];
  }
}

function certificatesIn(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}
