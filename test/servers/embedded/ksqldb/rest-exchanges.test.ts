import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { any, type Check, has, head, header, K, row } from './checks.js';
import { EARLIEST, JSON_V1, type } from './clients.js';
import { type KsqlStack, startStack } from './stack.js';

const DELIMITED = 'application/vnd.ksqlapi.delimited.v1';

const Q = (ksql: string, status: number, answer: unknown, more: object = {}): Check => [
  `query: ${ksql}`,
  '/query',
  { ksql, streamsProperties: EARLIEST, ...more },
  status,
  answer,
];
const S = (sql: string, status: number, answer: unknown, more: object = {}): Check => [
  `query-stream: ${sql}`,
  '/query-stream',
  { sql, properties: EARLIEST, ...more },
  status,
  answer,
];
const fault = (message: string, code = 40001) => ({
  '@type': 'statement_error',
  error_code: code,
  message: has(message),
});
const bad = (message: string, code = 40001) => ({ '@type': 'generic_error', error_code: code, message: has(message) });

/** Exchanges of all kinds with the REST API, written from its pages before the engine was asked. */
const checks: readonly Check[] = [
  K(
    "CREATE STREAM orders (id INT KEY, who STRING, price DECIMAL(6,2)) WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON', PARTITIONS=1);",
    200,
    [
      {
        '@type': 'currentStatus',
        commandId: 'stream/`ORDERS`/create',
        commandStatus: { status: 'SUCCESS', message: 'Stream created', queryId: null },
        warnings: [],
      },
    ],
  ),
  K(
    'CREATE TABLE totals AS SELECT who, SUM(price) AS total, COUNT(*) AS n FROM orders GROUP BY who;',
    200,
    [
      {
        '@type': 'currentStatus',
        commandId: 'table/`TOTALS`/create',
        commandStatus: { status: 'SUCCESS', message: has('CTAS_TOTALS_'), queryId: has('CTAS_TOTALS_') },
      },
    ],
    { streamsProperties: EARLIEST },
  ),
  K(
    "INSERT INTO orders VALUES (1, 'ann', 2.5); INSERT INTO orders VALUES (2, 'bob', 4); INSERT INTO orders VALUES (3, 'ann', 1.25);",
    200,
    [],
  ),
  S('SELECT who, total FROM totals EMIT CHANGES LIMIT 3;', 200, [
    head(['WHO', 'TOTAL'], ['STRING', 'DECIMAL(6, 2)']),
    any,
    any,
    any,
  ]),
  K('LIST STREAMS;', 200, [
    {
      '@type': 'streams',
      statementText: 'LIST STREAMS;',
      streams: [
        { type: 'STREAM', name: 'ORDERS', topic: 'orders', keyFormat: 'KAFKA', valueFormat: 'JSON', isWindowed: false },
      ],
      warnings: [],
    },
  ]),
  K('SHOW TABLES;', 200, [
    {
      '@type': 'tables',
      tables: [
        { type: 'TABLE', name: 'TOTALS', topic: 'TOTALS', keyFormat: 'KAFKA', valueFormat: 'JSON', isWindowed: false },
      ],
    },
  ]),
  K('DESCRIBE orders;', 200, [
    {
      '@type': 'sourceDescription',
      statementText: 'DESCRIBE orders;',
      sourceDescription: {
        name: 'ORDERS',
        type: 'STREAM',
        windowType: null,
        timestamp: '',
        extended: false,
        keyFormat: 'KAFKA',
        valueFormat: 'JSON',
        topic: 'orders',
        partitions: 0,
        replication: 0,
        fields: [
          { name: 'ID', schema: type('INTEGER'), type: 'KEY' },
          { name: 'WHO', schema: type('STRING') },
          {
            name: 'PRICE',
            schema: { type: 'DECIMAL', fields: null, memberSchema: null, parameters: { precision: 6, scale: 2 } },
          },
        ],
        readQueries: [
          {
            id: has('CTAS_TOTALS_'),
            queryType: 'PERSISTENT',
            state: 'RUNNING',
            sinks: ['TOTALS'],
            sinkKafkaTopics: ['TOTALS'],
          },
        ],
        writeQueries: [],
      },
    },
  ]),
  K('SHOW QUERIES;', 200, [
    {
      '@type': 'queries',
      queries: [
        {
          sinks: ['TOTALS'],
          sinkKafkaTopics: ['TOTALS'],
          queryType: 'PERSISTENT',
          statusCount: { RUNNING: 1 },
          state: 'RUNNING',
        },
      ],
    },
  ]),
  K('DESCRIBE FUNCTION lcase;', 200, [
    {
      '@type': 'describe_function',
      name: 'LCASE',
      type: 'SCALAR',
      functions: [{ arguments: [{ type: 'VARCHAR' }], returnType: 'VARCHAR' }],
    },
  ]),
  K('DESCRIBE FUNCTION transform;', 200, [
    {
      '@type': 'describe_function',
      name: 'TRANSFORM',
      type: 'SCALAR',
      functions: [
        { arguments: [{ type: 'ARRAY<T>' }, { type: 'LAMBDA' }], returnType: 'ARRAY<U>' },
        { arguments: [{ type: 'MAP<K, V>' }, { type: 'LAMBDA' }, { type: 'LAMBDA' }], returnType: 'MAP<A, B>' },
      ],
    },
  ]),
  K('DESCRIBE FUNCTION nope;', 400, fault("Can't find any functions with the name 'NOPE'")),
  K('CREATE TYPE point AS STRUCT<x DOUBLE, y DOUBLE>; LIST TYPES;', 200, [
    {
      '@type': 'currentStatus',
      commandId: 'type/POINT/create',
      commandStatus: { status: 'SUCCESS', message: has('Registered custom type with name') },
    },
    {
      '@type': 'type_list',
      types: {
        POINT: {
          type: 'STRUCT',
          fields: [
            { name: 'X', schema: type('DOUBLE') },
            { name: 'Y', schema: type('DOUBLE') },
          ],
        },
      },
    },
  ]),
  K('DROP TYPE point;', 200, [
    { '@type': 'currentStatus', commandId: 'type/POINT/drop', commandStatus: { message: "Dropped type 'POINT'" } },
  ]),
  K('EXPLAIN SELECT who FROM orders EMIT CHANGES;', 200, [
    {
      '@type': 'queryDescription',
      queryDescription: {
        fields: [
          { name: 'ID', schema: type('INTEGER'), type: 'KEY' },
          { name: 'WHO', schema: type('STRING') },
        ],
        sources: ['ORDERS'],
        sinks: [],
        topology: any,
        executionPlan: has('PROJECT'),
      },
    },
  ]),
  K("SET 'auto.offset.reset' = 'earliest'; UNSET 'auto.offset.reset';", 200, []),
  K('SELECT * FROM orders EMIT CHANGES;', 400, {
    '@type': 'statement_error',
    error_code: 40002,
    statementText: 'SELECT * FROM orders EMIT CHANGES;',
    entities: [],
  }),
  K("PRINT 'orders';", 400, { '@type': 'statement_error', error_code: 40002 }),
  K('CREATE STREAM a AS SELECT * FROM ghost;', 400, {
    ...fault('GHOST does not exist.'),
    statementText: 'CREATE STREAM a AS SELECT * FROM ghost;',
    entities: [],
  }),
  K('LIST STREAMS; DROP STREAM ghost;', 400, {
    ...fault('Stream GHOST does not exist.'),
    statementText: 'DROP STREAM ghost;',
    entities: [],
  }),
  K('LIST STREAMS', 400, { '@type': 'statement_error', error_code: 40001, entities: [] }),
  K('TERMINATE ghost;', 400, fault('GHOST')),
  K('LIST PROPERTIES;', 200, [
    {
      '@type': 'properties',
      properties: expect.arrayContaining([
        expect.objectContaining({ name: 'ksql.service.id', scope: 'KSQL', value: any }),
      ]),
    },
  ]),
  K('SHOW TOPICS;', 200, [
    { '@type': 'kafka_topics', topics: expect.arrayContaining([{ name: 'orders', replicaInfo: [1] }]) },
  ]),
  K("INSERT INTO orders VALUES ('x', 'ann', 1);", 400, fault("Failed to insert values into 'ORDERS'.")),
  K(
    "INSERT INTO orders VALUES (9, 'ann', '${p}');",
    400,
    { '@type': 'statement_error', error_code: 40001 },
    { sessionVariables: { p: 'notanumber' } },
  ),
  Q("SELECT who, total FROM totals WHERE who = 'ann';", 200, [
    header('`WHO` STRING KEY, `TOTAL` DECIMAL(6, 2)'),
    row('ann', 3.75),
  ]),
  Q("SELECT total, n FROM totals WHERE who = 'zed';", 200, [header('`TOTAL` DECIMAL(6, 2), `N` BIGINT')]),
  Q('SELECT id, price FROM orders EMIT CHANGES LIMIT 2;', 200, [
    header('`ID` INTEGER, `PRICE` DECIMAL(6, 2)'),
    row(1, 2.5),
    row(2, 4.0),
    { finalMessage: 'Limit Reached' },
  ]),
  Q('SELECT * FROM ghost;', 400, fault('GHOST does not exist.')),
  Q('LIST STREAMS;', 400, { message: has('not supported for this resource') }),
  Q('SELECT * FROM totals; SELECT * FROM totals;', 400, {
    message: has('Expected exactly one KSQL statement; found 2 instead'),
  }),
  S("SELECT n FROM totals WHERE who = 'bob';", 200, [head(['N'], ['BIGINT']), [1]]),
  S('SELECT nope FROM totals;', 400, { error_code: 40001, message: has("SELECT column 'NOPE' cannot be resolved.") }),
  [
    'query-stream as one JSON array',
    '/query-stream',
    { sql: "SELECT n FROM totals WHERE who = 'bob';" },
    200,
    [head(['N'], ['BIGINT']), [1]],
    { accept: 'application/json' },
  ],
  [
    'query-stream without sql',
    '/query-stream',
    { ksql: 'SELECT 1;' },
    400,
    bad("Invalid JSON in request: Missing required creator property 'sql'", 40000),
  ],
  [
    'query without ksql',
    '/query',
    { sql: 'SELECT * FROM totals;' },
    400,
    { '@type': 'generic_error', error_code: 40000, message: '"ksql" field must be populated' },
  ],
  ['inserts without target', '/inserts-stream', '{}\n', 400, bad("Missing required creator property 'target'", 40000)],
  [
    'closing a query that is not named',
    '/close-query',
    {},
    400,
    bad("Missing required creator property 'queryId'", 40000),
  ],
  K(
    "CREATE TABLE people (id STRING PRIMARY KEY, name STRING) WITH (KAFKA_TOPIC='people', VALUE_FORMAT='JSON', PARTITIONS=1);",
    200,
    [any],
  ),
  [
    'inserts into a table',
    '/inserts-stream',
    '{"target":"people"}\n{"id":"a","name":"Ann"}\n',
    200,
    [{ status: 'ok', seq: 0 }],
  ],
  ['what is no JSON', '/ksql', '{"ksql": ', 400, { '@type': 'generic_error', error_code: 40000 }],
  ['a type that is not given', '/ksql', { ksql: 'LIST STREAMS;' }, 406, any, { accept: 'text/html' }],
  ['closing a query that is not there', '/close-query', { queryId: 'nope' }, 400, bad('No query with id nope', 40000)],
  [
    'inserts, one wrong',
    '/inserts-stream',
    '{"target":"orders"}\n{"ID":10,"WHO":"cat","PRICE":1.5}\n{"ID":"x"}\n',
    200,
    [
      { status: 'ok', seq: 0 },
      { status: 'error', seq: 1, error_code: 40000, message: any },
    ],
  ],
  [
    'inserts into what is not there',
    '/inserts-stream',
    '{"target":"ghost"}\n',
    400,
    bad('Cannot insert values into an unknown stream/table: `GHOST`'),
  ],
  K('DROP STREAM orders;', 400, fault('The following streams and/or tables read from this source: [TOTALS].')),
  K('DROP TABLE totals DELETE TOPIC;', 200, [
    {
      '@type': 'currentStatus',
      commandId: 'table/`TOTALS`/drop',
      commandStatus: { status: 'SUCCESS', message: has('Source `TOTALS` (topic: TOTALS) was dropped') },
    },
  ]),
];

