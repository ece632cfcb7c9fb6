/**
 * What kept a file from being read or written, or a command from being started, in words.
 */
export function fileProblem(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a folder';
    case 'ENOTDIR':
      return 'part of the path is no folder';
    case 'EEXIST':
      return 'something else is there';
    case 'EROFS':
      return 'the disk is read-only';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'no space left';
    case 'EFBIG':
      return 'it would be larger than is allowed';
    case 'ENXIO':
      return 'nothing is at its other end: no reader of the pipe, or no terminal';
    case 'EBADF':
      return 'it is not open for that';
    case 'EAGAIN':
      return 'it is not ready';
    case 'EPIPE':
      return 'nobody reads it any more';
    case 'ELOOP':
      return 'its links lead in a circle';
    case 'ENAMETOOLONG':
      return 'the name is too long';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
