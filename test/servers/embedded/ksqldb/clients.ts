import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KsqlStack, startStack } from './stack.js';

/** What the tests about clients of the field ask: an engine with streams, tables and queries of all kinds. */
export const EARLIEST = { 'auto.offset.reset': 'earliest' };
export const JSON_V1 = 'application/vnd.ksql.v1+json';
export const TYPES = [
  ['i', 'INT', 'INTEGER'],
  ['b', 'BIGINT', 'BIGINT'],
  ['d', 'DOUBLE', 'DOUBLE'],
  ['f', 'BOOLEAN', 'BOOLEAN'],
  ['n', 'DECIMAL(5, 2)', 'DECIMAL(5, 2)'],
  ['a', 'ARRAY<STRING>', 'ARRAY<STRING>'],
  ['m', 'MAP<STRING, INT>', 'MAP<STRING, INTEGER>'],
  ['s', 'STRUCT<f1 INT, `f2` STRING>', 'STRUCT<`F1` INTEGER, `f2` STRING>'],
  ['y', 'BYTES', 'BYTES'],
  ['ts', 'TIMESTAMP', 'TIMESTAMP'],
  ['dt', 'DATE', 'DATE'],
  ['tm', 'TIME', 'TIME'],
] as const;
const SETUP = `CREATE STREAM clicks (user_id STRING KEY, page STRING, at BIGINT, h ARRAY<STRUCT<key STRING, value BYTES>> HEADERS)
    WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE STREAM everything (k STRING KEY, ${TYPES.map(([name, type]) => `${name} ${type}`).join(', ')}) WITH (KAFKA_TOPIC='everything', VALUE_FORMAT='JSON', PARTITIONS=2);
  CREATE TABLE users (id STRING PRIMARY KEY, name STRING) WITH (KAFKA_TOPIC='users', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE TABLE per_page AS SELECT page, COUNT(*) AS n FROM clicks GROUP BY page;
  CREATE TABLE sessions AS SELECT user_id, COUNT(*) AS n FROM clicks WINDOW SESSION (30 SECONDS) GROUP BY user_id;
  CREATE STREAM named AS SELECT c.user_id AS user_id, u.name AS name FROM clicks c LEFT JOIN users u ON c.user_id = u.id;
  CREATE TYPE address AS STRUCT<street STRING, zip DECIMAL(5, 0)>;`;

export const type = (name: string, more: object = {}) => ({ type: name, fields: null, memberSchema: null, ...more });
export const status = (commandId: string, message: string, queryId: string | null = null) => ({
  '@type': 'currentStatus',
  statementText: expect.any(String),
  commandId,
  commandStatus: { status: 'SUCCESS', message, queryId },
  commandSequenceNumber: expect.any(Number),
  warnings: [],
});
export const error = (message: unknown, more: object = {}) => ({
  '@type': 'statement_error',
  error_code: 40001,
  message,
  statementText: expect.any(String),
  entities: [],
  ...more,
});

/** A statement, what the request has besides it, the status, and the whole answer. */
export type Exchange = readonly [ksql: string, more: object, status: number, answer: unknown];

export async function exchanged(stack: KsqlStack, ksql: string, more: object): Promise<unknown> {
  const got = await stack.post('/ksql', { ksql, ...more }, { accept: JSON_V1, 'content-type': JSON_V1 });
  return { status: got.status, answer: JSON.parse(got.text) };
}

/** Each as a test of its own, in turn at one engine. */
export function describeExchanges(what: string, exchanges: readonly Exchange[]): void {
  describe(what, () => {
    let stack: KsqlStack;
    beforeAll(async () => {
      stack = await startClientsStack();
    });
    afterAll(() => stack.end());

    it.each(exchanges)('%s', async (ksql, more, status, answer) => {
      expect(await exchanged(stack, ksql, more)).toEqual({ status, answer });
    });
  });
}

export async function startClientsStack(): Promise<KsqlStack> {
  const stack = await startStack();
  await stack.ksql(SETUP, EARLIEST);
  await stack.produce('users', [['a', '{"name":"Ann"}', 1000]]);
  await stack.produce('clicks', [
    ['a', '{"page":"p","at":5}', 2000],
    ['a', '{"page":"q","at":6}', 3000],
    ['b', '{"page":"p","at":7}', 4000],
  ]);
  await stack.consume('PER_PAGE', 3);
  await stack.consume('SESSIONS', 4);
  return stack;
}
