import { expect, test } from 'vitest';
import { DECODERS, fuzz } from '../support/decoder-fuzz.js';

const ROUNDS = Number(process.env.EVPIPE_SOAK_ROUNDS ?? 500_000);
const SEED = Number(process.env.EVPIPE_SOAK_SEED ?? 1);

test.each(DECODERS)('damaged $name cost little and are refused, or mean something else', (decoder) => {
  process.stderr.write(`seed ${SEED}\n`);
  expect(fuzz(decoder, ROUNDS, SEED)).toBeUndefined();
});
