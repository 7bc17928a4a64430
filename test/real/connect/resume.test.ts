import { afterAll, beforeAll, expect, it } from 'vitest';
import { RESUME_CASES } from '../../servers/embedded/connect/resume/cases.js';
import { runCase } from '../../servers/embedded/connect/resume/run-case.js';
import type { World } from '../../servers/embedded/connect/world.js';
import { type Both, startBoth } from './side-by-side.js';

let world: World;
let realUrl: string;
let stop: Both['stop'] | undefined;
beforeAll(async () => {
  ({ world, realUrl, stop } = await startBoth());
});
afterAll(() => stop?.());

it.each(Object.entries(RESUME_CASES))(
  'Debezium goes on as npm test expects it from the offset of %s',
  async (_, one) => {
    expect(await runCase(world, realUrl, one)).toEqual(one.debeziumTells ?? one.tells);
  },
);
