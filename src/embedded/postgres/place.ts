import { randomBytes } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Account } from './account.js';

/**
 * `location.json` in a server's data folder: what it keeps elsewhere. Whoever removes the data folder removes that too.
 * It is written before the folder is made, so that nothing can be forgotten there.
 */
interface Location {
  readonly version: 1;
  /** The data folder this was written for: a copied project must not share the original's data. */
  readonly dataDir: string;
  readonly folder: string;
}

/** Where root keeps what another account must reach; the first that can be written. */
const OUTSIDE = ['/var/lib/evpipe', join(tmpdir(), 'evpipe-postgres')];

/**
 * The folder that holds the cluster and, where needed, a clone of the binaries: `dataDir` itself, or for an account
 * of its own a folder outside, because `dataDir` lies below folders that only their owner may enter.
 */
export function placeFor(dataDir: string, account: Account | undefined): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (account === undefined) return dataDir;
  const known = readLocation(dataDir);
  const copied = known !== undefined && known.dataDir !== dataDir && existsSync(join(known.dataDir, 'location.json'));
  const folder = known === undefined || copied ? join(outsideParent(), randomBytes(8).toString('hex')) : known.folder;
  if (known?.dataDir !== dataDir) writeLocation({ version: 1, dataDir, folder });
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  return folder;
}

/** Removes the data folder and what it keeps elsewhere; nothing must run on it any more. */
export function removePlace(dataDir: string): void {
  const location = readLocation(dataDir);
  if (location !== undefined && location.dataDir === dataDir) {
    rmSync(location.folder, { recursive: true, force: true });
    try {
      rmdirSync(dirname(location.folder));
    } catch {
      // Other pipelines have their folders there.
    }
  }
  rmSync(dataDir, { recursive: true, force: true });
}

function outsideParent(): string {
  for (const parent of OUTSIDE) {
    try {
      mkdirSync(parent, { recursive: true, mode: 0o755 });
      accessSync(parent, constants.W_OK);
      return parent;
    } catch {
      // A read-only /var/lib, as in some containers: the next one.
    }
  }
  return tmpdir();
}

function readLocation(dataDir: string): Location | undefined {
  const file = join(dataDir, 'location.json');
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8')) as Location;
}

function writeLocation(location: Location): void {
  const file = join(location.dataDir, 'location.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(location)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
