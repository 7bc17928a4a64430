import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EvpipeError } from './errors.js';

/** Locks that this very process holds. */
const held = new Set<string>();

/**
 * Two servers on one folder would destroy it. Gives what releases the lock; one that a killed server left is taken over.
 * Throws EVPIPE_FOLDER_IN_USE.
 */
export function lockFolder(dataDir: string): () => void {
  const file = join(dataDir, 'broker.lock');
  const owner = readOwner(file);
  if (held.has(file) || (owner !== undefined && isAlive(owner))) {
    throw new EvpipeError('EVPIPE_FOLDER_IN_USE', `${dataDir} is used by the server with pid ${owner?.pid}`, {
      todo: 'Stop that one, or give this one another folder.',
    });
  }
  writeFileSync(file, `${process.pid} ${startOf(process.pid)}\n`, { mode: 0o600 });
  held.add(file);
  return () => {
    held.delete(file);
    rmSync(file, { force: true });
  };
}

interface Owner {
  readonly pid: number;
  readonly start: string;
}

function readOwner(file: string): Owner | undefined {
  try {
    const [pid = '', start = ''] = readFileSync(file, 'utf8').trim().split(' ');
    return Number(pid) > 0 ? { pid: Number(pid), start } : undefined;
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw failure;
  }
}

function isAlive({ pid, start }: Owner): boolean {
  if (pid === process.pid) return false; // this process holds no such lock: an earlier one had the same pid
  try {
    process.kill(pid, 0);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startOf(pid) === start;
}

/** When a process began, in ticks since the system's start: pids are given out again. Empty where there is no /proc. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
