/**
 * The parts of a Docker image reference.
 */

/** The tag of a reference, which may be followed by a digest; null for a reference without a tag. */
export function tagOf(reference: string): string | null {
  return /:([^:@/]+)(?:@|$)/.exec(reference)?.[1] ?? null;
}

export function withoutDigest(reference: string): string {
  return reference.replace(/@.*$/, '');
}
