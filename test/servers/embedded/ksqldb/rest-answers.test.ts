import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KsqlStack, linesByHttp2, startStack } from './stack.js';

/** Whole answers, and the types that clients ask for. Written from the pages of the REST API. */
const DELIMITED = 'application/vnd.ksqlapi.delimited.v1';
const VERSIONED = 'application/vnd.ksql.v1+json';
const SETUP = `CREATE STREAM s (id STRING KEY, v INT, t ARRAY<STRING>) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE TABLE w AS SELECT id, COUNT(*) AS n FROM s WINDOW TUMBLING (SIZE 10 SECONDS) GROUP BY id;
  CREATE STREAM o WITH (QUERY_ID='copies') AS SELECT id, v FROM s;`;

const notAcceptable = { '@type': 'generic_error', error_code: 40600, message: 'HTTP 406 Not Acceptable' };

/** Which type comes for which Accept; undefined: 406. */
const accepted: ReadonlyArray<readonly [path: string, accept: string, type: string | undefined]> = [
  ['/ksql', VERSIONED, VERSIONED],
  ['/ksql', 'application/json', 'application/json'],
  ['/ksql', 'application/vnd.ksql.v1+json; q=0.9, application/json; q=0.5', VERSIONED],
  ['/ksql', 'text/html, application/*;q=0.2', 'application/json'],
  ['/ksql', 'text/html, */*;q=0.1', 'application/json'],
  ['/ksql', 'text/html', undefined],
  ['/ksql', 'application/json;q=0', undefined],
  ['/query', 'application/xml', undefined],
  ['/query', VERSIONED, VERSIONED],
  ['/query-stream', DELIMITED, DELIMITED],
  ['/query-stream', '*/*', DELIMITED],
  ['/query-stream', 'application/json', 'application/json'],
  ['/query-stream', VERSIONED, VERSIONED],
  ['/query-stream', 'text/csv', undefined],
  ['/inserts-stream', 'text/csv', undefined],
  ['/close-query', 'image/png', undefined],
  ['/info', 'application/json', 'application/json'],
  ['/info', 'text/plain', undefined],
  ['/healthcheck', 'text/plain', undefined],
  ['/status', 'text/plain', undefined],
  ['/clusterStatus', 'text/plain', undefined],
  ['/is_valid_property/auto.offset.reset', 'text/plain', undefined],
];

const bodies: Readonly<Record<string, object>> = {
  '/ksql': { ksql: 'SHOW STREAMS;' },
  '/query': { ksql: "SELECT * FROM w WHERE id = 'a';" },
  '/query-stream': { sql: "SELECT * FROM w WHERE id = 'a';" },
  '/inserts-stream': { target: 's' },
  '/close-query': { queryId: 'nope' },
};

const column = (name: string, type: string, more: object = {}) => ({
  name,
  schema: { type, fields: null, memberSchema: null },
  ...more,
});

