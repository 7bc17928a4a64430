import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
  return () => rmSync(stateHome, { recursive: true, force: true });
}
