/**
 * Opens what a path leads to, and never waits for it.
 *
 * The one place that opens files whose paths come from outside. A pipe without its other end, or a device, would
 * otherwise block the whole process, its signal handlers included.
 */
import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';

export interface Opened {
  fd: number;
  stats: Stats;
}

/** For reading, or for adding to it: a new file is made, for its owner alone. The caller closes it. */
export function openAtOnce(path: string, purpose: 'read' | 'append'): Opened {
  const { O_APPEND, O_CREAT, O_NOCTTY, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
  const access = purpose === 'read' ? O_RDONLY : O_WRONLY | O_APPEND | O_CREAT;
  // O_NOCTTY: a terminal that is only written to must not become the one that sends this process its signals.
  const fd = openSync(path, access | O_NONBLOCK | O_NOCTTY, 0o600);
  try {
    return { fd, stats: fstatSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
