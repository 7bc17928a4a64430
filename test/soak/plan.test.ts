import { afterAll, beforeAll, expect, it } from 'vitest';
import { changeAndRevert, changesOfApply, type Killed, killAndResume, PLAIN, PlanShop } from '../support/plan-shop.js';

const CHANGES = Number(process.env.EVPIPE_SOAK_ROUNDS ?? 200);
const KILLS = Number(process.env.EVPIPE_SOAK_ROUNDS ?? 50);
const SEED = Number(process.env.EVPIPE_SOAK_SEED ?? 1_000);

let shop: PlanShop;

beforeAll(async () => {
  shop = await PlanShop.open();
  shop.write(PLAIN);
  expect((await shop.run('apply')).code).toBe(0);
});

afterAll(() => shop?.stop());

it(`applies and takes back ${CHANGES} changed files, with an empty plan after each`, async () => {
  for (let round = 0; round < CHANGES; round++) await changeAndRevert(shop, SEED + round);
});

it(`goes on after ${KILLS} kills of apply at random ones of its changes`, async () => {
  const counts: Record<Killed, number> = { before: 0, amid: 0, after: 0 };
  const changes = await changesOfApply(shop, SEED + KILLS);
  for (let round = 0; round < KILLS; round++) counts[await killAndResume(shop, SEED + round, changes)] += 1;
  console.log(
    `killed at one of ${changes} requests: ${counts.before} before a change, ${counts.amid} amid, ${counts.after} after all of them`,
  );
  expect(counts.amid).toBeGreaterThan(KILLS / 10);
});
