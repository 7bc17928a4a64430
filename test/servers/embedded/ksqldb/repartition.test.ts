import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../../src/support/retry.js';
import { type KsqlStack, startStack } from './stack.js';

const EARLIEST = { 'auto.offset.reset': 'earliest' };

describe('a query that several engines may share, by groups of something else than the key', () => {
  let stack: KsqlStack;
  beforeAll(async () => {
    stack = await startStack({ isShared: true });
  });
  afterAll(() => stack.end());

  const create = (name: string, partitions: number) =>
    stack.ksql(
      `CREATE STREAM ${name} (K STRING KEY, B STRING, A INT) WITH (KAFKA_TOPIC='${name}', VALUE_FORMAT='JSON', PARTITIONS=${partitions});`,
    );

  const repartitionTopics = async (): Promise<string[]> =>
    (await stack.kafka.listTopics()).map(({ name }) => name).filter((name) => name.endsWith('-repartition'));

  async function rowsOf(table: string): Promise<unknown[][]> {
    const { text } = await stack.post('/query', { ksql: `SELECT * FROM ${table};`, streamsProperties: {} });
    const answer = JSON.parse(text) as Array<{ row?: { columns: unknown[] } }>;
    return answer.flatMap(({ row }) => (row === undefined ? [] : [row.columns])).sort();
  }

  async function becomes(table: string, rows: unknown[][]): Promise<void> {
    let found: unknown[][] = [];
    await waitUntil(
      () => `the rows of ${table}, which are ${JSON.stringify(found)}`,
      async () => {
        found = await rowsOf(table);
        return JSON.stringify(found) === JSON.stringify(rows) ? true : undefined;
      },
      { timeoutMs: 30_000 },
    );
  }

  it('needs no topic for a source of one partition', async () => {
    await create('SINGLE', 1);
    await stack.ksql('CREATE TABLE ONCE AS SELECT B, COUNT(*) AS N FROM SINGLE GROUP BY B;', EARLIEST);
    await stack.produce('SINGLE', [['k', '{"B":"x"}']]);
    await becomes('ONCE', [['x', 1]]);
    expect(await repartitionTopics()).toEqual([]);
  });

  it('takes up partitions that its source gets later, and is the same after a restart', async () => {
    await create('GROWS', 2);
    await stack.ksql('CREATE TABLE GROWN AS SELECT B, COUNT(*) AS N FROM GROWS GROUP BY B;', EARLIEST);
    await stack.produce('GROWS', [
      ['k1', '{"B":"x"}'],
      ['k2', '{"B":"y"}'],
      ['k3', '{"B":"x"}'],
    ]);
    await becomes('GROWN', [
      ['x', 2],
      ['y', 1],
    ]);
    await stack.kafka.createPartitions('GROWS', 4);
    const producer = stack.kafka.producer();
    await producer.send([{ topic: 'GROWS', partition: 3, key: Buffer.from('k'), value: Buffer.from('{"B":"y"}') }]);
    await producer.close();
    const rows = [
      ['x', 2],
      ['y', 2],
    ];
    await becomes('GROWN', rows);
    await stack.restart();
    await becomes('GROWN', rows);
    const [topic = ''] = await repartitionTopics();
    expect((await stack.kafka.describeTopic(topic))?.partitions).toHaveLength(2);
  });

  it('goes on with its groups where its filter is replaced after its source has got a column', async () => {
    await create('CHANGES', 2);
    const counted = (filter: string) =>
      `CREATE OR REPLACE TABLE CHANGED WITH (KEY_FORMAT='AVRO') AS SELECT B, COUNT(*) AS N FROM CHANGES WHERE ${filter} GROUP BY B;`;
    await stack.ksql(counted('A >= 0'), EARLIEST);
    await stack.produce('CHANGES', [['k1', '{"B":"x","A":0}']]);
    await becomes('CHANGED', [['x', 1]]);
    await stack.ksql('ALTER STREAM CHANGES ADD COLUMN C INT;');
    expect((await stack.ksql(counted('A > 0'))).status).toBe(200);
    await stack.produce('CHANGES', [
      ['k1', '{"B":"x","A":0}'],
      ['k2', '{"B":"x","A":1}'],
    ]);
    await becomes('CHANGED', [['x', 2]]);
    await stack.ksql('DROP TABLE CHANGED DELETE TOPIC;');
    expect((await repartitionTopics()).filter((name) => name.includes('CHANGED'))).toEqual([]);
  });
});
