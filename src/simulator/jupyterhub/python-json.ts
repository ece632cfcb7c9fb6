/**
 * JSON and dates as Python writes them.
 *
 * Owns the text form only. Keys keep the order in which they were set.
 */

/** `json.dumps(value)`: a space after each comma and colon, and everything outside U+0020 to U+007E escaped. */
export function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, each]) => each !== undefined);
    return `{${entries.map(([key, each]) => `${text(key)}: ${pythonJson(each)}`).join(', ')}}`;
  }
  return typeof value === 'string' ? text(value) : JSON.stringify(value ?? null);
}

function text(value: string): string {
  // JSON.stringify has escaped the control characters and lone surrogates already.
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** An ISO date with microseconds, in UTC, of a time in milliseconds since the epoch. */
export function pythonDate(time: number): string {
  return new Date(time).toISOString().replace('Z', '000Z');
}

/** `repr()` of a text without quotes and control characters. */
export function pythonRepr(value: string): string {
  return value.includes("'") ? `"${value}"` : `'${value}'`;
}
