// How src/ is bundled: for the package in pieces, for the single file in one.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** undici as far as it is used, see scripts/undici.js. */
const slimUndici = {
  name: 'slim-undici',
  setup(plugins) {
    plugins.onResolve({ filter: /^undici$/ }, () => ({ path: `${root}scripts/undici.js` }));
  },
};

/** What stands in the place of modules of Node's. */
const standIns = {
  // Only for HTTP/2, which is never asked for, and slow to load. This is undici's own stand-in for it.
  'node:http2': 'module.exports = { constants: {} };',
  // Where an assertion fails, Node parses the whole file to word it, which takes seconds for a bundle, and then says
  // "false == true".
  'node:assert': `
    class AssertionError extends Error {
      name = 'AssertionError';
      code = 'ERR_ASSERTION';
    }
    module.exports = (value, message = 'an assertion failed') => {
      if (!value) throw message instanceof Error ? message : new AssertionError(message);
    };`,
};

const withStandIns = {
  name: 'stand-ins',
  setup(plugins) {
    const filter = new RegExp(`^(${Object.keys(standIns).join('|')})$`);
    plugins.onResolve({ filter }, ({ path }) => ({ path, namespace: 'stand-in' }));
    plugins.onLoad({ filter, namespace: 'stand-in' }, ({ path }) => ({ contents: standIns[path] }));
  },
};

/** zod with its settings to itself: in a program that has zod too, the library face must not change its settings. */
const ownZod = {
  name: 'own-zod',
  setup(plugins) {
    plugins.onLoad({ filter: /zod[\\/]v4[\\/]core[\\/](core|registries)\.js$/ }, ({ path }) => ({
      contents: `const own = {};\n${readFileSync(path, 'utf8').replaceAll('globalThis', 'own')}`,
    }));
  },
};

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  // Names stay as they are, for readable bug reports; without them it would not be faster.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  plugins: [slimUndici, withStandIns, ownZod],
};

/** One CommonJS file with everything in it. */
export async function bundleOne(entry, outfile) {
  const { metafile } = await build({ ...common, entryPoints: [entry], outfile, format: 'cjs' });
  return metafile;
}

/**
 * Entries and what they share or load later, as CommonJS files: `{ files, metafile }`.
 *
 * CommonJS because Node loads it faster, by 10 ms on Node 20 and 40 on Node 26 for `lab spawn`. esbuild splits
 * only ECMAScript modules, so each piece is translated afterwards.
 */
export async function bundlePieces(entryPoints, outdir) {
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints,
    outdir,
    outExtension: { '.js': '.cjs' },
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    splitting: true,
    sourcemap: 'inline',
    // A line of a file says enough, and the file is in the repository.
    sourcesContent: false,
    write: false,
  });
  const files = [];
  for (const { path, text } of outputFiles) {
    const { code, map } = await transform(text, {
      format: 'cjs',
      platform: 'node',
      target: 'node20',
      // As require calls, which need no second loader.
      supported: { 'dynamic-import': false },
      minifySyntax: true,
      minifyWhitespace: true,
      sourcemap: 'external',
      sourcefile: basename(path),
      sourcesContent: false,
    });
    files.push(
      { path, text: `${code}//# sourceMappingURL=${basename(path)}.map\n` },
      { path: `${path}.map`, text: map },
    );
  }
  return { files, metafile };
}
