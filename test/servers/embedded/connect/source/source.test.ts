import { afterAll, beforeAll, expect, it } from 'vitest';
import { World } from '../world.js';
import { recordedAnswers } from './answers.js';
import { SOURCE_CASES } from './cases.js';
import { runCase } from './run-case.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world?.stop();
});

const answers = recordedAnswers();

it.each(Object.keys(SOURCE_CASES))('writes what Debezium writes: %s', async (name) => {
  const one = SOURCE_CASES[name];
  if (one === undefined) throw new Error('the case is gone');
  expect(await runCase(world, world.url, one)).toEqual(answers.get(name));
});
