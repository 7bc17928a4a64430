import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { allStats, type ProcessStat, statOf } from '../children/process-identity.js';

/**
 * Who answers on the port of a child instead of it, in words: somebody who listened before the child began, or a child of another
 * supervisor that was quicker. Undefined where it may well be the child, its descendant or what it had started elsewhere (a
 * container), and where the system does not tell.
 */
export function strangerOn(port: number, child: number): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const own = statOf(child);
  if (own === undefined) return undefined;
  const owner = ownerOf(port, own.session);
  if (owner === undefined || owner.session === own.session) return undefined;
  const wasThereBefore = Number(owner.startTicks) < Number(own.startTicks);
  if (!wasThereBefore && !hasAnotherSupervisor(owner)) return undefined;
  return inWords(port, owner);
}

/**
 * Who holds a port that a child could not take, in words. Undefined where it is what a killed child of this process has left behind for
 * a moment (`predecessors`: the sessions of such children), and where the system does not tell.
 */
export function holderOf(port: number, predecessors: ReadonlySet<number>): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const owner = ownerOf(port, process.pid);
  return owner === undefined || predecessors.has(owner.session) ? undefined : inWords(port, owner);
}

const inWords = (port: number, owner: ProcessStat): string =>
  `port ${port} is held by process ${owner.pid} (${commandOf(owner.pid)})`;

/** Undefined also where it is a process that this one may not look into. */
function ownerOf(port: number, likely: number): ProcessStat | undefined {
  const sockets = new Set(listeningSockets(port).map((inode) => `socket:[${inode}]`));
  if (sockets.size === 0) return undefined;
  const all = allStats();
  const likelyFirst = [...all.filter(({ session }) => session === likely), ...all];
  return likelyFirst.find(({ pid }) => openFiles(pid).some((file) => sockets.has(file)));
}

/** Lines of /proc/net/tcp: number, local address:port, remote, state, queues, timer, retransmits, uid, timeout, inode; in hexadecimal up to the state. */
function listeningSockets(port: number): string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) =>
    textOf(table)
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => state === LISTEN && local?.endsWith(wanted))
      .flatMap((fields) => fields[9] ?? []),
  );
}

const LISTEN = '0A';

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    return []; // gone in the meantime, or not ours to read
  }
}

/** A child leads its session, and its supervisor is its parent. */
function hasAnotherSupervisor({ session }: ProcessStat): boolean {
  const parent = statOf(session)?.parent;
  return parent !== undefined && parent !== process.pid && /\/supervisor\/process\.js$/.test(commandOf(parent));
}

const commandOf = (pid: number): string => textOf(`/proc/${pid}/cmdline`).split('\0').slice(0, 2).join(' ').trim();

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
