/**
 * The outcome of a command that found no lab.
 */
import type { Subject } from '../../backends/backend.js';
import { errorOutcome, type Outcome } from '../../model/outcome.js';

export function noLab({ own }: Subject, message: string): Outcome {
  // Only its own user may create one.
  const hint = own ? '`lab spawn` creates one.' : null;
  // JSON output version 1 has this status, whatever the server's response was.
  return errorOutcome('not-found', 'no_lab', message, { status: 404, hint });
}
