import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../../support/log.js';
import { pause } from '../../support/retry.js';

/** Backends end by themselves when their postmaster is gone, and a postmaster that was told to stop needs a moment. */
const BY_ITSELF_MS = 3_000;
const BY_FORCE_MS = 5_000;

/**
 * Makes the cluster free for a new postmaster: waits for, then ends, processes that still work in it, and removes a
 * stale postmaster.pid. PostgreSQL alone would refuse where the number in that file is taken: by the dead postmaster
 * itself where nobody collects it (a container without an init), or by any other process after a reboot. Whoever
 * calls holds the pipeline's lock, so nothing that works in this folder is wanted any more. Elsewhere than on Linux
 * it is left to PostgreSQL.
 */
export async function endPredecessor(cluster: string, log: Log): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid');
  if (process.platform !== 'linux' || !existsSync(pidFile)) return;
  await untilNobody(cluster, BY_ITSELF_MS);
  const left = workingIn(cluster);
  if (left.length > 0) {
    log.warn('ending the processes that still use the database cluster', { processes: left.join(' ') });
    const postmaster = Number(readFileSync(pidFile, 'latin1').split('\n')[0]);
    if (left.includes(postmaster)) signal(postmaster, 'SIGINT');
    await untilNobody(cluster, BY_FORCE_MS);
    for (const pid of workingIn(cluster)) signal(pid, 'SIGKILL');
    await untilNobody(cluster, BY_FORCE_MS);
  }
  if (workingIn(cluster).length === 0) rmSync(pidFile, { force: true });
}

async function untilNobody(cluster: string, timeoutMs: number): Promise<void> {
  for (const startedMs = performance.now(); performance.now() - startedMs < timeoutMs; ) {
    if (workingIn(cluster).length === 0) return;
    await pause(20);
  }
}

/** Every PostgreSQL process has its cluster as working directory; the dead have none. */
function workingIn(cluster: string): number[] {
  const folder = realpathSync(cluster);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return (
          readlinkSync(`/proc/${name}/cwd`) === folder && readlinkSync(`/proc/${name}/exe`).endsWith('/bin/postgres')
        );
      } catch {
        return false; // gone, dead, or another user's
      }
    })
    .map(Number);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended.
  }
}
