/**
 * Creates the virtual environments that `npm run test:hub` needs, unless they exist. Fails without Python: these
 * tests are never skipped.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import {
  environmentOf,
  hubVersions,
  pythonOf,
  receiptOf,
  requirements,
  type HubVersion,
} from './versions.js';

/** Newest first. LAB_TEST_PYTHON names another one. */
const names = ['python3.13', 'python3.12', 'python3.11', 'python3'];

/** A Python that can create a virtual environment. A name on the PATH may refer to a missing one, as with pyenv. */
function findPython(): string {
  const check = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))';
  const { LAB_TEST_PYTHON } = process.env;
  const candidates = LAB_TEST_PYTHON === undefined ? names : [LAB_TEST_PYTHON];
  const found = candidates.find((name) => spawnSync(name, ['-c', check]).status === 0);
  if (found !== undefined) return found;
  throw new Error(
    `The tests with a real JupyterHub need Python 3.11 or later with venv and pip. Tried: ${candidates.join(', ')}. ` +
      'Install one (on Debian: python3-venv), or name it in LAB_TEST_PYTHON.',
  );
}

function run(command: string, ...args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? String(code)}`));
    });
  });
}

function isInstalled(version: HubVersion): boolean {
  const receipt = receiptOf(version);
  return existsSync(receipt) && readFileSync(receipt, 'utf8') === requirements[version].join('\n');
}

async function install(version: HubVersion, python: string): Promise<void> {
  rmSync(environmentOf(version), { recursive: true, force: true });
  await run(python, '-m', 'venv', environmentOf(version));
  await run(
    pythonOf(version),
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    ...requirements[version],
  );
  writeFileSync(receiptOf(version), requirements[version].join('\n'));
}

const missing = hubVersions.filter((version) => !isInstalled(version));
if (missing.length > 0) {
  const python = findPython();
  process.stderr.write(`Installing JupyterHub ${missing.join(' and ')} below build/hub\n`);
  await Promise.all(missing.map((version) => install(version, python)));
}
