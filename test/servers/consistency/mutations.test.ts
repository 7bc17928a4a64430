import { expect, it } from 'vitest';
import { findMutations } from '../../support/mutations.js';

it('finds each of 200 mutations by key and column, and nothing else', async () => {
  expect((await findMutations({ seed: 1, atLeast: 200 })).wrong).toEqual([]);
});
