import { expect, it } from 'vitest';
import { crash } from '../support/kafka-crash.js';

const KILLS = Number(process.env.EVPIPE_SOAK_KILLS ?? 50);
const SEED = Number(process.env.EVPIPE_SOAK_SEED ?? 1);

it(`keeps every acknowledged record once and in order, and transactions whole, over ${KILLS} kills`, async () => {
  const { violations, acknowledged, committed, aborted } = await crash({ kills: KILLS, seed: SEED });
  process.stderr.write(
    `seed ${SEED}: ${acknowledged} records, ${committed} transactions committed, ${aborted} aborted\n`,
  );
  expect(violations).toEqual([]);
});
