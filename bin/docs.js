// Writes docs/ from the code's own tables, and the diagrams of the pipelines' READMEs: npm run docs. Tests hold what is
// committed against what this would write.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
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
for (const { file, wanted } of generatedFiles()) {
  mkdirSync(new URL('.', `file://${file}`), { recursive: true });
  writeFileSync(file, wanted);
}
