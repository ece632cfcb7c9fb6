/**
 * What a machine can run out of, by the system's code: in plain words, and with what helps.
 */
export const shortages: Readonly<Record<string, readonly [text: string, hint: string]>> = {
  EMFILE: ['this process cannot open more files or connections', 'Raise the limit (`ulimit -n`).'],
  ENFILE: ['this machine has too many open files', 'Close other programs.'],
  ENOBUFS: ['this machine is out of memory for connections', 'Close other programs.'],
  ENOMEM: ['this machine is out of memory', 'Close other programs, or raise the limit (`ulimit -v`).'],
};

/** The words for an error that says so; null for any other. */
export function shortageOf(thrown: unknown): { text: string; hint: string } | null {
  const { code = '' }: NodeJS.ErrnoException = thrown instanceof Error ? thrown : new Error();
  const [text, hint] = shortages[code] ?? [null, ''];
  return text === null ? null : { text: `${text} (${code})`, hint };
}
