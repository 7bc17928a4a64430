import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeJson } from './json-file.js';

/**
 * `location.json` in a server's data folder: what it keeps elsewhere (PostgreSQL under root). It is written before
 * that folder is made, so that nothing can be forgotten there.
 */
export interface OutsideFolder {
  readonly version: 1;
  /** The data folder this was written for: a copied project must not share the original's data. */
  readonly dataDir: string;
  readonly folder: string;
}

export function readOutsideFolder(dataDir: string): OutsideFolder | undefined {
  const file = join(dataDir, 'location.json');
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8')) as OutsideFolder;
}

/** Where such folders lie; the first that can be written. The variable is for another disk, or for one in memory. */
export const OUTSIDE_PARENTS: readonly string[] = [
  ...[process.env.EVPIPE_POSTGRES_FOLDER ?? ''].filter((folder) => folder !== ''),
  '/var/lib/evpipe',
  join(tmpdir(), 'evpipe-postgres'),
];

/** Makes the folder; a note in it says whose it is, for when the data folder itself was removed by hand. */
export function writeOutsideFolder(outside: OutsideFolder): void {
  writeJson(join(outside.dataDir, 'location.json'), outside);
  mkdirSync(outside.folder, { recursive: true });
  writeJson(join(outside.folder, OWNER), outside);
}

const OWNER = 'owner.json';

/** Removes the outside folders of data folders at or below this path that were removed themselves. */
export function removeForsakenFolders(path: string): void {
  for (const parent of OUTSIDE_PARENTS.filter(existsSync)) {
    for (const name of readdirSync(parent)) {
      const folder = join(parent, name);
      const owner = ownerOf(folder);
      if (owner === undefined || !`${owner}/`.startsWith(`${path}/`) || existsSync(join(owner, 'location.json')))
        continue;
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

function ownerOf(folder: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(folder, OWNER), 'utf8')) as OutsideFolder).dataDir;
  } catch {
    return undefined; // not one of ours, or from before there were notes
  }
}

/** Removes a server's data folder and what it keeps elsewhere; nothing must run on it any more. */
export function removeDataDir(dataDir: string): void {
  const outside = readOutsideFolder(dataDir);
  if (outside !== undefined && outside.dataDir === dataDir) {
    rmSync(outside.folder, { recursive: true, force: true });
    try {
      rmdirSync(dirname(outside.folder));
    } catch {
      // Other pipelines have their folders there.
    }
  }
  rmSync(dataDir, { recursive: true, force: true });
}
