// Bundles the library's types into one file that does not need the types of any other package.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import ts from 'typescript';
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
    for (const file of files) writeFileSync(file, withoutUnseen(output[0].code));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Removes constants that are not exported, and the imports that only they needed: a type with the same name as a schema
 * pulls in the schema. Throws if another package is still needed.
 */
function withoutUnseen(code) {
  const source = ts.createSourceFile('index.d.ts', code, ts.ScriptTarget.Latest, true);
  const seen = new Set();
  const look = (node) => {
    if (ts.isExportSpecifier(node)) seen.add((node.propertyName ?? node.name).text);
    if (ts.isTypeQueryNode(node)) seen.add(node.exprName.getText());
    ts.forEachChild(node, look);
  };
  look(source);
  const kept = source.statements.filter(
    (statement) =>
      !ts.isImportDeclaration(statement) &&
      !(
        ts.isVariableStatement(statement) &&
        statement.declarationList.declarations.every(({ name }) => !seen.has(name.getText()))
      ),
  );
  const words = new Set(kept.flatMap((statement) => statement.getText().match(/[\w$]+/g)));
  for (const { importClause, moduleSpecifier } of source.statements.filter(ts.isImportDeclaration)) {
    const names = importClause.getText().match(/[\w$]+/g);
    if (names.some((name) => name !== 'as' && name !== 'type' && words.has(name)))
      throw new Error(`the library's types need ${moduleSpecifier.getText()}`);
  }
  return kept
    .map((statement) => statement.getFullText())
    .join('')
    .trimStart();
}
