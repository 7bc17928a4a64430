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
  const rows = async (topic: string, limit: number) =>
    (await print(topic, limit)).filter((line) => line.startsWith('rowtime'));

  it('decodes Avro values, typed keys and windows', async () => {
    await stack.ksql(
      "CREATE STREAM S (k INT KEY, a BIGINT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='AVRO', PARTITIONS=1); INSERT INTO S (ROWTIME, k, a) VALUES (1000, 7, 9007199254740993);",
    );
    expect(await print('s', 1)).toEqual([
      'Key format: KAFKA_INT or KAFKA_STRING',
      'Value format: AVRO',
      'rowtime: 1970/01/01 00:00:01.000 Z, key: 7, value: {"A":9007199254740993}, partition: 0',
    ]);
    await stack.ksql('CREATE TABLE W AS SELECT k, COUNT(*) AS n FROM S WINDOW TUMBLING (SIZE 10 SECONDS) GROUP BY k;', {
      'auto.offset.reset': 'earliest',
    });
    await stack.consume('W', 1);
    expect(await print('W', 1)).toEqual([
      'Key format: HOPPING(KAFKA_INT) or TUMBLING(KAFKA_INT) or HOPPING(KAFKA_STRING) or TUMBLING(KAFKA_STRING) or KAFKA_STRING',
      'Value format: AVRO or KAFKA_STRING',
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

  it('decodes Protobuf, JSON Schema and logical types of Avro by the schemas in the registry', async () => {
    const columns = 'k STRING KEY, price DECIMAL(6,2), at TIMESTAMP, tags ARRAY<STRING>';
    for (const format of ['PROTOBUF', 'JSON_SR', 'AVRO']) {
      await stack.ksql(
        `CREATE STREAM ${format}S (${columns}) WITH (KAFKA_TOPIC='${format}', VALUE_FORMAT='${format}', PARTITIONS=1);
         INSERT INTO ${format}S (ROWTIME, k, price, at, tags) VALUES (0, 'x', 100.50, '1970-01-01T00:00:01', ARRAY['p']);`,
      );
    }
    const values: string[] = [];
    for (const format of ['PROTOBUF', 'JSON_SR', 'AVRO']) {
      const [line = ''] = await rows(format, 1);
      values.push(line.slice(line.indexOf('value: ') + 7, line.indexOf(', partition')));
    }
    expect(values).toEqual([
      '{"PRICE":100.50,"AT":"1970-01-01T00:00:01.000","TAGS":["p"]}',
      '{"PRICE":100.50,"AT":1000,"TAGS":["p"]}',
      '{"PRICE":"100.50","AT":"1970-01-01T00:00:01Z","TAGS":["p"]}',
    ]);
  });

  it('says what keys and values may be, and again when it knows more', async () => {
    await stack.kafka.createTopic({ name: 'guess', partitions: 1 });
    await stack.produce('guess', [['12345678', '{"a":1}', 0]]);
    expect((await print('guess', 1)).slice(0, 2)).toEqual([
      'Key format: JSON or KAFKA_BIGINT or KAFKA_DOUBLE or HOPPING(KAFKA_STRING) or TUMBLING(KAFKA_STRING) or KAFKA_STRING',
      'Value format: JSON or KAFKA_STRING',
    ]);
    const response = await fetch(`${stack.url()}/query`, {
      method: 'POST',
      body: JSON.stringify({ ksql: "PRINT 'guess' FROM BEGINNING LIMIT 3;" }),
    });
    let text = '';
    const more = [
      [null, null, 0],
      ['x', 'words', 0],
    ] as const;
    for await (const chunk of response.body ?? []) {
      // The others come when the first was printed.
      if (text === '') await stack.produce('guess', more);
      text += Buffer.from(chunk).toString();
    }
    expect(
      text
        .split('\n')
        .filter((line) => !line.startsWith('rowtime'))
        .slice(2),
    ).toEqual(['Key format: KAFKA_STRING', 'Value format: KAFKA_STRING', '']);
    await stack.kafka.createTopic({ name: 'nothing', partitions: 1 });
    await stack.produce('nothing', [[null, '{"a":1}', 0]]);
    expect((await print('nothing', 1)).slice(0, 2)).toEqual([
      'Key format: ¯\\_(ツ)_/¯ - no data processed',
      'Value format: JSON or KAFKA_STRING',
    ]);
  });

  it('shows text as text, and other bytes in hexadecimal', async () => {
    await stack.kafka.createTopic({ name: 'raw', partitions: 1 });
    await stack.produce('raw', [['k', 'plain text', 0]]);
    const producer = stack.kafka.producer();
    await producer.send([{ topic: 'raw', key: null, value: Buffer.from([1, 255]), timestampMs: 0 }]);
    await producer.close();
    expect((await rows('raw', 2)).map((line) => line.slice(line.indexOf('key')))).toEqual([
      'key: k, value: plain text, partition: 0',
      'key: <null>, value: 0x01ff, partition: 0',
    ]);
  });
});
