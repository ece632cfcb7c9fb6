/**
 * stdout cannot be written although its reader has not closed it: the disk is full, or the terminal is gone.
 */
export class OutputError extends Error {
  constructor(reason: string) {
    super(`cannot write to stdout: ${reason}`);
    this.name = 'OutputError';
  }
}
