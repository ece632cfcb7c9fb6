/**
 * Resources that a machine can run out of, by the system's error code: a plain description and a hint.
 */
export const shortages: Readonly<Record<string, readonly [text: string, hint: string]>> = {
  EMFILE: ['this process cannot open more files or connections', 'Raise the limit (`ulimit -n`).'],
  ENFILE: ['this machine has too many open files', 'Close other programs.'],
  ENOBUFS: ['this machine is out of memory for connections', 'Close other programs.'],
  ENOMEM: ['this machine is out of memory', 'Close other programs, or raise the limit (`ulimit -v`).'],
};

/** The description of such an error; null for any other error. */
export function shortageOf(thrown: unknown): { text: string; hint: string } | null {
  const { code = '' }: NodeJS.ErrnoException = thrown instanceof Error ? thrown : new Error();
  const [text, hint] = shortages[code] ?? [null, ''];
  return text === null ? null : { text: `${text} (${code})`, hint };
}
