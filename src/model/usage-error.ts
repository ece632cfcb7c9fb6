/**
 * Wrong usage or configuration: what is wrong, where it came from, and how to correct it.
 */
export class UsageError extends Error {
  readonly hint: string | null;

  constructor(message: string, hint: string | null = null) {
    super(message);
    this.name = 'UsageError';
    this.hint = hint;
  }
}
