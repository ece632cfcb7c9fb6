/**
 * Opens the file at a path without blocking.
 *
 * The one place that opens files whose paths come from outside. A pipe without its other end, or a device, would
 * otherwise block the whole process, its signal handlers included.
 */
import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';

export interface Opened {
  fd: number;
  stats: Stats;
}

/** Opens for reading or appending. A new file is readable only by its owner. The caller closes it. */
export function openAtOnce(path: string, purpose: 'read' | 'append'): Opened {
  const { O_APPEND, O_CREAT, O_NOCTTY, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
  const access = purpose === 'read' ? O_RDONLY : O_WRONLY | O_APPEND | O_CREAT;
  // O_NOCTTY: a terminal that is opened as a file must not become the process's controlling terminal.
  const fd = openSync(path, access | O_NONBLOCK | O_NOCTTY, 0o600);
  try {
    return { fd, stats: fstatSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
