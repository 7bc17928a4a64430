import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { type KsqlStack, startStack } from './stack.js';

const field = (name: string, type: string) => ({ name, schema: { type, fields: null, memberSchema: null } });

describe('queries over a WebSocket', () => {
  let stack: KsqlStack;
  beforeAll(async () => {
    stack = await startStack();
    await stack.ksql(
      "CREATE STREAM s (id STRING KEY, v INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);",
    );
    await stack.produce('s', [
      ['a', '{"v":1}'],
      ['b', '{"v":2}'],
    ]);
  });
  afterAll(() => stack.end());

  const open = (path: string) => new WebSocket(stack.url().replace('http', 'ws') + path);
  const pathOf = (ksql: string) => {
    const request = { ksql, streamsProperties: { 'auto.offset.reset': 'earliest' } };
    return `/ws/query?request=${encodeURIComponent(JSON.stringify(request))}`;
  };

  /** All messages until the server closes. */
  const ask = (path: string) =>
    new Promise<{ messages: string[]; code: number; reason: string }>((resolve, reject) => {
      const messages: string[] = [];
      open(path)
        .on('message', (data) => messages.push(String(data)))
        .on('error', reject)
        .on('close', (code, reason) => resolve({ messages, code, reason: String(reason) }));
    });

  it('sends the columns, then a message for each row', async () => {
    const { messages, ...end } = await ask(pathOf('SELECT id, v FROM s EMIT CHANGES LIMIT 2;'));
    expect(messages.map((message): unknown => JSON.parse(message))).toEqual([
      [field('ID', 'STRING'), field('V', 'INTEGER')],
      { row: { columns: ['a', 1] } },
      { row: { columns: ['b', 2] } },
    ]);
    expect(end).toEqual({ code: 1000, reason: 'done' });
  });

  it('prints a topic', async () => {
    const { messages } = await ask(pathOf("PRINT 's' FROM BEGINNING LIMIT 1;"));
    expect(messages).toEqual([
      'Key format: KAFKA_STRING',
      'Value format: JSON or KAFKA_STRING',
      expect.stringContaining('key: a, value: {"v":1}'),
    ]);
  });

  it('says in the close frame what it refuses', async () => {
    const refusal = (reason: unknown) => ({ messages: [], code: 1003, reason });
    expect(await ask(pathOf('SELECT * FROM nope EMIT CHANGES;'))).toEqual(
      refusal('Exception while preparing statement: NOPE does not exist.'),
    );
    expect(await ask(pathOf('SHOW STREAMS;'))).toEqual(refusal(expect.stringContaining('not supported')));
    expect(await ask(pathOf(`SELECT * FROM ${'x'.repeat(200)};`))).toEqual(
      refusal(expect.stringMatching(/^Exception while preparing statement: X+\.\.\.$/)),
    );
    expect(await ask('/ws/query')).toEqual(refusal('missing request parameter'));
    await expect(ask('/ws/nope')).rejects.toThrow('404');
  });

  it('ends the query with the socket', async () => {
    const client = open(pathOf('SELECT id FROM s EMIT CHANGES;'));
    await new Promise((resolve) => client.once('message', resolve));
    client.close();
    await expect.poll(async () => (await stack.ksql('SHOW QUERIES;')).body[0].queries, { timeout: 10_000 }).toEqual([]);
  });
});
