/**
 * A value and where it came from, in words that a user can act on.
 */
export interface Setting<T> {
  value: T;
  origin: string;
}

export function setting<T>(value: T, origin: string): Setting<T> {
  return { value, origin };
}
