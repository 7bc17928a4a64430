// Builds dist/ from src/ with tsc. `prepare` runs it on every install and every npx, so it does nothing, fast,
// where dist/ is newer than every source; in an installed package there is nothing to build from a compiler that is not there.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'dist', '.built');

function newestMs(folder) {
  let newest = statSync(folder).mtimeMs; // a folder's own time moves when a file in it is removed
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestMs(path) : statSync(path).mtimeMs);
  }
  return newest;
}

function isFresh() {
  if (!existsSync(stamp)) return false;
  const builtMs = statSync(stamp).mtimeMs;
  return Math.max(newestMs(join(root, 'src')), statSync(join(root, 'tsconfig.json')).mtimeMs) <= builtMs;
}

if (process.argv.includes('--force') || !isFresh()) {
  const startedMs = Date.now();
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  // Built beside dist/ and swapped in: whatever runs from the old one meanwhile never sees a half-written folder.
  const fresh = join(root, `dist.${process.pid}`);
  const { status } = spawnSync(process.execPath, [tsc, '-p', root, '--outDir', fresh], { stdio: 'inherit' });
  // The stamp's time is when the build began: a source saved meanwhile is built the next time.
  if (status === 0) {
    writeFileSync(join(fresh, '.built'), `${new Date(startedMs).toISOString()}\n`);
    utimesSync(join(fresh, '.built'), startedMs / 1000, startedMs / 1000);
  }
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  renameSync(fresh, join(root, 'dist'));
  process.exitCode = status ?? 1;
}
