/**
 * The JupyterHubs that tests run, each in its own virtual environment below `build/`.
 */
import { fileURLToPath } from 'node:url';

/** Version to what pip installs. Only one needs the real single-user server, which takes 5 s more. */
export const requirements = {
  '6.1.1': ['jupyterhub==6.1.1', 'jupyter_server==2.21.1'],
  '5.5.4': ['jupyterhub==5.5.4'],
} as const;

export type HubVersion = keyof typeof requirements;

export const hubVersions = Object.keys(requirements) as HubVersion[];

export function environmentOf(version: HubVersion): string {
  return fileURLToPath(new URL(`../../build/hub/${version}`, import.meta.url));
}

export function pythonOf(version: HubVersion): string {
  return `${environmentOf(version)}/bin/python`;
}

/** Written last, with the installed versions: an environment without it is incomplete. */
export function receiptOf(version: HubVersion): string {
  return `${environmentOf(version)}/installed`;
}
