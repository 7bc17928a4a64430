import { it } from 'vitest';
import { PIPELINES } from '../support/pipelines.js';
import { killDuringSeed } from '../support/seed-kills.js';

const ROUNDS = Number(process.env.EVPIPE_SOAK_ROUNDS ?? 10);
const SEED = Number(process.env.EVPIPE_SOAK_SEED ?? 1);

it.each(PIPELINES)(
  `%s ends consistent in ${ROUNDS} rounds of kill -9 of each process during its seed`,
  async (name) => {
    for (let round = 0; round < ROUNDS; round++) {
      await killDuringSeed(name, SEED + round);
      process.stderr.write(`${name}, seed ${SEED + round}: consistent\n`);
    }
  },
);
