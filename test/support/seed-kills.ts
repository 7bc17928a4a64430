import { expect } from 'vitest';
import { pause, waitUntil } from '../../src/support/retry.js';
import { seeded, shuffled } from './seeded.js';
import { Stack } from './stack.js';

/** Kills are spread over about the time that seeding takes on a quiet machine. */
const SPREAD_MS = 3_000;
/** Far beyond what it takes on the slowest machine: one that takes longer hangs. */
const UP_MS = 300_000;

/**
 * Brings a pipeline up from nothing and, as soon as its seed has begun, kills each of its processes once by SIGKILL, at
 * moments and in an order that the seed tells. That `up` may say what failed; the next one goes on from there and ends consistent.
 */
export async function killDuringSeed(pipeline: string, seed: number): Promise<void> {
  const stack = await Stack.prepare(pipeline);
  try {
    const up = stack.box.start('up', '--output', 'json');
    let over = false;
    const ended = up.ended.finally(() => {
      over = true;
    });
    await waitUntil(
      'the seed to begin',
      async () => over || up.output().includes('"kind":"step-started","step":"seed"') || undefined,
      { timeoutMs: 120_000, maxPauseMs: 20 },
    );
    await killAll(stack, seeded(seed));
    const hung = setTimeout(() => up.kill('SIGKILL'), UP_MS);
    const first = await ended;
    clearTimeout(hung);
    expect([0, 1, 4, 5], `up under kills, seed ${seed}:\n${first.stderr}${first.stdout}`).toContain(first.code);

    const second = await stack.run('up');
    expect(second.code, `up after the kills, seed ${seed}:\n${second.stderr}${second.stdout}`).toBe(0);
    const verified = await stack.run('verify-consistency');
    expect(verified.code, `seed ${seed}:\n${verified.stderr}${verified.stdout}`).toBe(0);
  } finally {
    await stack.remove();
  }
}

async function killAll(stack: Stack, random: () => number): Promise<void> {
  const names = (await stack.processes()).map(({ process }) => process).sort();
  expect(names).not.toEqual([]);
  for (const name of shuffled(names, random)) {
    await pause((random() * 2 * SPREAD_MS) / names.length);
    await stack.kill(name);
  }
}
