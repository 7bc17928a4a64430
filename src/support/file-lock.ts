import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { tryLock } from 'fs-native-extensions';
import { codeOf } from './errors.js';

/** How often the file may be replaced between opening and locking it before that counts as locked. */
const ATTEMPTS_MAX = 10;

/** An exclusive lock that this process holds on a file. */
export interface FileLock {
  /** False once the file was removed, for example with its folder. */
  isHeld(): boolean;
  release(): void;
}

/**
 * Locks a file, creating it if needed. Undefined: another process, or another part of this one, holds it. The kernel
 * releases the lock when its process ends, however it ends, so a killed holder never keeps it, not even as a zombie.
 */
export function lockFile(file: string): FileLock | undefined {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const fd = openSync(file, 'a+', 0o600); // close-on-exec: children do not inherit it
    const locked = tryLock(fd);
    if (locked && isSameFile(file, fd)) {
      notePid(fd);
      return lockOn(file, fd);
    }
    closeSync(fd);
    if (!locked) return undefined;
  }
  return undefined;
}

function lockOn(file: string, fd: number): FileLock {
  let released = false;
  const isHeld = (): boolean => !released && isSameFile(file, fd);
  return {
    isHeld,
    release() {
      if (released) return;
      // Removed while still locked: a process that opened it meanwhile notices that it locked a file without a name.
      if (isHeld()) unlinkSync(file);
      released = true;
      closeSync(fd);
    },
  };
}

function isSameFile(file: string, fd: number): boolean {
  const named = statSync(file, { throwIfNoEntry: false });
  const opened = fstatSync(fd);
  return named !== undefined && named.ino === opened.ino && named.dev === opened.dev;
}

/** The pid is for people only, so a full disk does not matter. */
function notePid(fd: number): void {
  try {
    ftruncateSync(fd, 0);
    writeSync(fd, `${process.pid}\n`);
  } catch (failure) {
    if (codeOf(failure) !== 'ENOSPC') throw failure;
  }
}

/** The pid that the lock's holder noted; undefined where it could not. */
export function lockHolder(file: string): number | undefined {
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
  return Number.isNaN(pid) ? undefined : pid;
}
