import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EARLIEST, error, JSON_V1, startClientsStack, TYPES, type } from './clients.js';
import { type KsqlStack, linesByHttp2 } from './stack.js';

/** Requests to the other endpoints: headers, body, and the whole answer as the client reads it. */
const requests: ReadonlyArray<readonly [path: string, init: RequestInit, status: number, answer: unknown]> = [
  [
    '/info',
    { headers: { accept: JSON_V1 } },
    200,
    {
      KsqlServerInfo: {
        version: expect.any(String),
        kafkaClusterId: expect.any(String),
        ksqlServiceId: 'default_',
        serverStatus: 'RUNNING',
      },
    },
  ],
  [
    '/healthcheck',
    {},
    200,
    {
      isHealthy: true,
      details: { metastore: { isHealthy: true }, kafka: { isHealthy: true }, commandRunner: { isHealthy: true } },
      serverState: 'READY',
    },
  ],
  ['/chc/live', {}, 200, {}],
  ['/chc/ready', {}, 200, {}],
  ['/', { redirect: 'manual' }, 307, undefined],
  ['/status/table/USERS/create', {}, 200, { status: 'SUCCESS', message: 'Table created', queryId: null }],
  ['/status/nonsense', {}, 404, expect.anything()],
  [
    '/is_valid_property/ksql.service.id',
    {},
    400,
    { '@type': 'generic_error', error_code: 40000, message: expect.stringContaining('ksql.service.id') },
  ],
  [
    '/info',
    { method: 'POST', body: '{}' },
    405,
    { '@type': 'generic_error', error_code: 40500, message: expect.any(String) },
  ],
  [
    '/query',
    { method: 'POST', body: JSON.stringify({ ksql: "SELECT * FROM users WHERE id='a';", streamsProperties: {} }) },
    400,
    error(expect.stringContaining('USERS')),
  ],
  [
    '/query',
    { method: 'POST', body: JSON.stringify({ ksql: 'SELECT nope FROM clicks EMIT CHANGES;' }) },
    400,
    error("Line: 1, Col: 8: SELECT column 'NOPE' cannot be resolved."),
  ],
  [
    '/query',
    { method: 'POST', body: JSON.stringify({ ksql: 'SELECT * FROM nope EMIT CHANGES;' }) },
    400,
    error(expect.stringContaining('NOPE does not exist.')),
  ],
  [
    '/query-stream',
    { method: 'POST', body: JSON.stringify({ sql: 'SELECT * FROM per_page;', properties: { 'no.such': 1 } }) },
    400,
    expect.objectContaining({ error_code: 40000 }),
  ],
  [
    '/close-query',
    { method: 'POST', body: JSON.stringify({ queryId: 'x' }) },
    400,
    { '@type': 'generic_error', error_code: 40000, message: 'No query with id x' },
  ],
  [
    '/inserts-stream',
    { method: 'POST', body: '{"target":"nope"}\n' },
    400,
    expect.objectContaining({ error_code: 40001 }),
  ],
  ['/inserts-stream', { method: 'POST', body: '' }, 400, expect.anything()],
];

const EVERYTHING = {
  K: 'all',
  I: 1,
  B: 9007199254740991,
  D: 1.5,
  F: true,
  N: 12.3,
  A: ['x', null],
  M: { a: 1 },
  S: { F1: 2, f2: 'z' },
  Y: 'aGk=',
  TS: '2020-01-02T03:04:05.678',
  DT: '2020-01-02',
  TM: '10:00:00',
};
const READ = [
  'all',
  1,
  9007199254740991,
  1.5,
  true,
  12.3,
  ['x', null],
  { a: 1 },
  { F1: 2, f2: 'z' },
  'aGk=',
  '2020-01-02T03:04:05.678',
  '2020-01-02',
  '10:00',
];

