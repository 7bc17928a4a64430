import { afterAll, beforeAll, expect, it } from 'vitest';
import { killRound } from '../support/kill-round.js';
import { Stack } from '../support/stack.js';

const ROUNDS = Number(process.env.EVPIPE_SOAK_ROUNDS ?? 20);
const SEED = Number(process.env.EVPIPE_SOAK_SEED ?? 1);

let stack: Stack;

beforeAll(async () => {
  stack = await Stack.up('person-planning');
});

afterAll(() => stack?.remove());

it(`loses and doubles nothing in ${ROUNDS} rounds of kill -9 while 1,000 persons are created`, async () => {
  const settled: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { settledMs } = await killRound(stack, {
      seed: SEED + round,
      persons: 1_000,
      spreadMs: 8_000,
      supervisor: true,
    });
    settled.push(Math.round(settledMs));
    process.stderr.write(
      `round ${round + 1}, seed ${SEED + round}: settled ${Math.round(settledMs)} ms after the last kill\n`,
    );
  }
  expect(settled).toHaveLength(ROUNDS);
});
