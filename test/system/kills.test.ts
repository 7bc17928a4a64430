import { afterAll, beforeAll, expect, it } from 'vitest';
import { killRound } from '../support/kill-round.js';
import { Stack } from '../support/stack.js';
import { verifyUnderLoad } from '../support/under-load.js';

/** The short form of test/soak: one stack that changes all the time, and whose processes are killed. */
let stack: Stack;

beforeAll(async () => {
  stack = await Stack.up('person-planning');
});

afterAll(() => stack?.remove());

it('gives no false alarm while 200 rows a second change, and no false comfort for one that was spoilt', async () => {
  const { codes, alarms } = await verifyUnderLoad(stack, { seed: 1, forMs: 6_000 });
  expect(alarms).toEqual([]);
  expect(codes).toContain(0);
  const planning = await stack.database('planning');
  await planning.query(
    'UPDATE planning_balancesheet SET assets = -1 WHERE id = (SELECT min(id::text)::uuid FROM planning_balancesheet)',
  );
  expect((await stack.run('verify-consistency')).code).toBe(1);
  await planning.close();
});

it('is consistent again once the source has said all rows again', async () => {
  const accounting = await stack.database('accounting');
  await accounting.query('UPDATE accounting_balancesheet SET liabilities = liabilities + 1');
  await accounting.close();
  const ended = await stack.run('verify-consistency');
  expect(ended.code, `${ended.stderr}${ended.stdout}`).toBe(0);
});

// 20 seeds: npm run soak.
it('loses and doubles nothing when every process is killed once while rows are created, the supervisor too', () =>
  killRound(stack, { seed: 2, persons: 250, spreadMs: 2_500, supervisor: true }));
