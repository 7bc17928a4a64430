import { connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EARLIEST, type Exchange, error, exchanged, startClientsStack, status, type } from './clients.js';
import { type KsqlStack, linesByHttp2 } from './stack.js';

/** Statements in turn, and queries beside them, by HTTP/1.1 and HTTP/2. Written from the pages of the REST API. */
const exchanges: readonly Exchange[] = [
  ['-- nothing but a comment', {}, 200, []],
  [
    'EXPLAIN CTAS_PER_PAGE_3;',
    {},
    200,
    [
      expect.objectContaining({
        '@type': 'queryDescription',
        queryDescription: expect.objectContaining({
          id: 'CTAS_PER_PAGE_3',
          statementText: expect.stringMatching(/;$/),
          windowType: null,
          fields: [
            { name: 'PAGE', schema: type('STRING'), type: 'KEY' },
            { name: 'N', schema: type('BIGINT') },
          ],
          sources: ['CLICKS'],
          sinks: ['PER_PAGE'],
          overriddenProperties: EARLIEST,
          ksqlHostQueryStatus: { 'localhost:8088': 'RUNNING' },
          queryType: 'PERSISTENT',
          queryErrors: [],
          tasksMetadata: expect.any(Array),
          state: 'RUNNING',
        }),
      }),
    ],
  ],
  ['EXPLAIN nope;', {}, 400, error(expect.stringContaining('Query with id:NOPE does not exist'))],
  [
    'SHOW TOPICS EXTENDED;',
    {},
    200,
    [
      expect.objectContaining({
        topics: expect.arrayContaining([
          { name: 'clicks', replicaInfo: [1], consumerCount: 3, consumerGroupCount: 3 },
          { name: 'everything', replicaInfo: [1, 1], consumerCount: 0, consumerGroupCount: 0 },
          { name: 'users', replicaInfo: [1], consumerCount: 1, consumerGroupCount: 1 },
        ]),
      }),
    ],
  ],
  [
    'SHOW ALL TOPICS;',
    {},
    200,
    [
      expect.objectContaining({
        '@type': 'kafka_topics',
        topics: expect.arrayContaining([{ name: '_confluent-ksql-default__command_topic', replicaInfo: [1] }]),
      }),
    ],
  ],
  [
    'SHOW TABLES EXTENDED;',
    {},
    200,
    [
      expect.objectContaining({
        '@type': 'source_descriptions',
        sourceDescriptions: [
          expect.objectContaining({ name: 'PER_PAGE', extended: true, partitions: 1 }),
          expect.objectContaining({ name: 'SESSIONS', extended: true }),
          expect.objectContaining({ name: 'USERS', extended: true }),
        ],
      }),
    ],
  ],
  [
    "CREATE STREAM timed (k STRING KEY, at BIGINT) WITH (KAFKA_TOPIC='timed', VALUE_FORMAT='JSON', PARTITIONS=1, TIMESTAMP='at'); DESCRIBE timed;",
    {},
    200,
    [
      status('stream/`TIMED`/create', 'Stream created'),
      expect.objectContaining({ sourceDescription: expect.objectContaining({ timestamp: 'AT' }) }),
    ],
  ],
  [
    "CREATE STREAM bad (k STRING KEY) WITH (KAFKA_TOPIC='bad', VALUE_FORMAT='JSON', NOPE=1);",
    {},
    400,
    error(expect.stringContaining('Invalid config variable(s) in the WITH clause: NOPE')),
  ],
  [
    "CREATE STREAM bad (k STRING KEY) WITH (KAFKA_TOPIC='bad', VALUE_FORMAT='NOPE', PARTITIONS=1);",
    {},
    400,
    error(expect.stringContaining('Unknown format: NOPE')),
  ],
  ['DROP TABLE clicks;', {}, 400, error(expect.stringContaining('Incompatible data source type is STREAM'))],
  [
    'INSERT INTO timed SELECT user_id AS k, at FROM clicks;',
    {},
    200,
    [
      expect.objectContaining({
        '@type': 'currentStatus',
        commandStatus: {
          status: 'SUCCESS',
          message: expect.stringMatching(/^Created query with ID INSERTQUERY_\d+$/),
          queryId: expect.stringMatching(/^INSERTQUERY_\d+$/),
        },
      }),
    ],
  ],
  [
    'DESCRIBE timed;',
    {},
    200,
    [
      expect.objectContaining({
        sourceDescription: expect.objectContaining({
          writeQueries: [expect.objectContaining({ id: expect.stringMatching(/^INSERTQUERY_/), sinks: ['TIMED'] })],
        }),
      }),
    ],
  ],
  [
    'SHOW TABLES;',
    { streamsProperties: { 'ksql.query.pull.table.scan.enabled': true, 'ksql.streams.num.stream.threads': 2 } },
    200,
    [expect.objectContaining({ '@type': 'tables' })],
  ],
  [
    "ASSERT SCHEMA SUBJECT 'nix-value' TIMEOUT 1 SECOND;",
    {},
    417,
    error('Schema with subject name nix-value does not exist', { error_code: 41700 }),
  ],
  ['SELECT * FROM clicks EMIT CHANGES;', {}, 400, error(expect.stringContaining('/query'), { error_code: 40002 })],
  [
    'TERMINATE ALL; SHOW QUERIES;',
    {},
    200,
    [status('terminate/ALL/execute', 'Query terminated.'), expect.objectContaining({ queries: [] })],
  ],
];

