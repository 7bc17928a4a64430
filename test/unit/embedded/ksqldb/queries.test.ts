import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KsqlStack, startStack } from './stack.js';

type Input = readonly [topic: string, key: string, value: string | null, timestampMs: number];
/** The key's windows behind bars: key|start, or key|end|start of a session. A time of null is not compared. */
type Output = readonly [topic: string, key: string, value: string | null, timestampMs: number | null];

interface Case {
  readonly name: string;
  readonly statements: readonly string[];
  readonly inputs: readonly Input[];
  readonly outputs: readonly Output[];
}

const cases = JSON.parse(readFileSync(new URL('./cases/queries.json', import.meta.url), 'utf8')) as Case[];

function keyText(bytes: Buffer | null, bounds: number): string {
  if (bytes === null) return '';
  const end = bytes.length - bounds * 8;
  const times = Array.from({ length: bounds }, (_, at) => bytes.readBigInt64BE(end + at * 8));
  return [bytes.toString('utf8', 0, end), ...times].join('|');
}

describe('queries give the rows that ksqlDB gives', () => {
  let stack: KsqlStack;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack.end());

  it.each(cases.map((each, at) => ({ ...each, at })))('$name', async ({ statements, inputs, outputs, at }) => {
    const named = (text: string): string => text.replace(/\{(\d)\}/g, (_, digit: string) => `C${at}_${digit}`);
    for (const statement of statements) {
      const { status, body } = await stack.ksql(named(statement), { 'auto.offset.reset': 'earliest' });
      expect(body).toMatchObject([{ commandStatus: { status: 'SUCCESS' } }]);
      expect(status).toBe(200);
    }
    for (const [topic, key, value, timestampMs] of inputs)
      await stack.produce(named(topic), [[key, value, timestampMs]]);
    const topics = [...new Set(outputs.map(([topic]) => topic))];
    for (const topic of topics) {
      const wanted = outputs.filter(([each]) => each === topic);
      const records = await stack.consume(named(topic), wanted.length);
      const found = records.map(({ key, value, timestampMs }, index) => {
        const bounds = (wanted[index]?.[1] ?? '').split('|').length - 1;
        const time = wanted[index]?.[3] === null ? null : timestampMs;
        return [topic, keyText(key, bounds), value?.toString('utf8') ?? null, time];
      });
      expect(found).toEqual(wanted);
    }
  });
});
