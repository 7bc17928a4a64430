import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../../src/support/retry.js';
import { type KsqlStack, startStack } from './stack.js';

const TOPICS = ['pizza-ordered', 'pizza-pending', 'pizza-assembled', 'pizza-baked', 'pizza-delivered'];

const STREAM = (name: string, topic: string, columns: string) =>
  `CREATE STREAM IF NOT EXISTS ${name} (order_id VARCHAR KEY, status INT, ${columns} timestamp BIGINT)
   WITH (KAFKA_TOPIC = '${topic}', VALUE_FORMAT = 'JSON', TIMESTAMP = 'timestamp');`;

describe('the status view of pizza-orders', () => {
  let stack: KsqlStack;

  beforeAll(async () => {
    stack = await startStack();
    for (const name of TOPICS) await stack.kafka.createTopic({ name, partitions: 6 });
    await stack.kafka.createTopic({ name: 'pizza-status', partitions: 6 });
  });
  afterAll(() => stack.end());

  const properties = {
    'ksql.streams.auto.offset.reset': 'earliest',
    'ksql.streams.cache.max.bytes.buffering': '0',
  };
  const select = async (sql: string) => {
    const { text } = await stack.post('/query', { ksql: sql });
    return JSON.parse(text) as Array<{ row?: { columns: unknown[] } }>;
  };

  it('takes explicit columns, structs, arrays and five queries into one stream', async () => {
    const order = 'order STRUCT<extra_toppings ARRAY<STRING>, customer_id VARCHAR, name VARCHAR, sauce VARCHAR>,';
    const sources = TOPICS.map((topic) => topic.replace('-', '_'));
    for (const [at, name] of sources.entries()) {
      const { status, body } = await stack.ksql(STREAM(name, TOPICS[at] ?? '', at === 0 ? order : ''), properties);
      expect(body).toMatchObject([{ commandStatus: { status: 'SUCCESS', message: 'Stream created' } }]);
      expect(status).toBe(200);
    }
    const again = await stack.ksql(STREAM('pizza_ordered', 'pizza-ordered', order), properties);
    expect(again.body[0]).toMatchObject({ '@type': 'warning_entity' });
    await stack.ksql(STREAM('pizza_status', 'pizza-status', ''), properties);
    for (const name of sources) {
      const { body } = await stack.ksql(
        `INSERT INTO PIZZA_STATUS SELECT ORDER_ID, STATUS, \`TIMESTAMP\` FROM ${name} EMIT CHANGES;`,
        properties,
      );
      expect(body[0].commandStatus.queryId).toMatch(/^INSERTQUERY_\d+$/);
    }
    const table = await stack.ksql(
      `CREATE TABLE ORDER_STATUS AS SELECT ORDER_ID, LATEST_BY_OFFSET(STATUS) AS STATUS, COUNT(*) AS EVENTS
       FROM PIZZA_STATUS GROUP BY ORDER_ID EMIT CHANGES;`,
      properties,
    );
    expect(table.body[0].commandStatus.message).toMatch(/^Created query with ID CTAS_ORDER_STATUS_\d+$/);
  });

  it('writes upper-case names, and the time of the column', async () => {
    const order = { extra_toppings: ['onion', "chef's"], customer_id: 'c1', name: 'Ada', sauce: null };
    await stack.produce('pizza-ordered', [
      ['00abc', JSON.stringify({ status: 100, timestamp: 1_700_000_000_123, order })],
    ]);
    const [record] = await stack.consume('pizza-status', 1);
    expect(record?.value?.toString()).toBe('{"STATUS":100,"TIMESTAMP":1700000000123}');
    expect(record?.key?.toString()).toBe('00abc');
    expect(record?.timestampMs).toBe(1_700_000_000_123);
  });

  it('answers pull queries with the newest status of a key', async () => {
    await stack.produce('pizza-assembled', [['00abc', '{"status":200,"timestamp":1700000000124}']]);
    await stack.produce('pizza-baked', [['00def', '{"status":300,"timestamp":1700000000125}']]);
    await waitUntil(
      'the newest status',
      async () => {
        const rows = await select("SELECT * FROM ORDER_STATUS WHERE ORDER_ID = '00abc';");
        return rows[1]?.row?.columns[1] === 200 ? true : undefined;
      },
      { timeoutMs: 10_000 },
    );
    expect(await select("SELECT STATUS, EVENTS, ORDER_ID FROM ORDER_STATUS WHERE ORDER_ID = '00abc';")).toEqual([
      { header: { queryId: expect.any(String), schema: '`STATUS` INTEGER, `EVENTS` BIGINT, `ORDER_ID` STRING KEY' } },
      { row: { columns: [200, 2, '00abc'] } },
    ]);
    expect(await select("SELECT * FROM ORDER_STATUS WHERE ORDER_ID = 'nobody';")).toHaveLength(1);
  });

  it('keeps the table over a restart, and counts nothing twice', async () => {
    await stack.restart();
    const rows = await select("SELECT * FROM ORDER_STATUS WHERE ORDER_ID = '00abc';");
    expect(rows[1]?.row?.columns).toEqual(['00abc', 200, 2]);
    await stack.produce('pizza-delivered', [['00abc', '{"status":999,"timestamp":1700000000126}']]);
    await waitUntil(
      'the delivery',
      async () => {
        const [, row] = await select("SELECT * FROM ORDER_STATUS WHERE ORDER_ID = '00abc';");
        return row?.row?.columns[1] === 999 ? row : undefined;
      },
      { timeoutMs: 10_000 },
    );
    const [, row] = await select("SELECT * FROM ORDER_STATUS WHERE ORDER_ID = '00abc';");
    expect(row?.row?.columns).toEqual(['00abc', 999, 3]);
  });

  it('pushes changes to a client until its limit', async () => {
    const { text } = await stack.post('/query', {
      ksql: 'SELECT ORDER_ID, STATUS FROM PIZZA_STATUS EMIT CHANGES LIMIT 2;',
      streamsProperties: properties,
    });
    const answer = JSON.parse(text);
    expect(answer).toHaveLength(4);
    expect(answer.at(-1)).toEqual({ finalMessage: 'Limit Reached' });
  });

  it('explains what a query reads', async () => {
    const { body } = await stack.ksql('SHOW QUERIES;');
    const table = body[0].queries.find(({ sinks }: { sinks: string[] }) => sinks[0] === 'ORDER_STATUS');
    const explained = await stack.ksql(`EXPLAIN ${table.id};`);
    expect(explained.body[0].queryDescription).toMatchObject({ sources: ['PIZZA_STATUS'], sinks: ['ORDER_STATUS'] });
  });
});
