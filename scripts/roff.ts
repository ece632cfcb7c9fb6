/**
 * Text as source of a manual page: roff's escapes, and lines of a length that `mandoc -T lint` accepts.
 */

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
};

/** The longest line in bytes. */
const lineLimit = 80;

/** One line that roff prints character for character. */
export function roff(text: string): string {
  return text.replace(/[\\\-'`^~]/g, (char) => escapes[char] ?? char).replace(/^\./, '\\&.');
}

/** The text as one argument of a macro. */
export function macroArgument(text: string): string {
  return `"${roff(text).replaceAll('"', '\\(dq')}"`;
}

/** A paragraph that roff fills, as source lines of at most 80 bytes where its words allow it. */
export function fill(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.trim().split(/\s+/)) {
    const line = lines.at(-1);
    const longer = roff(`${line ?? ''} ${word}`.trim());
    if (line === undefined || Buffer.byteLength(longer) > lineLimit) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  // A full stop at the end of a source line would get two spaces after it, one within a line gets one.
  return lines.map((line, index) =>
    index < lines.length - 1 && /[.!?][)"']*$/.test(line) ? `${roff(line)}\\&` : roff(line),
  );
}
