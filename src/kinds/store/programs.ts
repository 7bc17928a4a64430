import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { EvpipeError } from '../../support/errors.js';

/** What a cache is run by, the first that is installed; both speak Redis's protocol. */
const CACHE_PROGRAMS = ['redis-server', 'valkey-server'] as const;

/** The cache server of the system, absolute; undefined where none is installed. */
export function cacheProgram(path: string | undefined): string | undefined {
  for (const name of CACHE_PROGRAMS) {
    for (const folder of (path ?? '').split(delimiter)) {
      const file = join(folder, name);
      if (folder !== '' && isProgram(file)) return file;
    }
  }
  return undefined;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

export const NO_CACHE_PROGRAM = 'there is no redis-server on PATH';

export const INSTALL_CACHE =
  'Install it (Debian: apt-get install redis-server; macOS: brew install redis), give the store an address under targets, or declare it optional.';

export const STORE_MISSING = 'EVPIPE_STORE_MISSING';

/** Thrown by the start of a store that is not available here; where it is optional, the pipeline continues without it. Its message is only the reason. */
export function storeMissing(why: string): EvpipeError {
  return new EvpipeError(STORE_MISSING, why, { todo: INSTALL_CACHE });
}
