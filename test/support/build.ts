import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { hintFolder, type RunningHint, readHints } from '../../src/supervisor/state/hint.js';

/**
 * Children run from dist/, so it has to be as new as src/ before any test starts. Type errors fail the run in CI;
 * while somebody works they are shown, and the tests of what does compile still run. All tests are one user, apart from
 * the real one, so that pipelines of tests that run side by side know of each other's ports.
 */
export default function setup({ vitest }: TestProject): () => void {
  const build = fileURLToPath(new URL('../../bin/build.js', import.meta.url));
  const { status } = spawnSync(process.execPath, [build], { stdio: 'inherit' });
  if (status !== 0 && process.env.CI !== undefined) throw new Error('the build failed');
  const inMemory = vitest.projects.every(({ name }) => LIGHT.has(name)) ? saveWork() : undefined;
  const stateHome = mkdtempSync(join(tmpdir(), 'evpipe-state-'));
  process.env.XDG_STATE_HOME = stateHome;
  const end = (): readonly RunningHint[] => {
    const left = leftRunning(stateHome);
    // A supervisor whose state folder goes ends all that it runs.
    for (const { stateFolder } of left) rmSync(stateFolder, { recursive: true, force: true });
    rmSync(stateHome, { recursive: true, force: true });
    if (inMemory !== undefined) rmSync(inMemory, { recursive: true, force: true });
    return left;
  };
  // Ctrl-C ends the run without a teardown.
  process.once('exit', end);
  return () => {
    process.off('exit', end);
    const left = end().map(({ file }) => file);
    if (left.length > 0) throw new Error(`tests have left pipelines running: ${left.join(', ')}`);
  };
}

/** What `npm test` runs: no gigabytes, no downloads. */
const LIGHT = new Set(['unit', 'servers', 'system', 'security']);
const MEMORY_DISK = '/dev/shm';
const MEMORY_DISK_BYTES_MIN = 8 * 1024 ** 3;

/**
 * What a machine adds to a run of a thousand processes that make and remove a hundred thousand files: each process would read
 * the certificates that this variable names, twice the CPU of its start, and a file system on a disk searches for inodes.
 * Answers the folder that takes the temporary files, to be removed; undefined: no room for one in memory.
 */
function saveWork(): string | undefined {
  delete process.env.NODE_EXTRA_CA_CERTS; // all that is spoken to is on this machine
  if (!existsSync(MEMORY_DISK)) return undefined;
  const { bavail, bsize } = statfsSync(MEMORY_DISK);
  if (bavail * bsize < MEMORY_DISK_BYTES_MIN) return undefined;
  const folder = mkdtempSync(join(MEMORY_DISK, 'evpipe-tests-'));
  chmodSync(folder, 0o1777); // as the system's own: PostgreSQL runs as another account where this is root
  process.env.TMPDIR = folder;
  process.env.EVPIPE_POSTGRES_FOLDER = join(folder, 'evpipe-postgres'); // where this is root, else it has its place in the pipeline's folder
  return folder;
}

const leftRunning = (stateHome: string): readonly RunningHint[] =>
  readHints(hintFolder({ XDG_STATE_HOME: stateHome })).filter(({ stateFolder }) => existsSync(stateFolder));
