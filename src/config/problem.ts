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
      return 'no space left';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
