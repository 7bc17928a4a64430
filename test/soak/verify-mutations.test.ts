import { expect, it } from 'vitest';
import { findMutations } from '../support/mutations.js';

const SEED = Number(process.env.EVPIPE_SOAK_SEED ?? 1);

it('finds each of 2,000 mutations by key and column, and nothing else', async () => {
  const { mutations, wrong } = await findMutations({ seed: SEED, atLeast: 2_000 });
  process.stderr.write(`${mutations} mutations, seed ${SEED}: ${wrong.length} rounds with a wrong finding\n`);
  expect(wrong).toEqual([]);
});
