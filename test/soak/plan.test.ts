import { afterAll, beforeAll, expect, it } from 'vitest';
import { changeAndRevert, killAndResume, PLAIN, PlanShop } from '../support/plan-shop.js';

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

it(`goes on after ${KILLS} kills of apply at random moments`, async () => {
  for (let round = 0; round < KILLS; round++) await killAndResume(shop, SEED + round);
});
