// Bundles the library's types into one file that does not need the types of any other package.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { root } from './bundle.js';

/** Writes the types that `src/index.ts` exports to these files. */
export async function bundleTypes(files) {
  const folder = mkdtempSync(join(root, 'dist', 'types-'));
  try {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', folder], {
      cwd: root,
      stdio: 'inherit',
    });
    const types = await rollup({ input: join(folder, 'index.d.ts'), plugins: [dts()], external: /^[^./]/ });
    const { output } = await types.generate({});
    for (const file of files) writeFileSync(file, output[0].code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
