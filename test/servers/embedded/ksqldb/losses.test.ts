import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../../src/support/retry.js';
import { type KsqlStack, startStack } from './stack.js';

const GROUP = '_confluent-ksql-default_query_';

describe('no input is lost', () => {
  let stack: KsqlStack;
  beforeAll(async () => {
    stack = await startStack();
    await stack.ksql(
      "CREATE STREAM S (k STRING KEY, a INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);",
    );
  });
  afterAll(() => stack.end());

  const committed = async (query: string): Promise<bigint> => {
    const [position] = await stack.kafka.committedOffsets(`${GROUP}${query}`, ['s']);
    return position?.offset ?? -1n;
  };
  const reaches = (query: string, offset: bigint) =>
    waitUntil(`offset ${offset} of ${query}`, async () => ((await committed(query)) === offset ? true : undefined), {
      timeoutMs: 10_000,
    });

  it('fails a query whose row does not fit its sink, and keeps its offset', async () => {
    const schema = { type: 'record', name: 'V', fields: [{ name: 'A', type: 'int' }] };
    const registered = await fetch(`${stack.registryUrl}/subjects/needs-value/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(schema) }),
    });
    const { id } = (await registered.json()) as { id: number };
    const sql = `CREATE STREAM N WITH (VALUE_FORMAT='AVRO', VALUE_SCHEMA_ID=${id}) AS SELECT * FROM S;`;
    const { body } = await stack.ksql(sql, { 'auto.offset.reset': 'earliest' });
    const query = String(body[0].commandStatus.queryId);
    await stack.produce('s', [['x', '{"A":1}']]);
    await reaches(query, 1n);
    await stack.produce('s', [['x', '{"A":null}']]);
    const errors = await waitUntil(
      'the query to fail',
      async () => {
        const answer = await stack.ksql(`EXPLAIN ${query};`);
        const { state, queryErrors } = answer.body[0].queryDescription;
        return state === 'ERROR' ? queryErrors : undefined;
      },
      { timeoutMs: 10_000 },
    );
    expect(errors[0].errorMessage).toContain('Error serializing message to topic: N.');
    expect(await committed(query)).toBe(1n);
    await stack.ksql(`TERMINATE ${query};`);
  });

  it('commits what the state says after a kill between marker and commit', async () => {
    // The window of a kill -9: the changelog's marker is written, the group's offset is not.
    const { body } = await stack.ksql('CREATE TABLE T AS SELECT k, COUNT(*) AS n FROM S GROUP BY k;', {
      'auto.offset.reset': 'earliest',
    });
    const query = String(body[0].commandStatus.queryId);
    await reaches(query, 2n);
    await stack.restart(() =>
      stack.kafka.commitOffsets(`${GROUP}${query}`, [{ topic: 's', partition: 0, offset: 0n }]),
    );
    await reaches(query, 2n);
    expect(await stack.consume('T', 2)).toHaveLength(2);
  });
});
