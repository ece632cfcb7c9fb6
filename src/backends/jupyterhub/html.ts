/**
 * Extracts the readable text from HTML. The text is sanitised where it is shown.
 */

/** Longer HTML is cut, because the result is one line of progress. */
const limit = 64 * 1024;

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#39': "'",
  '#34': '"',
  nbsp: ' ',
};

export function textOfHtml(html: string): string {
  let text = '';
  let at = 0;
  const source = html.slice(0, limit);
  // Not a regular expression, which would scan to the end for each unclosed `<`.
  for (;;) {
    const open = source.indexOf('<', at);
    const close = open === -1 ? -1 : source.indexOf('>', open);
    if (close === -1) break;
    text += source.slice(at, open);
    at = close + 1;
  }
  text += source.slice(at);
  return text.replace(/&(#?\w{1,8});/g, (whole, name: string) => entities[name] ?? whole).trim();
}
