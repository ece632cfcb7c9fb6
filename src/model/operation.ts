/**
 * The kinds of operations on a lab. A backend recognises the kind if the events show it.
 */
export type Operation = 'spawn' | 'deletion';
