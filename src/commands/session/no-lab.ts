/**
 * The outcome of a command that found no lab.
 */
import type { Subject } from '../../backends/backend.js';
import { errorOutcome, type Outcome } from '../../model/outcome.js';

/** The outcome for a lab that only the controller knows. */
export function orphanOnly({ name }: Subject): Outcome {
  const message = `${name} has no lab at the Hub; the controller has one that the Hub does not know`;
  const hint = '`lab spawn --on-conflict replace` replaces it, `lab stop` deletes it.';
  return errorOutcome('not-found', 'orphaned', message, { status: 404, hint });
}

export function noLab({ own }: Subject, message: string): Outcome {
  // Only the user may create their own lab.
  const hint = own ? '`lab spawn` creates one.' : null;
  // JSON output version 1 always has this status, regardless of the server's response.
  return errorOutcome('not-found', 'no_lab', message, { status: 404, hint });
}
