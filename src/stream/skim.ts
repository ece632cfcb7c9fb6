/**
 * Extracts a few members of a large JSON object without parsing the rest.
 *
 * `JSON.parse` may take gigabytes for a frame within the limit: millions of nested arrays, members or numbers. An Event
 * is flat, so only the text of its own members is parsed, and everything else is skipped.
 */

/**
 * The members of an object with these keys; of duplicates the last, as with `JSON.parse`. A value that is an object or
 * an array becomes an empty one. Throws a SyntaxError if the brackets or strings do not form one object; skipped text
 * is not checked any further.
 */
export function skim<Key extends string>(json: string, keys: readonly Key[]): Partial<Record<Key, unknown>> {
  /** The keys by their form in JSON. */
  const wanted = new Map(keys.map((each) => [`"${each}"`, each]));
  const members = new Map<Key, string>();
  let depth = 0;
  let key: string | null = null;
  let keyNext = false;
  let valueAt = 0;

  const endMember = (at: number): void => {
    const name = wanted.get(key ?? '');
    if (name !== undefined) members.set(name, json.slice(valueAt, at));
    key = null;
  };
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '"') {
      const end = endOfString(json, at);
      if (end === -1) throw new SyntaxError('a string without an end');
      if (keyNext) key = end - at > 20 ? '' : json.slice(at, end);
      keyNext = false;
      at = end - 1;
    } else if (char === '{' || char === '[') {
      depth += 1;
      if (depth === 1) {
        if (char === '[' || json.slice(0, at).trim() !== '') throw new SyntaxError('no object');
        keyNext = true;
      }
    } else if (char === '}' || char === ']') {
      if (depth === 1) {
        endMember(at);
        if (char === ']' || json.slice(at + 1).trim() !== '') throw new SyntaxError('no object');
        // Parsed one by one: joining the texts would copy them once more.
        const values: Partial<Record<Key, unknown>> = {};
        for (const [name, text] of members) values[name] = parseFlat(text);
        return values;
      }
      depth -= 1;
    } else if (depth === 1 && char === ':') {
      valueAt = at + 1;
    } else if (depth === 1 && char === ',') {
      endMember(at);
      keyNext = true;
    }
  }
  throw new SyntaxError('an object without an end');
}

/** Parses a flat value; a nested one becomes an empty object or array. */
function parseFlat(value: string): unknown {
  const text = value.trim();
  if (text.startsWith('{')) return {};
  return text.startsWith('[') ? [] : JSON.parse(text);
}

/** The position after a string's closing quote; -1 if there is none. */
function endOfString(json: string, begin: number): number {
  for (let at = begin + 1; ; at++) {
    at = json.indexOf('"', at);
    if (at === -1) return -1;
    let backslashes = 0;
    while (json[at - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return at + 1;
  }
}
