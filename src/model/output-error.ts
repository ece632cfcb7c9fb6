/**
 * stdout cannot be written, though somebody may still want to read it: a full disk, a terminal that is gone.
 */
export class OutputError extends Error {
  constructor(reason: string) {
    super(`cannot write to stdout: ${reason}`);
    this.name = 'OutputError';
  }
}
