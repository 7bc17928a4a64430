// Runs one benchmark: npm run bench NAME, where NAME is a file of this folder. TypeScript is bundled in passing.
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const name = process.argv[2] ?? '';
const entry = [join(here, `${name}.ts`), join(here, name, 'run.ts')].find((file) => existsSync(file));
if (name === '' || entry === undefined) {
  const names = readdirSync(here, { withFileTypes: true })
    .filter((file) => file.isDirectory() || file.name.endsWith('.ts'))
    .map((file) => file.name.replace(/\.ts$/, ''));
  console.error(`usage: npm run bench NAME   where NAME is one of ${names.join(', ')}`);
  process.exit(2);
}
// Below the repository, so that packages resolve as for any of its files.
const folder = await mkdtemp(join(root, 'dist', '.bench-'));
const outfile = join(folder, 'bench.mjs');
try {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    sourcemap: 'inline',
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(entry).href) },
  });
  process.argv.splice(2, 1);
  await import(pathToFileURL(outfile).href);
} finally {
  await rm(folder, { recursive: true, force: true });
}
