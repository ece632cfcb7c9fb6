/**
 * The sections of the manual page that the help does not have: FILES, BUGS and SEE ALSO.
 */

import { reportBugsTo } from '../src/model/version.js';

/** Paths as a user would write them, and what is there. */
export const files: readonly (readonly [path: string, meaning: string])[] = [
  [
    '$XDG_CONFIG_HOME/nublado-lab/config.json',
    'The profiles, in JSON; `lab config` shows and changes them. The file contains no token. Without ' +
      'XDG_CONFIG_HOME: ~/.config/nublado-lab/config.json.',
  ],
  [
    '$XDG_CACHE_HOME/nublado-lab/',
    'Compiled code, kept by Node 22 and later for a faster start. May be deleted at any time; ' +
      'NODE_DISABLE_COMPILE_CACHE=1 keeps none. Without XDG_CACHE_HOME: ~/.cache/nublado-lab/.',
  ],
  [
    '$TMPDIR/nublado-lab-*/',
    'The token files of a running `lab controller`, readable only by their user; deleted when it exits. Without ' +
      'TMPDIR: /tmp.',
  ],
];

export const bugs: readonly string[] = [
  `The project has no public issue tracker yet. Report a bug to ${reportBugsTo}, with the command line, the output of ` +
    '`lab --version`, and the debug trace from `--log-file`. The trace contains no token, but it contains user names, ' +
    'addresses and messages from the server.',
  'An event is recognised as a repeat by its position and a hash of four bytes. Two operations that emit identical ' +
    'events look like one.',
];

export const seeAlso: {
  pages: readonly (readonly [name: string, section: number])[];
  links: readonly (readonly [text: string, url: string])[];
} = {
  pages: [
    ['curl', 1],
    ['jq', 1],
  ],
  links: [
    ['Rubin Science Platform', 'https://rsp.lsst.io/'],
    ['Nublado, the service that runs its labs', 'https://nublado.lsst.io/'],
  ],
};
