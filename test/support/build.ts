import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Children run from dist/, so it has to be as new as src/ before any test starts. */
export default function setup(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../bin/build.js', import.meta.url))], { stdio: 'inherit' });
}