/** POST /ksql: what the answer to one statement holds. */
const answers: ReadonlyArray<readonly [ksql: string, answer: object]> = [
  [
    'SHOW STREAMS;',
    {
      '@type': 'streams',
      statementText: 'SHOW STREAMS;',
      warnings: [],
      streams: expect.arrayContaining([
        { type: 'STREAM', name: 'S', topic: 's', keyFormat: 'KAFKA', valueFormat: 'JSON', isWindowed: false },
      ]),
    },
  ],
  [
    'LIST TABLES;',
    {
      '@type': 'tables',
      tables: [{ type: 'TABLE', name: 'W', topic: 'W', keyFormat: 'KAFKA', valueFormat: 'JSON', isWindowed: true }],
    },
  ],
  ['LIST TOPICS;', { '@type': 'kafka_topics', topics: expect.arrayContaining([{ name: 's', replicaInfo: [1] }]) }],
  [
    'SHOW TOPICS EXTENDED;',
    {
      '@type': 'kafka_topics_extended',
      topics: expect.arrayContaining([
        { name: 's', replicaInfo: [1], consumerCount: expect.any(Number), consumerGroupCount: expect.any(Number) },
      ]),
    },
  ],
  [
    'DESCRIBE s;',
    {
      '@type': 'sourceDescription',
      sourceDescription: {
        name: 'S',
        windowType: null,
        type: 'STREAM',
        keyFormat: 'KAFKA',
        valueFormat: 'JSON',
        topic: 's',
        extended: false,
        statement: expect.stringContaining('CREATE STREAM'),
        fields: [
          column('ID', 'STRING', { type: 'KEY' }),
          column('V', 'INTEGER'),
          { name: 'T', schema: { type: 'ARRAY', fields: null, memberSchema: { type: 'STRING' } } },
        ],
        readQueries: expect.arrayContaining([expect.objectContaining({ id: 'COPIES', sinks: ['O'] })]),
      },
    },
  ],
  [
    'DESCRIBE w EXTENDED;',
    { sourceDescription: { windowType: 'TUMBLING', extended: true, partitions: 1, replication: 1 } },
  ],
  [
    'SHOW QUERIES;',
    {
      '@type': 'queries',
      queries: expect.arrayContaining([
        expect.objectContaining({
          id: 'COPIES',
          sinks: ['O'],
          sinkKafkaTopics: ['O'],
          queryType: 'PERSISTENT',
          state: 'RUNNING',
          statusCount: { RUNNING: 1 },
        }),
      ]),
    },
  ],
  [
    'EXPLAIN copies;',
    { '@type': 'queryDescription', queryDescription: { id: 'COPIES', sources: ['S'], sinks: ['O'], state: 'RUNNING' } },
  ],
  [
    'EXPLAIN SELECT v FROM s WHERE v > 1 EMIT CHANGES;',
    { queryDescription: { sources: ['S'], sinks: [], fields: [{ name: 'ID', type: 'KEY' }, column('V', 'INTEGER')] } },
  ],
  [
    'SHOW FUNCTIONS;',
    {
      '@type': 'function_names',
      functions: expect.arrayContaining([expect.objectContaining({ name: 'TOPK', type: 'AGGREGATE' })]),
    },
  ],
  [
    'DESCRIBE FUNCTION instr;',
    {
      '@type': 'describe_function',
      name: 'INSTR',
      type: 'SCALAR',
      functions: expect.arrayContaining([
        expect.objectContaining({
          returnType: 'INT',
          arguments: expect.arrayContaining([expect.objectContaining({ type: 'VARCHAR' })]),
        }),
      ]),
    },
  ],
  [
    "CREATE STREAM IF NOT EXISTS s (x INT) WITH (KAFKA_TOPIC='x', VALUE_FORMAT='JSON', PARTITIONS=1);",
    { '@type': 'warning_entity', message: 'Cannot add stream `S`: A stream with the same name already exists.' },
  ],
  ['UNDEFINE nix;', { '@type': 'warning_entity', message: "Cannot undefine variable 'nix' which was never defined" }],
  [
    'ALTER STREAM s ADD COLUMN x INT;',
    { '@type': 'currentStatus', commandId: 'stream/`S`/alter', commandStatus: { status: 'SUCCESS', queryId: null } },
  ],
  ['DROP TYPE IF EXISTS nix;', { '@type': 'warning_entity', message: "Type 'NIX' does not exist" }],
  [
    'TERMINATE copies;',
    {
      '@type': 'currentStatus',
      commandId: 'terminate/COPIES/execute',
      commandStatus: { message: 'Query terminated.' },
    },
  ],
];

/** What is refused: the path, the body as it is sent, the status and what the answer holds. */
const refused: ReadonlyArray<readonly [path: string, body: string, status: number, answer: object]> = [
  ['/ksql', 'no json', 400, { error_code: 40000 }],
  ['/ksql', '["SHOW STREAMS;"]', 400, { error_code: 40000 }],
  ['/ksql', '{"ksql": 5}', 400, { error_code: 40000 }],
  [
    '/ksql',
    '{"ksql": "INSERT INTO s (id, v) VALUES (\'a\', \'b\');"}',
    400,
    {
      '@type': 'statement_error',
      error_code: 40001,
      message: expect.stringContaining("Failed to insert values into 'S'."),
    },
  ],
  [
    '/ksql',
    '{"ksql": "TERMINATE nope;"}',
    400,
    { '@type': 'statement_error', error_code: 40001, message: expect.stringContaining('Unknown queryId: NOPE') },
  ],
  ['/close-query', '{}', 400, { error_code: 40000 }],
  ['/inserts-stream', '{}', 400, { error_code: 40000 }],
  [
    '/inserts-stream',
    '{"target":"nope"}',
    400,
    {
      '@type': 'generic_error',
      error_code: 40001,
      message: 'Cannot insert values into an unknown stream/table: `NOPE`',
    },
  ],
];

