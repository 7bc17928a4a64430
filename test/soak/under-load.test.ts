import { afterAll, beforeAll, expect, it } from 'vitest';
import { Stack } from '../support/stack.js';
import { verifyUnderLoad } from '../support/under-load.js';

const SEED = Number(process.env.EVPIPE_SOAK_SEED ?? 1);

let stack: Stack;

beforeAll(async () => {
  stack = await Stack.up('person-planning');
});

afterAll(() => stack?.remove());

it('gives no false alarm in a minute of 200 changes a second', async () => {
  const { codes, alarms, changesPerSecond } = await verifyUnderLoad(stack, { seed: SEED, forMs: 60_000 });
  const verified = codes.filter((code) => code === 0).length;
  process.stderr.write(
    `${Math.round(changesPerSecond)} changes/s, ${codes.length} checks: ${verified} consistent, ${codes.length - verified} undecided\n`,
  );
  expect(alarms).toEqual([]);
  expect(verified).toBeGreaterThan(0);
  expect((await stack.run('verify-consistency')).code).toBe(0);
});
