import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hintFolder, type RunningHint, readHints } from '../../src/supervisor/state/hint.js';

/**
 * Children run from dist/, so it has to be as new as src/ before any test starts. Type errors fail the run in CI;
 * while somebody works they are shown, and the tests of what does compile still run. All tests are one user, apart from
 * the real one, so that pipelines of tests that run side by side know of each other's ports.
 */
export default function setup(): () => void {
  const build = fileURLToPath(new URL('../../bin/build.js', import.meta.url));
  const { status } = spawnSync(process.execPath, [build], { stdio: 'inherit' });
  if (status !== 0 && process.env.CI !== undefined) throw new Error('the build failed');
  const stateHome = mkdtempSync(join(tmpdir(), 'evpipe-state-'));
  process.env.XDG_STATE_HOME = stateHome;
  const end = (): readonly RunningHint[] => {
    const left = leftRunning(stateHome);
    // A supervisor whose state folder goes ends all that it runs.
    for (const { stateFolder } of left) rmSync(stateFolder, { recursive: true, force: true });
    rmSync(stateHome, { recursive: true, force: true });
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

const leftRunning = (stateHome: string): readonly RunningHint[] =>
  readHints(hintFolder({ XDG_STATE_HOME: stateHome })).filter(({ stateFolder }) => existsSync(stateFolder));
