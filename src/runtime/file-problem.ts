/**
 * Messages for errors of reading or writing a file, or of starting a command.
 */
export function fileProblem(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'no such file';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a directory';
    case 'ENOTDIR':
      return 'part of the path is not a directory';
    case 'EEXIST':
      return 'it already exists';
    case 'EROFS':
      return 'the disk is read-only';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'no space left';
    case 'EFBIG':
      return 'the file would be too large';
    case 'ENXIO':
      return 'the pipe has no reader, or there is no terminal';
    case 'EBADF':
      return 'it is not open for this';
    case 'EAGAIN':
      return 'it is not ready';
    case 'EPIPE':
      return 'its reader has closed it';
    case 'ELOOP':
      return 'too many symbolic links';
    case 'ENAMETOOLONG':
      return 'the name is too long';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