describe('clients', () => {
  let stack: KsqlStack;
  const send = async (path: string, body: unknown, headers = {}) => (await stack.post(path, body, headers)).text;
  const lines = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
  beforeAll(async () => {
    stack = await startClientsStack();
  });
  afterAll(() => stack.end());

  it.each(requests)('%s %j', async (path, init, code, answer) => {
    const response = await fetch(stack.url() + path, init);
    const text = await response.text();
    expect({ status: response.status, answer: text === '' ? undefined : JSON.parse(text) }).toEqual({
      status: code,
      answer,
    });
  });

  it('takes and gives every type in /inserts-stream and /query-stream', async () => {
    expect(
      await linesByHttp2(stack, '/inserts-stream', [
        `${JSON.stringify({ target: 'everything', properties: {} })}\n`,
        `${JSON.stringify(EVERYTHING)}\n`,
      ]),
    ).toEqual([{ status: 'ok', seq: 0 }]);
    const [header, ...rows] = await linesByHttp2(stack, '/query-stream', [
      JSON.stringify({ sql: 'SELECT * FROM everything;' }),
    ]);
    expect(header).toMatchObject({
      columnNames: ['K', ...TYPES.map(([name]) => name.toUpperCase())],
      columnTypes: ['STRING', ...TYPES.map(([, , shown]) => shown)],
    });
    expect(rows).toEqual([READ]);
  });

  it('answers /query by types in its schema', async () => {
    const [{ header }] = JSON.parse(
      await send('/query', { ksql: "SELECT s, m, n, k FROM everything WHERE k = 'all';" }),
    );
    expect(header).toEqual({
      queryId: expect.any(String),
      schema: '`S` STRUCT<`F1` INTEGER, `f2` STRING>, `M` MAP<STRING, INTEGER>, `N` DECIMAL(5, 2), `K` STRING',
    });
  });

  it('streams a table with tombstones to /query', async () => {
    await stack.produce('users', [
      ['a', null],
      ['c', '{"name":"Cy"}'],
    ]);
    const text = await send('/query', {
      ksql: 'SELECT * FROM users EMIT CHANGES LIMIT 3;',
      streamsProperties: EARLIEST,
    });
    expect(JSON.parse(text).slice(1)).toEqual([
      { row: { columns: ['a', 'Ann'] } },
      { row: { columns: ['a', null], tombstone: true } },
      { row: { columns: ['c', 'Cy'] } },
      { finalMessage: 'Limit Reached' },
    ]);
  });

  it('gives one JSON array for /query-stream where the client takes application/json', async () => {
    const text = await send(
      '/query-stream',
      { sql: "SELECT * FROM per_page WHERE page IN ('p', 'q');" },
      { accept: 'application/json' },
    );
    const [header, ...rows] = JSON.parse(text);
    expect(header).toEqual({
      queryId: expect.anything(),
      columnNames: ['PAGE', 'N'],
      columnTypes: ['STRING', 'BIGINT'],
    });
    expect(rows).toEqual(
      expect.arrayContaining([
        ['p', 2],
        ['q', 1],
      ]),
    );
  });

  it('pulls sessions by bounds', async () => {
    expect(
      lines(
        await send('/query-stream', {
          sql: "SELECT user_id, windowstart, windowend, n FROM sessions WHERE user_id='a' AND windowstart >= 0;",
        }),
      ).slice(1),
    ).toEqual([['a', 2000, 3000, 2]]);
  });

  it('ends a push query by TERMINATE, and lists it before', async () => {
    const response = await fetch(`${stack.url()}/query-stream`, {
      method: 'POST',
      body: JSON.stringify({ sql: 'SELECT * FROM clicks EMIT CHANGES;' }),
    });
    const reader = response.body?.getReader();
    const { queryId } = JSON.parse(Buffer.from((await reader?.read())?.value ?? []).toString());
    const [{ queries }] = JSON.parse(await send('/ksql', { ksql: 'SHOW QUERIES;' }));
    expect(queries).toContainEqual({
      queryString: 'SELECT * FROM clicks EMIT CHANGES;',
      sinks: [],
      sinkKafkaTopics: [],
      id: queryId,
      statusCount: { RUNNING: 1 },
      queryType: 'PUSH',
      state: 'RUNNING',
    });
    expect(JSON.parse(await send('/ksql', { ksql: `TERMINATE ${queryId};` }))).toEqual([
      {
        '@type': 'terminate_query',
        statementText: `TERMINATE ${queryId};`,
        queryId,
        wasTerminated: true,
        warnings: [],
      },
    ]);
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read());
  });

  it('refuses to pause a push query, which goes on', async () => {
    const response = await fetch(`${stack.url()}/query-stream`, {
      method: 'POST',
      body: JSON.stringify({ sql: 'SELECT * FROM clicks EMIT CHANGES;' }),
    });
    const reader = response.body?.getReader();
    const { queryId } = JSON.parse(Buffer.from((await reader?.read())?.value ?? []).toString());
    expect(JSON.parse(await send('/ksql', { ksql: `PAUSE ${queryId};` }))).toMatchObject({
      error_code: 40001,
      message: `Unknown queryId: ${queryId.toUpperCase()}`,
    });
    const [{ queries }] = JSON.parse(await send('/ksql', { ksql: 'SHOW QUERIES;' }));
    expect(queries).toContainEqual(expect.objectContaining({ id: queryId, state: 'RUNNING' }));
    await reader?.cancel();
  });

  it.each([
    [{ i: '1' }, 'java.lang.String (1) into type INTEGER'],
    [{ i: 3000000000 }, 'java.lang.Long (3000000000) into type INTEGER'],
    [{ b: 1.5 }, 'java.lang.Double (1.5) into type BIGINT'],
    [{ k: 5 }, 'java.lang.Integer (5) into type STRING'],
    [{ f: 'true' }, 'java.lang.String (true) into type BOOLEAN'],
    [{ a: 'x' }, 'java.lang.String (x) into type ARRAY<STRING>'],
    [{ a: ['x', 1] }, 'io.vertx.core.json.JsonArray (["x",1]) into type ARRAY<STRING>'],
    [{ s: { f1: 'x' } }, 'io.vertx.core.json.JsonObject ({"f1":"x"}) into type STRUCT<`F1` INTEGER, `f2` STRING>'],
    [{ ts: 'soon' }, 'java.lang.String (soon) into type TIMESTAMP'],
  ])('refuses to insert %j', async (row, what) => {
    const text = await send('/inserts-stream', `{"target":"EVERYTHING"}\n${JSON.stringify(row)}\n`);
    expect(JSON.parse(text)).toEqual({
      status: 'error',
      seq: 0,
      error_code: 40000,
      message: `Can't coerce a field of type class ${what}`,
    });
  });

  it('tells which header fills a column', async () => {
    await send('/ksql', {
      ksql: "CREATE STREAM one_header (v INT, h BYTES HEADER('h')) WITH (KAFKA_TOPIC='h1', VALUE_FORMAT='JSON', PARTITIONS=1);",
    });
    const [{ sourceDescription }] = JSON.parse(await send('/ksql', { ksql: 'DESCRIBE one_header;' }));
    expect(sourceDescription.fields.at(-1)).toEqual({
      name: 'H',
      schema: type('BYTES'),
      type: 'HEADER',
      headerKey: 'h',
    });
    await send('/ksql', { ksql: 'DROP STREAM one_header;' });
  });

  it('answers OPTIONS', async () => {
    expect((await fetch(`${stack.url()}/info`, { method: 'OPTIONS' })).status).toBeLessThan(500);
  });

  it('inserts by the sequence of its acknowledgements, with one row of bad JSON', async () => {
    const got = await linesByHttp2(stack, '/inserts-stream', [
      '{"target":"USERS"}\n',
      '{"ID":"d","NAME":"Di"}\n',
      '{"ID":"e","NAME":{"x":1}}\n',
      '{"NAME":"none"}\n',
    ]);
    expect(got).toEqual([
      { status: 'ok', seq: 0 },
      {
        status: 'error',
        error_code: 40000,
        message: 'Can\'t coerce a field of type class io.vertx.core.json.JsonObject ({"x":1}) into type STRING',
        seq: 1,
      },
      { status: 'error', error_code: 50000, message: expect.stringContaining('ID'), seq: 2 },
    ]);
  });
});