describe('answers', () => {
  let stack: KsqlStack;
  beforeAll(async () => {
    stack = await startStack();
    await stack.ksql(SETUP, { 'auto.offset.reset': 'earliest' });
    await stack.produce('s', [['a', '{"v":1}', 1000]]);
    await stack.consume('W', 1);
  });
  afterAll(() => stack.end());

  it.each(accepted)('%s for Accept: %s', async (path, accept, type) => {
    const body = bodies[path];
    const request = { method: body === undefined ? 'GET' : 'POST', headers: { accept } };
    const response = await fetch(stack.url() + path, { ...request, ...(body && { body: JSON.stringify(body) }) });
    const text = await response.text();
    if (type === undefined) {
      expect({ status: response.status, body: JSON.parse(text) }).toEqual({ status: 406, body: notAcceptable });
    } else {
      expect({ status: response.status, type: response.headers.get('content-type') }).toEqual({ status: 200, type });
    }
  });

  it.each(answers)('/ksql %s', async (ksql, answer) => {
    const { status, text } = await stack.post('/ksql', { ksql });
    expect({ status, entities: JSON.parse(text) }).toMatchObject({ status: 200, entities: [answer] });
  });

  it.each(refused)('%s refuses %s', async (path, body, status, answer) => {
    const got = await stack.post(path, body);
    expect({ status: got.status, answer: JSON.parse(got.text) }).toMatchObject({ status, answer });
  });

  it('gives the bounds of windows as columns of the key', async () => {
    const sql = "SELECT * FROM w WHERE id = 'a';";
    const [header, row] = JSON.parse((await stack.post('/query', { ksql: sql })).text);
    expect(header).toMatchObject({
      header: { schema: '`ID` STRING KEY, `WINDOWSTART` BIGINT KEY, `WINDOWEND` BIGINT KEY, `N` BIGINT' },
    });
    expect(row).toEqual({ row: { columns: ['a', 0, 10000, 1] } });
    const [names] = await linesByHttp2(stack, '/query-stream', [JSON.stringify({ sql })]);
    expect(names).toMatchObject({
      columnNames: ['ID', 'WINDOWSTART', 'WINDOWEND', 'N'],
      columnTypes: ['STRING', 'BIGINT', 'BIGINT', 'BIGINT'],
    });
  });

  it('says what is wrong with one row of /inserts-stream, and takes the others', async () => {
    const rows = ['{"target":"S"}\n', '{"id":"x","nope":1}\n', '{"id":"x","v":7,"t":["q"]}\n'];
    expect(await linesByHttp2(stack, '/inserts-stream', rows)).toMatchObject([
      { status: 'error', seq: 0, message: expect.stringContaining('NOPE') },
      { status: 'ok', seq: 1 },
    ]);
  });

  it('ends a push query that /close-query names', async () => {
    const response = await fetch(`${stack.url()}/query-stream`, {
      method: 'POST',
      body: JSON.stringify({ sql: 'SELECT * FROM s EMIT CHANGES;' }),
    });
    const reader = response.body?.getReader();
    const first = await reader?.read();
    const { queryId } = JSON.parse(Buffer.from(first?.value ?? []).toString());
    expect((await stack.post('/close-query', { queryId })).status).toBe(200);
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read());
    expect((await stack.post('/close-query', { queryId })).status).toBe(400);
  });

  it('takes a body whatever its type says, and ignores fields that it does not know', async () => {
    const { status } = await stack.post(
      '/ksql',
      { ksql: 'SHOW STREAMS;', requestProperties: {}, other: 1 },
      {
        'content-type': 'application/x-www-form-urlencoded',
      },
    );
    expect(status).toBe(200);
  });
});
