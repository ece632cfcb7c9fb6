/**
 * The text of a piece of HTML. It is sanitised where it is shown; here only what a person reads is taken out.
 */

/** Longer ones are cut: it is a line of progress. */
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
  // Not a regular expression: from each `<` that is never closed it would read to the end.
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
