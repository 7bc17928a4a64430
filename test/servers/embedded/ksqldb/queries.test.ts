import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyBytes, programOf, readCases, shown } from '../../../unit/embedded/ksqldb/case-file.js';
import { type KsqlStack, startStack } from './stack.js';

/** The same programs as in cases.test.ts, through HTTP and a broker: the two ways of running a plan have to agree. */
describe('queries give the same rows on a broker', () => {
  let stack: KsqlStack;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack.end());

  it.each(readCases('queries.cases.txt').map((one, at) => ({ ...programOf(one), at })))('$name', async (program) => {
    const own = (text: string): string => text.replace(/\bT(\d)\b/g, `C${program.at}_T$1`);
    for (const statement of program.statements) {
      const { status, body } = await stack.ksql(own(statement), { 'auto.offset.reset': 'earliest' });
      expect(body).toMatchObject([{ commandStatus: { status: 'SUCCESS' } }]);
      expect(status).toBe(200);
    }
    for (const [topic = '', key = '-', value = '-', time] of program.inputs) {
      await stack.produce(own(topic), [[key, value === '-' ? null : value, Number(time)]]);
    }
    for (const topic of new Set(program.outputs.map(([each = '']) => each))) {
      const wanted = program.outputs.filter(([each]) => each === topic);
      const records = await stack.consume(own(topic), wanted.length);
      const found = records.map(({ key, value, timestampMs }, at) => {
        const [, wantedKey = '-', , time] = wanted[at] ?? [];
        const sameKey = key !== null && keyBytes(wantedKey)?.equals(key) === true;
        return [
          topic,
          sameKey ? wantedKey : shown(key),
          shown(value),
          ...(time === undefined ? [] : [`${timestampMs}`]),
        ];
      });
      expect(found).toEqual(wanted);
    }
  });
});
