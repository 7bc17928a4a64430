import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ANSWERS_FILE, recordedAnswers } from '../../servers/embedded/connect/source/answers.js';
import { SOURCE_CASES } from '../../servers/embedded/connect/source/cases.js';
import { runCase } from '../../servers/embedded/connect/source/run-case.js';
import type { Told } from '../../servers/embedded/connect/told.js';
import { bothWorkers } from './side-by-side.js';

const both = bothWorkers();

const answers = recordedAnswers();
const records = process.env.EVPIPE_RECORD === '1';

it.each(Object.keys(SOURCE_CASES))('Debezium still writes what npm test compares with: %s', async (name) => {
  const one = SOURCE_CASES[name];
  if (one === undefined) throw new Error('the case is gone');
  const told = await runCase(both.world, both.realUrl, one);
  if (records) keep(name, told);
  expect(told).toEqual(answers.get(name));
});

function keep(name: string, told: readonly Told[]): void {
  answers.set(name, told);
  const lines = Object.keys(SOURCE_CASES).flatMap((one) => {
    const kept = answers.get(one);
    return kept === undefined ? [] : [`${JSON.stringify({ name: one, records: kept })}\n`];
  });
  writeFileSync(ANSWERS_FILE, lines.join(''));
}
