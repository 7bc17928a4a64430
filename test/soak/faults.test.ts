import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { faultRound, JOURNEYS } from '../support/fault-round.js';
import { SoakFigures } from '../support/soak-figures.js';
import { Stack } from '../support/stack.js';

const ROUNDS = Number(process.env.EVPIPE_SOAK_ROUNDS ?? 10);
const FAULTS = 50;
/** What takes longer after the last fault is worth a look. */
const SETTLED_MS = 15_000;
/** Enough for the pipeline, small enough to be filled. */
const DISK = 'size=900m';
/** Disks are mounted, packets dropped and connections cut. */
const IS_ROOT = process.platform === 'linux' && process.getuid?.() === 0;

/** A stack on a disk of its own, which the folder for temporary files is on meanwhile. */
async function onDisk(pipeline: string, work: (stack: Stack) => Promise<void>): Promise<void> {
  const { TMPDIR: before } = process.env;
  const disk = mkdtempSync(join(tmpdir(), 'evpipe-faults-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', DISK, 'none', disk]);
  try {
    process.env.TMPDIR = disk;
    const stack = await Stack.up(pipeline);
    try {
      await work(stack);
    } finally {
      await stack.remove();
    }
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    execFileSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true });
  }
}

it.skipIf(!IS_ROOT).each(JOURNEYS)(
  `$pipeline loses and doubles nothing in ${ROUNDS} rounds of faults, and no check lies`,
  async (journey) => {
    const figures = new SoakFigures(`faults ${journey.pipeline}`);
    await onDisk(journey.pipeline, async (stack) => {
      for (let round = 0; round < ROUNDS; round++) {
        const seed = figures.nextSeed + (process.env.EVPIPE_SOAK_SEED === undefined ? 0 : round);
        const { inflicted, asked, said, settledMs } = await faultRound(stack, journey, { seed, faults: FAULTS });
        expect(inflicted).toHaveLength(FAULTS);
        process.stderr.write(`seed ${seed}: ${inflicted.join(', ')}; settled ${Math.round(settledMs)} ms later\n`);
        if (settledMs > SETTLED_MS) {
          const { stdout } = await stack.run('logs', '-n', '400');
          process.stderr.write(`more than ${SETTLED_MS} ms; see ${figures.keep(`late-${seed}`, [...said, stdout])}\n`);
        }
        process.stderr.write(figures.add(seed, { faults: FAULTS, checks: asked, settledMsMax: settledMs }));
      }
    });
  },
);
