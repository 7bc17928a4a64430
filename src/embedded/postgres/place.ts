import { randomBytes } from 'node:crypto';
import { accessSync, chmodSync, constants, existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Account } from '../../support/account.js';
import {
  OUTSIDE_PARENTS,
  readOutsideFolder,
  removeForsakenFolders,
  writeOutsideFolder,
} from '../../support/outside-folder.js';

/**
 * The folder that holds the cluster and, where needed, a clone of the binaries: `dataDir` itself, or for an account
 * of its own a folder outside, because `dataDir` is below folders that only their owner may enter.
 */
export function placeFor(dataDir: string, account: Account | undefined): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (account === undefined) return dataDir;
  const known = readOutsideFolder(dataDir);
  if (known === undefined) removeForsakenFolders(dataDir);
  const copied = known !== undefined && known.dataDir !== dataDir && existsSync(join(known.dataDir, 'location.json'));
  const folder = known === undefined || copied ? join(outsideParent(), randomBytes(8).toString('hex')) : known.folder;
  if (known?.dataDir !== dataDir) writeOutsideFolder({ version: 1, dataDir, folder });
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755); // whatever the umask
  return folder;
}

function outsideParent(): string {
  for (const parent of OUTSIDE_PARENTS) {
    try {
      mkdirSync(parent, { recursive: true });
      accessSync(parent, constants.W_OK);
      chmodSync(parent, 0o755);
      return parent;
    } catch {
      // A read-only /var/lib, as in some containers: the next one.
    }
  }
  return tmpdir();
}
