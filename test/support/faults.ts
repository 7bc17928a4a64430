import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pause } from '../../src/support/retry.js';
import { type Disturbance, disturb } from './disturbed.js';
import type { Dice } from './fuzz/dice.js';
import { isNode } from './inspected.js';
import type { Stack } from './stack.js';

const run = promisify(execFile);

/** What goes wrong for some time, at most, and is over when it resolves. */
export interface Fault {
  readonly name: string;
  inflict(stack: Stack, dice: Dice): Promise<void>;
}

const WHILE_MS = 5_000;
const TABLE = 'evpipe_soak';

const someTime = (dice: Dice): number => 200 + dice.below(WHILE_MS);

/** Of all processes, or of those that listen. */
async function victim(
  stack: Stack,
  dice: Dice,
  mustListen = false,
): Promise<{ readonly process: string; readonly port?: number }> {
  const processes = (await stack.processes()).filter(({ port }) => !mustListen || port !== undefined);
  return dice.pick([...processes].sort((a, b) => (a.process < b.process ? -1 : 1)));
}

const kill: Fault = {
  name: 'killed',
  inflict: async (stack, dice) => stack.kill((await victim(stack, dice)).process),
};

/** It may be killed and started again meanwhile: then nothing is left to be woken. */
const stop: Fault = {
  name: 'stopped',
  async inflict(stack, dice) {
    const pid = await stack.signal((await victim(stack, dice)).process, 'SIGSTOP');
    await pause(someTime(dice));
    wake(pid);
  },
};

/** Runs a tenth of the time, as beside a disk or a neighbour that takes all the rest. */
const starve: Fault = {
  name: 'slowed',
  async inflict(stack, dice) {
    const { process: name } = await victim(stack, dice);
    const endMs = performance.now() + someTime(dice);
    while (performance.now() < endMs) {
      const pid = await stack.signal(name, 'SIGSTOP');
      await pause(180);
      wake(pid);
      await pause(20);
    }
  },
};

function wake(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // It is gone.
  }
}

/** Both ends of all its connections are told that they are over. */
const cut: Fault = {
  name: 'cut off',
  async inflict(stack, dice) {
    const { port } = await victim(stack, dice, true);
    for (const side of ['sport', 'dport']) await run('ss', ['-K', 'state', 'established', side, '=', `:${port}`]);
  },
};

/** Nobody is told anything: what is sent does not arrive for a while. */
const halfOpen: Fault = {
  name: 'half open',
  async inflict(stack, dice) {
    const { port } = await victim(stack, dice, true);
    const rules = `type filter hook input priority 0; tcp dport ${port} drop; tcp sport ${port} drop;`;
    await run('nft', [`table inet ${TABLE} { chain input { ${rules} }; }`]);
    try {
      await pause(someTime(dice));
    } finally {
      await run('nft', ['delete', 'table', 'inet', TABLE]);
    }
  },
};

/** The stack has a disk of its own: see `withDisk`. */
const fillDisk: Fault = {
  name: 'disk full',
  async inflict(stack, dice) {
    const ballast = join(stack.box.folder, 'ballast');
    try {
      await run('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=1M']).catch(() => {}); // it fails when there is no more room
      await pause(someTime(dice));
    } finally {
      await rm(ballast, { force: true });
    }
  },
};

/** Of a server or service that runs in Node.js; PostgreSQL has neither fault. */
async function disturbedVictim(stack: Stack, dice: Dice, disturbance: Disturbance): Promise<void> {
  const processes = (await stack.processes()).filter(({ pid }) => pid !== undefined && isNode(pid));
  const { pid } = dice.pick([...processes].sort((a, b) => (a.process < b.process ? -1 : 1)));
  if (pid === undefined) return;
  try {
    await disturb(pid, disturbance);
    await pause(someTime(dice));
    await disturb(pid, {});
  } catch (failure) {
    if (isNode(pid)) throw failure; // else it was killed or restarted meanwhile: the next life has the right time
  }
}

const CLOCK_STEP_MS_MAX = 3_600_000;

/** Forward or back by up to an hour, and later back to what it was: two steps. */
const stepClock: Fault = {
  name: 'clock set',
  inflict: (stack, dice) =>
    disturbedVictim(stack, dice, { clockMs: dice.below(2 * CLOCK_STEP_MS_MAX) - CLOCK_STEP_MS_MAX }),
};

const SLOW_WRITE_MS_MAX = 300;

const slowDisk: Fault = {
  name: 'disk slow',
  inflict: (stack, dice) => disturbedVictim(stack, dice, { writeMs: 20 + dice.below(SLOW_WRITE_MS_MAX) }),
};

export const FAULTS: readonly Fault[] = [
  ...[kill, kill, stop, stop, starve, cut, halfOpen, fillDisk],
  ...[stepClock, stepClock, slowDisk, slowDisk],
];