describe('sessions', () => {
  let stack: KsqlStack;
  beforeAll(async () => {
    stack = await startClientsStack();
  });
  afterAll(() => stack.end());
  const post = (path: string, body: unknown, headers = {}) => stack.post(path, body, headers);

  it('answers /query in lines of one array', async () => {
    const { text } = await post('/query', {
      ksql: 'SELECT user_id, page FROM clicks EMIT CHANGES LIMIT 2;',
      streamsProperties: { 'ksql.streams.auto.offset.reset': 'earliest' },
    });
    expect(text.split('\n')).toEqual([
      expect.stringMatching(/^\[\{"header":\{"queryId":"[^"]+","schema":"`USER_ID` STRING, `PAGE` STRING"\}\},$/),
      '{"row":{"columns":["a","p"]}},',
      '{"row":{"columns":["a","q"]}},',
      '{"finalMessage":"Limit Reached"}]',
      ...(text.endsWith('\n') ? [''] : []),
    ]);
  });

  it('answers a pull query without rows', async () => {
    const { status: code, text } = await post('/query', { ksql: "SELECT * FROM per_page WHERE page = 'none';" });
    expect(code).toBe(200);
    expect(JSON.parse(text)).toEqual([
      { header: { queryId: expect.any(String), schema: '`PAGE` STRING KEY, `N` BIGINT' } },
    ]);
  });

  it('takes statements by HTTP/2', async () => {
    const [entities] = await linesByHttp2(stack, '/ksql', [JSON.stringify({ ksql: 'SHOW STREAMS;' })]);
    expect(entities).toMatchObject([{ '@type': 'streams' }]);
  });

  it('streams by HTTP/2 what the client accepts', async () => {
    const session = connect(stack.url());
    const request = session.request({
      ':method': 'POST',
      ':path': '/query-stream',
      accept: 'application/json',
      'content-type': 'application/json',
    });
    request.end(JSON.stringify({ sql: 'SELECT user_id FROM clicks EMIT CHANGES LIMIT 1;', properties: EARLIEST }));
    let head: Record<string, unknown> = {};
    request.on('response', (headers) => {
      head = headers;
    });
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    session.close();
    expect(head).toMatchObject({ ':status': 200, 'content-type': 'application/json' });
    expect(JSON.parse(text)).toEqual([
      { queryId: expect.any(String), columnNames: ['USER_ID'], columnTypes: ['STRING'] },
      ['a'],
    ]);
  });

  it('refuses a wrong query by HTTP/2', async () => {
    expect(
      await linesByHttp2(stack, '/query-stream', [JSON.stringify({ sql: 'SELECT nope(1) FROM clicks EMIT CHANGES;' })]),
    ).toMatchObject([
      { error_code: 40001, message: expect.stringContaining("Can't find any functions with the name 'NOPE'") },
    ]);
  });

  it.each([
    ['sessions', 'Cannot insert values into windowed stream/table!'],
    ['`clicks`', 'Cannot insert values into an unknown stream/table: `clicks`'],
  ])('refuses to insert into %s', async (target, message) => {
    const { status: code, text } = await post('/inserts-stream', `${JSON.stringify({ target })}\n`);
    expect({ code, body: JSON.parse(text) }).toEqual({
      code: 400,
      body: { '@type': 'generic_error', error_code: 40001, message: expect.stringContaining(message) },
    });
  });

  it('lists a push query in SHOW QUERIES EXTENDED, and explains it by its id', async () => {
    const response = await fetch(`${stack.url()}/query`, {
      method: 'POST',
      body: JSON.stringify({ ksql: 'SELECT page FROM clicks EMIT CHANGES;' }),
    });
    const reader = response.body?.getReader();
    await reader?.read();
    const [{ queryDescriptions }] = JSON.parse((await post('/ksql', { ksql: 'SHOW QUERIES EXTENDED;' })).text);
    expect(queryDescriptions).toContainEqual(
      expect.objectContaining({
        statementText: 'SELECT page FROM clicks EMIT CHANGES;',
        queryType: 'PUSH',
        sources: ['CLICKS'],
        sinks: [],
        state: 'RUNNING',
      }),
    );
    const push = queryDescriptions.find(({ queryType }: { queryType: string }) => queryType === 'PUSH');
    const { text } = await post('/ksql', { ksql: `EXPLAIN ${push.id};` });
    expect(JSON.parse(text)).toMatchObject([{ '@type': 'queryDescription', queryDescription: push }]);
    await reader?.cancel();
  });

  it('counts the members of other groups in SHOW TOPICS EXTENDED', async () => {
    const member = stack.kafka.groupMember({ group: 'billing', onRebalance: () => {} });
    await member.join(['users'], new AbortController().signal);
    const [{ topics }] = JSON.parse((await post('/ksql', { ksql: 'SHOW TOPICS EXTENDED;' })).text);
    await member.leave();
    expect(topics).toContainEqual({ name: 'users', replicaInfo: [1], consumerCount: 2, consumerGroupCount: 2 });
  });

  it.each(exchanges)('%s', async (ksql, more, status, answer) => {
    expect(await exchanged(stack, ksql, more)).toEqual({ status, answer });
  });
});
