import { expect, it } from 'vitest';
import { crash } from '../../support/kafka-crash.js';

it('keeps every acknowledged record once and in order, and transactions whole, over 5 kills', async () => {
  expect((await crash({ kills: 5, seed: 5 })).violations).toEqual([]);
});
