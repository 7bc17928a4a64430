import { mkdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { readJson, writeJson } from '../support/json-file.js';
import { pause } from '../support/retry.js';
import { identify, isRunning, type ProcessIdentity } from './process-identity.js';

interface LockFile {
  readonly version: 1;
  readonly holder: ProcessIdentity;
}

/** The guard is held for microseconds; one this old was left by a killed process. */
const GUARD_STALE_MS = 5_000;
const GUARD_PAUSE_MS = 5;

/**
 * Takes the lock for the life of this process. False: a living process holds it. A dead holder's lock is taken over;
 * looking and taking happen under a guard folder (mkdir is atomic everywhere), so that two can't take over at once.
 */
export async function takeLock(file: string): Promise<boolean> {
  const self = identify(process.pid);
  if (self === undefined) throw new Error('this process does not find itself in the process table');
  const guard = `${file}.guard`;
  while (!enterGuard(guard)) await pause(GUARD_PAUSE_MS);
  try {
    const held = readJson<LockFile>(file, 1);
    if (held !== undefined && held.holder.pid !== process.pid && isRunning(held.holder)) return false;
    writeJson(file, { version: 1, holder: self } satisfies LockFile);
    return true;
  } finally {
    rmdirSync(guard);
  }
}

/** Whether this process still is the one; a removed state folder ends that. */
export function holdsLock(file: string): boolean {
  try {
    return readJson<LockFile>(file, 1)?.holder.pid === process.pid;
  } catch {
    return false;
  }
}

export function releaseLock(file: string): void {
  if (holdsLock(file)) rmSync(file, { force: true });
}

function enterGuard(guard: string): boolean {
  try {
    mkdirSync(guard);
    return true;
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'EEXIST') throw failure;
  }
  try {
    if (Date.now() - statSync(guard).mtimeMs > GUARD_STALE_MS) rmdirSync(guard);
  } catch {
    // Its owner has just left.
  }
  return false;
}
