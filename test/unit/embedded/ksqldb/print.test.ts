import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KsqlStack, startStack } from './stack.js';

describe('PRINT', () => {
  let stack: KsqlStack;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack.end());

  const print = async (topic: string, limit: number): Promise<string[]> => {
    const { text } = await stack.post('/query', { ksql: `PRINT '${topic}' FROM BEGINNING LIMIT ${limit};` });
    return text.trim().split('\n');
  };

  it('decodes Avro values, typed keys and windows', async () => {
    await stack.ksql(
      "CREATE STREAM S (k INT KEY, a BIGINT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='AVRO', PARTITIONS=1); INSERT INTO S (ROWTIME, k, a) VALUES (1000, 7, 9007199254740993);",
    );
    expect(await print('s', 1)).toEqual([
      'rowtime: 1970/01/01 00:00:01.000 Z, key: 7, value: {"A":9007199254740993}, partition: 0',
    ]);
    await stack.ksql('CREATE TABLE W AS SELECT k, COUNT(*) AS n FROM S WINDOW TUMBLING (SIZE 10 SECONDS) GROUP BY k;', {
      'auto.offset.reset': 'earliest',
    });
    await stack.consume('W', 1);
    expect(await print('W', 1)).toEqual([
      'rowtime: 1970/01/01 00:00:01.000 Z, key: [7@0/10000], value: {"N":1}, partition: 0',
    ]);
  });

  it('is refused as any statement is where it is not one, or names no topic', async () => {
    for (const ksql of ['PRINT s FROM BEGINNING[;', 'PRINT nowhere;']) {
      const { status, text } = await stack.post('/query', { ksql });
      expect(status).toBe(400);
      expect(JSON.parse(text)).toMatchObject({ '@type': 'statement_error', error_code: 40001, statementText: ksql });
    }
  });

  it('shows text as text, and other bytes in hexadecimal', async () => {
    await stack.kafka.createTopic({ name: 'raw', partitions: 1 });
    await stack.produce('raw', [['k', 'plain text', 0]]);
    const producer = stack.kafka.producer();
    await producer.send([{ topic: 'raw', key: null, value: Buffer.from([1, 255]), timestampMs: 0 }]);
    await producer.close();
    expect((await print('raw', 2)).map((line) => line.slice(line.indexOf('key')))).toEqual([
      'key: k, value: plain text, partition: 0',
      'key: <null>, value: 0x01ff, partition: 0',
    ]);
  });
});
