import { expect, it } from 'vitest';
import { RESUME_CASES } from '../../servers/embedded/connect/resume/cases.js';
import { runCase } from '../../servers/embedded/connect/resume/run-case.js';
import { bothWorkers } from './side-by-side.js';

const both = bothWorkers();

it.each(Object.entries(RESUME_CASES))(
  'Debezium goes on as npm test expects it from the offset of %s',
  async (_, one) => {
    expect(await runCase(both.world, both.realUrl, one)).toEqual(one.debeziumTells ?? one.tells);
  },
);
