import { existsSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
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

export function writeOutsideFolder(outside: OutsideFolder): void {
  writeJson(join(outside.dataDir, 'location.json'), outside);
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
