/**
 * A value with its origin, as text for the user.
 */
export interface Setting<T> {
  value: T;
  origin: string;
}

export function setting<T>(value: T, origin: string): Setting<T> {
  return { value, origin };
}
