import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Children run from dist/, so it has to be as new as src/ before any test starts. Type errors fail the run in CI;
 * while somebody works they are shown, and the tests of what does compile still run.
 */
export default function setup(): void {
  const build = fileURLToPath(new URL('../../bin/build.js', import.meta.url));
  const { status } = spawnSync(process.execPath, [build], { stdio: 'inherit' });
  if (status !== 0 && process.env.CI !== undefined) throw new Error('the build failed');
}