const parse = (path: string, body: string) =>
  path.endsWith('-stream') && !body.startsWith('[{')
    ? body
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line))
    : body === ''
      ? undefined
      : JSON.parse(body);

describe('exchanges with the REST API', () => {
  let stack: KsqlStack;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack.end());

  it.each(checks.map(([what, ...check]) => ({ what, check })))('$what', async ({ check }) => {
    const [path, body, wanted, answer, headers] = check;
    const got = await stack.post(
      path,
      body,
      headers ?? (path === '/query-stream' ? { accept: DELIMITED } : { accept: JSON_V1 }),
    );
    const parsed = parse(path, got.text);
    const one = wanted === 400 && Array.isArray(parsed) && parsed.length === 1 ? parsed[0] : parsed;
    expect({ status: got.status, answer: one }).toMatchObject({ status: wanted, answer });
  });

  it.each([
    [
      '/info',
      200,
      { KsqlServerInfo: { version: any, kafkaClusterId: any, ksqlServiceId: any, serverStatus: 'RUNNING' } },
    ],
    ['/healthcheck', 200, { isHealthy: true, details: { metastore: { isHealthy: true }, kafka: { isHealthy: true } } }],
    ['/status/stream/ORDERS/create', 200, { status: 'SUCCESS', message: 'Stream created' }],
    ['/status/stream/NOPE/create', 404, { error_code: 40400 }],
    ['/is_valid_property/auto.offset.reset', 200, true],
    ['/nowhere', 404, any],
  ])('GET %s', async (path, status, answer) => {
    const response = await fetch(`${stack.url()}${path}`);
    const body = await response.text();
    expect({
      status: response.status,
      answer: body === '' ? '' : path === '/nowhere' ? body : JSON.parse(body),
    }).toMatchObject({ status, answer });
  });

  it('answers in the type that was asked for', async () => {
    const response = await fetch(`${stack.url()}/ksql`, {
      method: 'POST',
      headers: { accept: JSON_V1, 'content-type': JSON_V1 },
      body: JSON.stringify({ ksql: 'LIST STREAMS;' }),
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, JSON_V1]);
  });
});
