import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { killRound } from '../support/kill-round.js';
import { Stack } from '../support/stack.js';
import { verifyUnderLoad } from '../support/under-load.js';

/** The short form of test/soak: one stack, brought up by smoke, that changes all the time, and whose processes are killed. */
let stack: Stack;

beforeAll(async () => {
  stack = await Stack.prepare('person-planning');
});

afterAll(() => stack?.remove());

it('is brought up from nothing by smoke and proven on data', async () => {
  const { box } = stack;
  const ended = await box.run('smoke', '--up', '--junit', 'smoke.xml', '--timeout', '90s');
  expect(ended.code, ended.stdout + ended.stderr).toBe(0);
  expect(ended.stdout).toMatch(/✓ a-new-person-reaches-planning .*POST \/api\/persons 201, record .*, row/);
  for (const name of ['connectors', 'lag', 'persons', 'balance-sheets']) expect(ended.stdout).toContain(`✓ ${name} `);
  expect(readFileSync(join(box.folder, 'smoke.xml'), 'utf8')).toContain(
    '<testsuites tests="5" failures="0" errors="0"',
  );
});

it('gives no false alarm while 200 rows a second change, and no false comfort for one that was spoilt', async () => {
  const { codes, alarms } = await verifyUnderLoad(stack, { seed: 1, forMs: 3_000 });
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

it('is told by smoke what is wrong where a consumer is stopped, and keeps its data, since it was there before', async () => {
  const { box } = stack;
  expect((await box.run('stop', 'planning-person-consumer')).code).toBe(0);
  const ended = await box.run('smoke', '--down', '--timeout', '5s');
  expect(ended.stdout).toMatch(/✗ a-new-person-reaches-planning/);
  expect(ended.stdout).toContain('no such row in planning.planning_person');
  expect(ended.stdout).toMatch(/✗ lag/);
  expect(ended.stdout).toContain('planning-person-consumer is 1 record behind');
  expect(ended.code).toBe(1);
  expect(existsSync(join(stack.stateFolder, 'data'))).toBe(true);
  expect((await box.run('env')).code).toBe(4);
});
