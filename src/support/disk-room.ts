import { existsSync, statfsSync } from 'node:fs';
import { codeOf, EvpipeError } from './errors.js';

/** One segment of PostgreSQL's WAL, the largest piece that a server asks for at once. */
const LEAST_BYTES = 16 * 1024 ** 2;

/** A sentence where the disk below this folder is full: what fails of it seldom says so itself. Undefined where there is no folder. */
export function shortageOfRoom(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  return free < LEAST_BYTES ? `no space left on device: ${Math.floor(free / 1024)} KB free at ${folder}` : undefined;
}

/** What could not be written below this folder, with its place: the system's own message names none. Other failures stay as they are. */
export function withPlace(failure: unknown, folder: string): unknown {
  if (codeOf(failure) !== 'ENOSPC') return failure;
  return new EvpipeError('EVPIPE_DISK_FULL', `no space left on device: can't write below ${folder}`, {
    cause: failure,
    todo: 'Free some space, then rerun the command; it continues from where it stopped.',
  });
}
