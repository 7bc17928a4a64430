import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../../src/support/retry.js';
import { type KsqlStack, startStack } from './stack.js';

const EARLIEST = { 'auto.offset.reset': 'earliest' };

describe('push and pull queries', () => {
  let stack: KsqlStack;
  beforeAll(async () => {
    stack = await startStack();
    await stack.ksql(
      "CREATE STREAM S (K STRING KEY, A INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);",
    );
    await stack.ksql(
      "CREATE TABLE T (ID STRING PRIMARY KEY, A INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', PARTITIONS=1);",
    );
  });
  afterAll(() => stack.end());

  const rows = async (sql: string, properties: Record<string, string> = {}) => {
    const { text } = await stack.post('/query', { ksql: sql, streamsProperties: properties });
    return JSON.parse(text);
  };

  it('shows windows in a pull query, and filters by them', async () => {
    await stack.produce('s', [
      ['x', '{"A":1}', 1000],
      ['x', '{"A":2}', 12_000],
      ['y', '{"A":3}', 13_000],
    ]);
    await stack.ksql(
      'CREATE TABLE W AS SELECT K, SUM(A) AS TOTAL FROM S WINDOW TUMBLING (SIZE 10 SECONDS) GROUP BY K;',
      EARLIEST,
    );
    await stack.consume('W', 3);
    const answer = await rows("SELECT * FROM W WHERE K = 'x' AND WINDOWSTART >= 10000;");
    expect(answer).toMatchObject([
      { header: { schema: '`K` STRING KEY, `WINDOWSTART` BIGINT KEY, `WINDOWEND` BIGINT KEY, `TOTAL` INTEGER' } },
      { row: { columns: ['x', 10_000, 20_000, 2] } },
    ]);
    await stack.restart();
    expect(await rows('SELECT K, TOTAL FROM W WHERE WINDOWEND = 20000;')).toHaveLength(3);
  });

  it('follows what statements change between two pull queries of one text', async () => {
    const pull = () => rows("SELECT K, CAST(N AS PULLED) AS N FROM PULLED WHERE K = 'p';");
    const create = (type: string, value: string) =>
      stack.ksql(
        `CREATE TYPE PULLED AS ${type}; CREATE TABLE PULLED AS SELECT K, ${value} AS N FROM S GROUP BY K;`,
        EARLIEST,
      );
    const drop = () => stack.ksql('DROP TABLE PULLED DELETE TOPIC; DROP TYPE PULLED;');
    const answers = (text: unknown) =>
      waitUntil('the row', async () => ((await pull())[1]?.row.columns[1] === text ? true : undefined), {
        timeoutMs: 20_000,
      });
    await stack.produce('s', [['p', '{"A":4}', 1000]]);
    await create('STRING', 'SUM(A)');
    await answers('4');
    expect((await pull())[0].header.schema).toBe('`K` STRING KEY, `N` STRING');
    await drop();
    expect(await pull()).toMatchObject({ message: expect.stringContaining('PULLED does not exist') });
    await create('BIGINT', 'COUNT(*)');
    await answers(1);
    expect((await pull())[0].header.schema).toBe('`K` STRING KEY, `N` BIGINT');
    await stack.ksql("ALTER SYSTEM 'ksql.pull.queries.enable'='false';");
    expect(await pull()).toMatchObject({ message: expect.stringContaining('Pull queries are disabled') });
    await stack.ksql("ALTER SYSTEM 'ksql.pull.queries.enable'='true';");
    await answers(1);
    const asked = "SELECT K, CAST(N AS PULLED) AS N FROM PULLED WHERE K = 'p';";
    expect(await rows(asked, { 'ksql.pull.queries.enable': 'false' })).toMatchObject({
      message: expect.stringContaining('Pull queries are disabled'),
    });
    await drop();
  });

  it('gives the answer to a pull query its length, and a push query its rows as they come', async () => {
    await stack.produce('s', [['l', '{"A":1}', 1000]]);
    await stack.ksql('CREATE TABLE LONG AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;', EARLIEST);
    await waitUntil(
      'the row',
      async () => ((await rows("SELECT * FROM LONG WHERE K = 'l';")).length > 1 ? true : undefined),
      {
        timeoutMs: 20_000,
      },
    );
    const headersOf = async (path: string, body: object) => {
      const response = await fetch(`${stack.url()}${path}`, { method: 'POST', body: JSON.stringify(body) });
      const bytes = (await response.arrayBuffer()).byteLength;
      return { length: response.headers.get('content-length'), bytes };
    };
    for (const answer of [
      await headersOf('/query', { ksql: "SELECT * FROM LONG WHERE K = 'l';" }),
      await headersOf('/query-stream', { sql: "SELECT * FROM LONG WHERE K = 'l';" }),
    ])
      expect(answer.length).toBe(String(answer.bytes));
    const push = { ksql: 'SELECT * FROM S EMIT CHANGES LIMIT 1;', streamsProperties: EARLIEST };
    expect((await headersOf('/query', push)).length).toBeNull();
  });

  it('marks deleted rows of a table in a push query', async () => {
    await stack.produce('t', [
      ['1', '{"A":1}'],
      ['1', null],
    ]);
    expect((await rows('SELECT * FROM T EMIT CHANGES LIMIT 2;', EARLIEST)).slice(1)).toEqual([
      { row: { columns: ['1', 1] } },
      { row: { columns: ['1', null], tombstone: true } },
      { finalMessage: 'Limit Reached' },
    ]);
  });

  it.each([
    ['PROTOBUF', 'PROTOBUF'],
    ['JSON_SR', 'JSON'],
  ])('%s goes through the registry: columns are inferred, values read back', async (format, schemaType) => {
    const [from, to] = [`${format}_A`, `${format}_B`];
    await stack.ksql(
      `CREATE STREAM ${from} (K STRING KEY, A INT, N STRUCT<B STRING>, L ARRAY<BIGINT>) WITH (KAFKA_TOPIC='${from}', VALUE_FORMAT='${format}', PARTITIONS=1);
       INSERT INTO ${from} VALUES ('x', 1, STRUCT(B := 'b'), ARRAY[2, 3]);
       CREATE STREAM INFERRED_${format} (K STRING KEY) WITH (KAFKA_TOPIC='${from}', VALUE_FORMAT='${format}');`,
    );
    await stack.ksql(`CREATE STREAM ${to} AS SELECT * FROM INFERRED_${format};`, EARLIEST);
    const answer = await rows(`SELECT * FROM ${to} EMIT CHANGES LIMIT 1;`, EARLIEST);
    expect(answer).toMatchObject([
      { header: { schema: '`K` STRING, `A` INTEGER, `N` STRUCT<`B` STRING>, `L` ARRAY<BIGINT>' } },
      { row: { columns: ['x', 1, { B: 'b' }, [2, 3]] } },
      { finalMessage: 'Limit Reached' },
    ]);
    const subject = await fetch(`${stack.registryUrl}/subjects/${to}-value/versions/latest`);
    expect(await subject.json()).toMatchObject({ schemaType, version: 1 });
  });

  it('infers columns from a schema that refers to another one', async () => {
    const register = (subject: string, schema: string, references: unknown[] = []) =>
      fetch(`${stack.registryUrl}/subjects/${subject}/versions`, {
        method: 'POST',
        body: JSON.stringify({ schemaType: 'PROTOBUF', schema: `syntax = "proto3"; ${schema}`, references }),
      });
    await register('line', 'package shop; message Line { string ITEM = 1; }');
    await register('orders-value', 'import "line.proto"; message Order { shop.Line LINE = 1; }', [
      { name: 'line.proto', subject: 'line', version: 1 },
    ]);
    await stack.ksql(
      "CREATE STREAM ORDERS (K STRING KEY) WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='PROTOBUF', PARTITIONS=1);",
    );
    const { body } = await stack.ksql('DESCRIBE ORDERS;');
    expect(body[0].sourceDescription.fields).toMatchObject([
      { name: 'K' },
      { name: 'LINE', schema: { type: 'STRUCT', fields: [{ name: 'ITEM', schema: { type: 'STRING' } }] } },
    ]);
  });

  it('says that a table over a topic alone cannot be pulled', async () => {
    const answer = await rows('SELECT * FROM T;');
    expect(answer).toMatchObject({ '@type': 'statement_error', error_code: 40001 });
    expect(answer.message).toContain("The `T` table isn't queryable.");
  });

  it('starts where the topic ends unless it is told otherwise', async () => {
    await stack.ksql('CREATE STREAM LATE AS SELECT * FROM S;');
    await stack.produce('s', [['z', '{"A":9}']]);
    const [record] = await stack.consume('LATE', 1);
    expect(record?.key?.toString()).toBe('z');
  });

  it('closes a push query when its client goes', async () => {
    const client = new AbortController();
    const response = await fetch(`${stack.url()}/query-stream`, {
      method: 'POST',
      body: JSON.stringify({ sql: 'SELECT * FROM S EMIT CHANGES;' }),
      signal: client.signal,
    });
    const reader = response.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toContain('"columnNames":["K","A"]');
    const open = async () =>
      (await stack.ksql('SHOW QUERIES;')).body[0].queries.filter(
        ({ queryType }: { queryType: string }) => queryType === 'PUSH',
      );
    expect(await open()).toHaveLength(1);
    client.abort();
    await waitUntil('the query to end', async () => ((await open()).length === 0 ? true : undefined), {
      timeoutMs: 10_000,
    });
  });

  it('replaces a query and goes on where the old one was', async () => {
    await stack.ksql('CREATE STREAM R AS SELECT K, A FROM S;');
    await stack.produce('s', [['r1', '{"A":1}']]);
    await stack.consume('R', 1);
    const { status, body } = await stack.ksql('CREATE OR REPLACE STREAM R AS SELECT K, A, A * 10 AS B FROM S;');
    expect(body[0].commandStatus.message).toMatch(/^Created query with ID CSAS_R_/);
    expect(status).toBe(200);
    await stack.produce('s', [['r2', '{"A":2}']]);
    const records = await stack.consume('R', 2);
    expect(records.map(({ value }) => value?.toString())).toEqual(['{"A":1}', '{"A":2,"B":20}']);
  });

  it('replaces the filter of an aggregate, whose state stays', async () => {
    await stack.ksql('CREATE TABLE SUMS AS SELECT K, SUM(A) AS T FROM S GROUP BY K;');
    await stack.produce('s', [['t1', '{"A":-1}']]);
    await stack.consume('SUMS', 1);
    const filtered = 'CREATE OR REPLACE TABLE SUMS AS SELECT K, SUM(A) AS T FROM S WHERE A > 0 GROUP BY K;';
    expect((await stack.ksql(filtered)).status).toBe(200);
    await stack.produce('s', [
      ['t1', '{"A":-5}'],
      ['t1', '{"A":3}'],
    ]);
    const records = await stack.consume('SUMS', 2);
    expect(records.map(({ value }) => value?.toString())).toEqual(['{"T":-1}', '{"T":2}']);
    await stack.ksql('DROP TABLE SUMS;');
  });

  it('takes up partitions that a topic gets later, from their beginning', async () => {
    await stack.ksql('CREATE STREAM G AS SELECT * FROM S;');
    await stack.kafka.createPartitions('s', 2);
    await stack.restart();
    const producer = stack.kafka.producer();
    await producer.send([{ topic: 's', partition: 1, key: Buffer.from('new'), value: Buffer.from('{"A":5}') }]);
    await producer.close();
    const [record] = await stack.consume('G', 1);
    expect(record?.key?.toString()).toBe('new');
  });
});
