import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { agreesWithModel } from '../support/compacted-log.js';

const RUNS = Number(process.env.EVPIPE_SOAK_RUNS ?? 20_000);
const SEED = Number(process.env.EVPIPE_SOAK_SEED ?? 1);

it(`compacts as a model says in ${RUNS} random histories with aborts, restarts and kills`, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'evpipe-compaction-'));
  try {
    await expect(agreesWithModel(dir, { numRuns: RUNS, seed: SEED })).resolves.toBeUndefined();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
