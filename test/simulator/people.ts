/**
 * The people and the tokens that occur in the captures.
 */
import type { Grant, Person } from '../../src/simulator/server.js';

const gibibyte = 2 ** 30;
const quota = { cpu: 9, memory: 27 * gibibyte, spawn: true };

export const rachel: Person = {
  username: 'rachel',
  name: 'Rachel (?)',
  uid: 1101,
  gid: 1101,
  groups: [
    { name: 'rachel', id: 1101 },
    { name: 'lunatics', id: 2028 },
    { name: 'mechanics', id: 2001 },
    { name: 'storytellers', id: 2021 },
    { name: '99numbers', id: 2029 },
  ],
  quota,
};

export const people: readonly Person[] = [
  rachel,
  { ...rachel, username: 'test02', quota: null },
  { ...rachel, username: 'ribbon', quota: { ...quota, spawn: false } },
  { ...rachel, username: 'nouid', uid: null },
];

/** The tokens under the names that the captures give them. */
export const tokens: Readonly<Record<string, Grant>> = {
  'gt-rachel': { user: 'rachel' },
  'gt-rachel-user': { user: 'rachel', scopes: ['exec:notebook'] },
  'gt-test01': { user: 'test01' },
  'gt-test02': { user: 'test02' },
  'gt-ribbon': { user: 'ribbon' },
  'gt-nouid': { user: 'nouid' },
  'gt-revoked': { user: 'rachel', delegated: 'revoked' },
  'gt-mismatch': { user: 'rachel', delegated: 'mismatch' },
};
