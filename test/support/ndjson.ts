/**
 * The lines of `-o ndjson`, each held to the schema.
 */
import assert from 'node:assert/strict';
import { OutputObject } from '../../src/model/output.js';

export type ResultObject = OutputObject & { kind: 'result' };

export function parseLines(stdout: string): OutputObject[] {
  assert.match(stdout, /^([ -~]*\n)*$/, 'JSON output is printable ASCII in whole lines');
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => OutputObject.parse(JSON.parse(line)));
}

/** The result object, which must be there once, as the last line. */
export function resultOf(stdout: string): ResultObject {
  const lines = parseLines(stdout);
  assert.equal(lines.filter(({ kind }) => kind === 'result').length, 1, stdout);
  const last = lines.at(-1);
  assert.equal(last?.kind, 'result');
  return last;
}
