import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ProcessReport } from '../../src/supervisor/socket/launch.js';
import { pause } from '../../src/support/retry.js';
import { type Disturbance, disturb } from './disturbed.js';
import type { Dice } from './fuzz/dice.js';
import { isNode } from './inspected.js';
import type { Stack } from './stack.js';

const run = promisify(execFile);

/** What goes wrong for some time, at most, and is over when it resolves. */
export interface Fault {
  readonly name: string;
  /** One of these suffers it; absent: all do. */
  readonly victims?: keyof typeof VICTIMS;
  inflict(on: Sufferer): Promise<void>;
}

export interface Sufferer {
  readonly stack: Stack;
  readonly dice: Dice;
  readonly process: ProcessReport;
}

const VICTIMS = {
  any: () => true,
  listening: ({ port }: ProcessReport) => port !== undefined,
  /** PostgreSQL can be told neither of a clock nor of a disk, and one that is stopped can be told nothing. */
  node: ({ pid }: ProcessReport) => pid !== undefined && isNode(pid) && !isStopped(pid),
} as const;

const WHILE_MS = 5_000;
let tables = 0;
let ballasts = 0;

const someTime = (dice: Dice): number => 200 + dice.below(WHILE_MS);

/** Chooses who suffers the fault, and inflicts it. Resolves with what was done to whom. */
export async function inflict(fault: Fault, stack: Stack, dice: Dice, say: (what: string) => void): Promise<void> {
  const isVictim = VICTIMS[fault.victims ?? 'any'];
  const processes = (await stack.processes()).filter(isVictim).sort((a, b) => (a.process < b.process ? -1 : 1));
  const process = dice.pick(processes);
  say(fault.victims === undefined ? fault.name : `${process.process} ${fault.name}`);
  await fault.inflict({ stack, dice, process });
}

const kill: Fault = {
  name: 'killed',
  victims: 'any',
  inflict: ({ stack, process: { process: name } }) => stack.kill(name),
};

/** It may be killed and started again meanwhile: then nothing is left to be woken. */
const stop: Fault = {
  name: 'stopped',
  victims: 'any',
  async inflict({ stack, dice, process: { process: name } }) {
    const pid = await stack.signal(name, 'SIGSTOP');
    await pause(someTime(dice));
    send(pid, 'SIGCONT');
  },
};

/** Runs a tenth of the time, as beside a disk or a neighbour that takes all the rest. */
const starve: Fault = {
  name: 'slowed',
  victims: 'any',
  async inflict({ stack, dice, process: { process: name } }) {
    const endMs = performance.now() + someTime(dice);
    while (performance.now() < endMs) {
      const pid = await stack.signal(name, 'SIGSTOP');
      await pause(180);
      send(pid, 'SIGCONT');
      await pause(20);
    }
  },
};

function isStopped(pid: number): boolean {
  try {
    return /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false; // it is gone
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone.
  }
}

/** Both ends of all its connections are told that they are over. */
const cut: Fault = {
  name: 'cut off',
  victims: 'listening',
  async inflict({ process: { port } }) {
    for (const side of ['sport', 'dport']) await run('ss', ['-K', 'state', 'established', side, '=', `:${port}`]);
  },
};

/** Nobody is told anything: what is sent does not arrive for a while. */
const halfOpen: Fault = {
  name: 'half open',
  victims: 'listening',
  async inflict({ dice, process: { port } }) {
    const table = ['inet', `evpipe_soak_${++tables}`];
    const rules = `type filter hook input priority 0; tcp dport ${port} drop; tcp sport ${port} drop;`;
    await run('nft', [`table ${table.join(' ')} { chain input { ${rules} }; }`]);
    try {
      await pause(someTime(dice));
    } finally {
      await run('nft', ['delete', 'table', ...table]);
    }
  },
};

/** The stack has a disk of its own: see `withDisk`. */
const fillDisk: Fault = {
  name: 'disk full',
  async inflict({ stack, dice }) {
    const ballast = join(stack.box.folder, `ballast-${++ballasts}`);
    try {
      await run('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=1M']).catch(() => {}); // it fails when there is no more room
      await pause(someTime(dice));
    } finally {
      await rm(ballast, { force: true });
    }
  },
};

async function whileDisturbed({ dice, process: { pid } }: Sufferer, disturbance: Disturbance): Promise<void> {
  if (pid === undefined) return;
  try {
    await disturb(pid, disturbance);
    await pause(someTime(dice));
    await disturb(pid, {});
  } catch {
    // It was stopped or killed meanwhile, and may still have the wrong time: its next life has the right one.
    send(pid, 'SIGKILL');
  }
}

const CLOCK_STEP_MS_MAX = 3_600_000;

/** Forward or back by up to an hour, and later back to what it was: two steps. */
const stepClock: Fault = {
  name: 'clock set',
  victims: 'node',
  inflict: (on) => whileDisturbed(on, { clockMs: on.dice.below(2 * CLOCK_STEP_MS_MAX) - CLOCK_STEP_MS_MAX }),
};

const SLOW_WRITE_MS_MAX = 300;

const slowDisk: Fault = {
  name: 'disk slow',
  victims: 'node',
  inflict: (on) => whileDisturbed(on, { writeMs: 20 + on.dice.below(SLOW_WRITE_MS_MAX) }),
};

export const FAULTS: readonly Fault[] = [
  ...[kill, kill, stop, stop, starve],
  ...[cut, halfOpen, fillDisk, slowDisk, stepClock],
];
