import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this package: the same from src/, from the bundles in dist/ and from their chunks. */
export const packageFolder = ((): string => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
})();

/** Absolute path of a file or folder of this package: `dist/main.cjs`, `templates`. */
export function packageFile(...path: readonly string[]): string {
  return join(packageFolder, ...path);
}

export interface PackageManifest {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export function packageManifest(): PackageManifest {
  return JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as PackageManifest;
}
