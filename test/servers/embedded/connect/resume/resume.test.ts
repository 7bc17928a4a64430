import { afterAll, beforeAll, expect, it } from 'vitest';
import { World } from '../world.js';
import { RESUME_CASES } from './cases.js';
import { runCase } from './run-case.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world?.stop();
});

it.each(Object.entries(RESUME_CASES))('goes on as Debezium does from the offset of %s', async (_, one) => {
  expect(await runCase(world, world.url, one)).toEqual(one.tells);
});
