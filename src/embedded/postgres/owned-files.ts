import {
  accessSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Account } from '../../support/account.js';

/** Files and folders for the account alone; undefined: for us. */
export function writeOwned(file: string, text: string, account: Account | undefined): void {
  writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
  own(`${file}.tmp`, account);
  renameSync(`${file}.tmp`, file);
}

export function makeFolder(folder: string, account: Account | undefined): void {
  mkdirSync(folder, { mode: 0o700 });
  own(folder, account);
}

export function copyFolder(from: string, to: string, account: Account | undefined): void {
  makeFolder(to, account);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyFolder(source, target, account);
    else {
      copyFileSync(source, target, constants.COPYFILE_FICLONE);
      own(target, account);
    }
  }
}

/** Returns once a power cut can't take any file of the folder. */
export function writeThrough(folder: string): void {
  for (const { name, parentPath } of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const file = openSync(join(parentPath, name), 'r');
    fsyncSync(file);
    closeSync(file);
  }
}

export function isReadable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function own(path: string, account: Account | undefined): void {
  if (account !== undefined) chownSync(path, account.uid, account.gid);
}
