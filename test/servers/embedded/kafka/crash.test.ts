import { expect, it } from 'vitest';
import { crash } from '../../../support/kafka-crash.js';

it('keeps every acknowledged record once and in order, and transactions whole, when it is killed', async () => {
  const seed = Math.floor(Math.random() * 1e6);
  const { violations, acknowledged, committed } = await crash({ kills: 2, seed });
  expect(violations, `seed ${seed}`).toEqual([]);
  expect(acknowledged).toBeGreaterThan(0);
  expect(committed).toBeGreaterThan(0);
});
