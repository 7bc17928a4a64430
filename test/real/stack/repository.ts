import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root; this module may run where it lies or bundled into .real-stack/. */
export const repositoryFolder = ((): string => {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'vitest.config.ts'))) return folder;
    if (folder === dirname(folder)) throw new Error(`no repository above ${import.meta.url}`);
  }
})();
