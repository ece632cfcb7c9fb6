/**
 * The command in the variable BROWSER: its words, with the URL in its place. No shell is involved.
 */

export interface BrowserCommand {
  program: string;
  args: string[];
}

/** The command that opens the URL; null if the variable is empty. Throws an Error, for people, if it is not a command. */
export function browserCommand(browser: string, url: string): BrowserCommand | null {
  const words = wordsOf(browser);
  const hasPlace = words.slice(1).some((word) => word.includes('%s'));
  // A function, because a replacement text may contain patterns.
  const args = words.slice(1).map((word) => word.replaceAll('%s', () => url));
  const [program] = words;
  return program === undefined ? null : { program, args: hasPlace ? args : [...args, url] };
}

/** The words of a command. Quotes may enclose spaces; a backslash is an ordinary character, as in paths on Windows. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*'|["'])+/g)) {
    const plain = word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => {
      return double ?? single ?? '';
    });
    const quoted = word.replaceAll(/"[^"]*"|'[^']*'/g, '');
    if (/["']/.test(quoted)) throw new Error('BROWSER: a quote is not closed');
    words.push(plain);
  }
  return words;
}
