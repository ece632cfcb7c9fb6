/**
 * What the build has put into which file of dist, from esbuild's metafile.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

interface Metafile {
  outputs: Record<
    string,
    {
      entryPoint?: string;
      inputs: Record<string, unknown>;
      imports: { path: string; kind: string; external?: boolean }[];
    }
  >;
}

const path = new URL('../../dist/meta.json', import.meta.url);

export const { outputs } = JSON.parse(readFileSync(path, 'utf8')) as Metafile;

/** The file of dist that begins with this source file. */
export function entryOf(source: string): string {
  const entry = Object.keys(outputs).find((file) => outputs[file]?.entryPoint === source);
  assert.ok(entry !== undefined, `${source} has no file of its own in dist`);
  return entry;
}

/** The source files that are loaded with this one; with `later`, also those that it may load on demand. */
export function loadedWith(source: string, { later = false } = {}): Set<string> {
  const files = new Set([entryOf(source)]);
  for (const file of files) {
    for (const { path: next, kind, external } of outputs[file]?.imports ?? []) {
      if (external !== true && (later || kind !== 'dynamic-import')) files.add(next);
    }
  }
  return new Set([...files].flatMap((file) => Object.keys(outputs[file]?.inputs ?? {})));
}
