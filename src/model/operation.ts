/**
 * What an operation with a lab does. A backend recognises it where its events show it.
 */
export type Operation = 'spawn' | 'deletion';
