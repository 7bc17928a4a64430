import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { codeOf } from '../../support/errors.js';

/**
 * A process id alone may have been reused; with the time it began (and the boot it began in) it is this one
 * or none. Nothing is ever signalled by a number that was read from a file without this being compared.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly began: string;
}

/** Undefined if the process does not exist, or is a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  const began = process.platform === 'linux' ? beganOnLinux(pid) : beganByPs(pid);
  return began === undefined ? undefined : { pid, began };
}

export const isRunning = (identity: ProcessIdentity): boolean => identify(identity.pid)?.began === identity.began;

export interface ProcessStat {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  readonly session: number;
  readonly threads: number;
  readonly startTicks: string;
}

/** /proc/PID/stat: pid (comm) state ppid pgrp session …; comm may hold blanks and parentheses. */
export function statOf(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    session: Number(fields[3]),
    threads: Number(fields[17]),
    startTicks: fields[19] ?? '',
  };
}

let bootId: string | undefined;

function beganOnLinux(pid: number): string | undefined {
  const stat = statOf(pid);
  if (stat === undefined || stat.state === 'X') return undefined;
  // The main thread of a killed process is a zombie at once; its files and ports are held until the last thread has gone.
  if (stat.state === 'Z' && stat.threads <= 1) return undefined;
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return `${bootId} ${stat.startTicks}`;
}

function beganByPs(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { LC_ALL: 'C' },
    }).trim();
    const [state = 'Z', ...began] = line.split(/\s+/);
    return state.startsWith('Z') ? undefined : began.join(' ');
  } catch {
    return undefined; // ps ends with 1 where there is no such process
  }
}

/** Signals a process group (every child of the supervisor leads its own). False if the group is empty. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (failure) {
    if (codeOf(failure) === 'EPERM') return true;
    return false;
  }
}

/** No process of the group is alive; zombies that were not reaped yet (as in a container without an init) don't count. */
export function isGroupGone(leader: number): boolean {
  if (!signalGroup(leader, 0)) return true;
  if (process.platform !== 'linux') return false;
  return !allStats().some((stat) => stat.session === leader && stat.state !== 'Z' && stat.state !== 'X');
}

export interface MemoryReader {
  /** Of a process with all its descendants and its session; undefined if the system doesn't report it. */
  bytesOf(pid: number): number | undefined;
  /** Of this process alone. */
  ownBytesOf(pid: number): number | undefined;
}

/** Where it was not asked for. */
export const UNREAD_MEMORY: MemoryReader = { bytesOf: () => undefined, ownBytesOf: () => undefined };

/** One look at all processes, for as many questions as are asked at that moment. */
export function readMemory(): MemoryReader {
  return process.platform === 'linux' ? linuxMemory() : psMemory();
}

export function allStats(): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((stat) => stat !== undefined);
}

function linuxMemory(): MemoryReader {
  const stats = allStats();
  const families = descendants(stats);
  return {
    bytesOf: (pid) => {
      const members = new Set([
        ...families(pid),
        ...stats.filter((stat) => stat.session === pid).map((stat) => stat.pid),
      ]);
      return sum([...members].map(proportionalBytes));
    },
    ownBytesOf: proportionalBytes,
  };
}

/** Pages that several processes share count to each by its part: sums of it are true. */
function proportionalBytes(pid: number): number | undefined {
  try {
    const kilobytes = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined; // gone in the meantime, or not ours to read
  }
}

function psMemory(): MemoryReader {
  const lines = execFileSync('ps', ['-axo', 'pid=,ppid=,rss='], { encoding: 'utf8' }).trim().split('\n');
  const rows = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const resident = new Map(rows.map(([pid = 0, , kilobytes = 0]) => [pid, kilobytes * 1024]));
  const families = descendants(rows.map(([pid = 0, parent = 0]) => ({ pid, parent })));
  return {
    bytesOf: (pid) => sum([...families(pid)].map((member) => resident.get(member))),
    ownBytesOf: (pid) => resident.get(pid),
  };
}

function descendants(all: ReadonlyArray<{ pid: number; parent: number }>): (pid: number) => ReadonlySet<number> {
  const children = new Map<number, number[]>();
  for (const { pid, parent } of all) children.set(parent, [...(children.get(parent) ?? []), pid]);
  return (pid) => {
    const family = new Set([pid]);
    for (const member of family) for (const child of children.get(member) ?? []) family.add(child);
    return family;
  };
}

function sum(values: ReadonlyArray<number | undefined>): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0);
}
