import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { packageFile } from '../../src/support/package.js';

/** A program of the tests that uses src/, as one file that node runs; below dist/, so that packages resolve. */
export async function bundleProgram(entry: string): Promise<{ readonly file: string; remove(): void }> {
  const folder = mkdtempSync(packageFile('dist', '.test-'));
  const file = join(folder, 'program.mjs');
  await build({
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  });
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
