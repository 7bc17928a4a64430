// Writes docs/ from the code's own tables, and the diagrams of the pipelines' READMEs: npm run docs. With --check it writes
// nothing, names what it would have changed, and fails.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
// Beside dist/, so that packages resolve as for any file of this package.
const bundle = new URL('../dist/documentation.js', import.meta.url);
await build({
  entryPoints: [`${root}src/documentation.ts`],
  outfile: fileURLToPath(bundle),
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
});
const { generatedFiles } = await import(bundle.href);
rmSync(bundle);
const stale = generatedFiles().filter(({ committed, wanted }) => committed !== wanted);
if (process.argv.includes('--check')) {
  for (const { file } of stale) console.error(`${relative(root, file)} is not what \`npm run docs\` writes`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const { file, wanted } of stale) {
    mkdirSync(new URL('.', `file://${file}`), { recursive: true });
    writeFileSync(file, wanted);
  }
}
