import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KsqlStack, startStack } from './stack.js';

/**
 * What /ksql answers to each sort of statement, in order, on one engine. Written from the documentation of the REST API and of the
 * statements: each entity, or the refusal of a statement, has at least these parts.
 */
const done = (message: unknown) => ({
  '@type': 'currentStatus',
  commandStatus: { status: 'SUCCESS', message, queryId: null },
  warnings: [],
});
const created = (message: string, queryId: string | null = null) => ({
  '@type': 'currentStatus',
  commandStatus: { status: 'SUCCESS', message, queryId },
});
const refused = (message: string, code = 40001) => ({
  '@type': 'statement_error',
  error_code: code,
  message: expect.stringContaining(message),
});
const field = (name: string, type: string, more: object = {}) => ({
  name,
  schema: { type, fields: null, memberSchema: null },
  ...more,
});

const answers: ReadonlyArray<readonly [sql: string, answer: object]> = [
  [
    "CREATE STREAM orders (id STRING KEY, amount INT, tags ARRAY<STRING>, at STRUCT<city STRING>) WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON', PARTITIONS=2);",
    { ...created('Stream created'), commandId: 'stream/`ORDERS`/create' },
  ],
  [
    "CREATE STREAM IF NOT EXISTS orders (id STRING KEY, amount INT) WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON');",
    { '@type': 'warning_entity', message: expect.stringContaining('A stream with the same name already exists.') },
  ],
  [
    'CREATE STREAM big AS SELECT * FROM orders WHERE amount > 10;',
    created('Created query with ID CSAS_BIG_1', 'CSAS_BIG_1'),
  ],
  [
    'CREATE TABLE per_id AS SELECT id, COUNT(*) AS n FROM orders GROUP BY id;',
    { '@type': 'currentStatus', commandId: 'table/`PER_ID`/create' },
  ],
  [
    'LIST STREAMS;',
    {
      '@type': 'streams',
      statementText: 'LIST STREAMS;',
      streams: expect.arrayContaining([
        { type: 'STREAM', name: 'BIG', topic: 'BIG', keyFormat: 'KAFKA', valueFormat: 'JSON', isWindowed: false },
        { type: 'STREAM', name: 'ORDERS', topic: 'orders', keyFormat: 'KAFKA', valueFormat: 'JSON', isWindowed: false },
      ]),
    },
  ],
  [
    'SHOW TABLES;',
    {
      '@type': 'tables',
      tables: [
        { type: 'TABLE', name: 'PER_ID', topic: 'PER_ID', keyFormat: 'KAFKA', valueFormat: 'JSON', isWindowed: false },
      ],
    },
  ],
  [
    'SHOW TOPICS;',
    {
      '@type': 'kafka_topics',
      topics: expect.arrayContaining([{ name: 'orders', replicaInfo: [1, 1] }]),
    },
  ],
  [
    'SHOW TOPICS EXTENDED;',
    {
      '@type': 'kafka_topics_extended',
      topics: expect.arrayContaining([
        expect.objectContaining({ name: 'orders', replicaInfo: [1, 1], consumerGroupCount: expect.any(Number) }),
      ]),
    },
  ],
  [
    'SHOW QUERIES;',
    {
      '@type': 'queries',
      queries: expect.arrayContaining([
        expect.objectContaining({
          id: 'CSAS_BIG_1',
          sinks: ['BIG'],
          sinkKafkaTopics: ['BIG'],
          queryType: 'PERSISTENT',
          state: 'RUNNING',
          statusCount: { RUNNING: 1 },
        }),
      ]),
    },
  ],
  [
    'DESCRIBE orders;',
    {
      '@type': 'sourceDescription',
      sourceDescription: {
        name: 'ORDERS',
        type: 'STREAM',
        keyFormat: 'KAFKA',
        valueFormat: 'JSON',
        topic: 'orders',
        partitions: 0,
        replication: 0,
        windowType: null,
        fields: [
          field('ID', 'STRING', { type: 'KEY' }),
          field('AMOUNT', 'INTEGER'),
          { name: 'TAGS', schema: { type: 'ARRAY', fields: null, memberSchema: { type: 'STRING' } } },
          { name: 'AT', schema: { type: 'STRUCT', fields: [field('CITY', 'STRING')], memberSchema: null } },
        ],
        readQueries: expect.arrayContaining([expect.objectContaining({ id: 'CSAS_BIG_1' })]),
        writeQueries: [],
      },
    },
  ],
  [
    'DESCRIBE big EXTENDED;',
    {
      '@type': 'sourceDescription',
      sourceDescription: {
        name: 'BIG',
        extended: true,
        partitions: 2,
        replication: 1,
        statement: expect.stringMatching(/^CREATE STREAM BIG WITH .* AS SELECT \*\nFROM ORDERS ORDERS\n/),
        writeQueries: [expect.objectContaining({ id: 'CSAS_BIG_1' })],
        sourceConstraints: [],
      },
    },
  ],
  ['DESCRIBE nothing;', refused("Could not find STREAM/TABLE 'NOTHING' in the Metastore")],
  [
    'DESCRIBE FUNCTION ucase;',
    {
      '@type': 'describe_function',
      name: 'UCASE',
      type: 'SCALAR',
      functions: [expect.objectContaining({ returnType: 'VARCHAR' })],
    },
  ],
  ['DESCRIBE FUNCTION nosuch;', refused("Can't find any functions with the name 'NOSUCH'")],
  [
    'SHOW FUNCTIONS;',
    {
      '@type': 'function_names',
      functions: expect.arrayContaining([
        { name: 'ABS', type: 'SCALAR', category: 'MATHEMATICAL' },
        { name: 'COUNT', type: 'AGGREGATE', category: 'AGGREGATE' },
        { name: 'EXPLODE', type: 'TABLE', category: 'TABLE' },
      ]),
    },
  ],
  [
    'EXPLAIN CSAS_BIG_1;',
    {
      '@type': 'queryDescription',
      queryDescription: {
        id: 'CSAS_BIG_1',
        sources: ['ORDERS'],
        sinks: ['BIG'],
        queryType: 'PERSISTENT',
        state: 'RUNNING',
        topology: expect.stringContaining('KSTREAM-SOURCE'),
        executionPlan: expect.stringContaining('[ SINK ]'),
      },
    },
  ],
  [
    'EXPLAIN SELECT id FROM orders EMIT CHANGES;',
    { '@type': 'queryDescription', queryDescription: { sources: ['ORDERS'], sinks: [] } },
  ],
  [
    'EXPLAIN nothing;',
    refused('Query with id:NOTHING does not exist, use SHOW QUERIES to view the full set of queries.'),
  ],
  [
    'SHOW PROPERTIES;',
    {
      '@type': 'properties',
      properties: expect.arrayContaining([expect.objectContaining({ name: 'ksql.service.id' })]),
    },
  ],
  [
    'CREATE TYPE money AS STRUCT<units INT, currency STRING>;',
    done("Registered custom type with name 'MONEY' and SQL type STRUCT<`UNITS` INTEGER, `CURRENCY` STRING>"),
  ],
  ['SHOW TYPES;', { '@type': 'type_list', types: { MONEY: { type: 'STRUCT' } } }],
  ['CREATE TYPE IF NOT EXISTS money AS INT;', { '@type': 'warning_entity' }],
  ['DROP TYPE money;', done("Dropped type 'MONEY'")],
  ['DROP TYPE IF EXISTS money;', { '@type': 'warning_entity' }],
  ['PAUSE CSAS_BIG_1;', done('Query paused.')],
  [
    'SHOW QUERIES;',
    { queries: expect.arrayContaining([expect.objectContaining({ id: 'CSAS_BIG_1', state: 'PAUSED' })]) },
  ],
  ['RESUME CSAS_BIG_1;', done('Query resumed.')],
  ['PAUSE ALL;', done('Query paused.')],
  ['RESUME ALL;', done('Query resumed.')],
  ['ASSERT TOPIC orders;', { '@type': 'assert_topic', topicName: 'orders' }],
  ["ASSERT TOPIC 'orders';", { '@type': 'assert_topic', topicName: 'orders', exists: true }],
  ['ASSERT TOPIC orders WITH (PARTITIONS=2, REPLICAS=1) TIMEOUT 1 SECOND;', { exists: true }],
  [
    "ASSERT TOPIC 'orders' WITH (PARTITIONS=7) TIMEOUT 100 MILLISECONDS;",
    refused('Mismatched configuration for topic orders: For config partitions, expected 7 got 2', 41700),
  ],
  ["ASSERT TOPIC 'nothing' TIMEOUT 100 MILLISECONDS;", refused('Topic nothing does not exist', 41700)],
  ["ASSERT NOT EXISTS TOPIC 'nothing';", { '@type': 'assert_topic', topicName: 'nothing', exists: false }],
  ["ASSERT NOT EXISTS TOPIC 'orders' TIMEOUT 100 MILLISECONDS;", refused('Topic orders exists', 41700)],
  [
    "ASSERT SCHEMA SUBJECT 'nothing-value' TIMEOUT 100 MILLISECONDS;",
    refused('Schema with subject name nothing-value does not exist', 41700),
  ],
  [
    "ASSERT NOT EXISTS SCHEMA SUBJECT 'nothing-value' ID 5;",
    { '@type': 'assert_schema', subject: 'nothing-value', id: 5, exists: false },
  ],
  [
    "CREATE STREAM av (k STRING KEY, v INT) WITH (KAFKA_TOPIC='av', VALUE_FORMAT='AVRO', PARTITIONS=1);",
    created('Stream created'),
  ],
  ["ASSERT SCHEMA SUBJECT 'av-value';", { '@type': 'assert_schema', subject: 'av-value', exists: true }],
  [
    "ASSERT NOT EXISTS SCHEMA SUBJECT 'av-value' TIMEOUT 100 MILLISECONDS;",
    refused('Schema with subject name av-value exists', 41700),
  ],
  ["INSERT INTO orders (id, amount) VALUES ('a', 'x');", refused('Failed to insert values into')],
  ["DEFINE name = 'orders'; DESCRIBE ${name};", { '@type': 'sourceDescription' }],
  ["SET 'auto.offset.reset' = 'earliest'; CREATE STREAM later AS SELECT * FROM orders;", { '@type': 'currentStatus' }],
  ["SET 'no.such.property' = 'x';", refused('no.such.property')],
  ["SET 'auto.offset.reset' = 'none';", refused('auto.offset.reset')],
  ["UNSET 'auto.offset.reset';", {}],
  ['ALTER STREAM orders ADD COLUMN extra DOUBLE;', { '@type': 'currentStatus' }],
  ['DROP STREAM orders;', refused('The following streams and/or tables read from this source: [BIG, PER_ID, LATER].')],
  ['TERMINATE CSAS_BIG_1;', done('Query terminated.')],
  ['TERMINATE CSAS_BIG_1;', refused('Unknown queryId: CSAS_BIG_1')],
  ['DROP STREAM big DELETE TOPIC;', done('Source `BIG` (topic: BIG) was dropped.')],
  ['DROP STREAM IF EXISTS big;', { '@type': 'warning_entity', message: expect.stringContaining('BIG') }],
  ['SHOW CONNECTORS;', refused('connectors')],
  ['SHOW STREEMS;', refused('line 1:6: Syntax Error')],
  ['LIST STREAMS', refused("missing ';' at '<EOF>'")],
];

describe('what /ksql answers', () => {
  let stack: KsqlStack;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack.end());

  it.each(answers)('%s', async (sql, answer) => {
    const { body } = await stack.ksql(sql);
    expect(Array.isArray(body) ? (body.at(-1) ?? {}) : body).toMatchObject(answer);
  });
});

describe('what other endpoints answer to what is wrong', () => {
  let stack: KsqlStack;
  beforeAll(async () => {
    stack = await startStack();
    await stack.ksql(
      "CREATE STREAM s (k STRING KEY, v INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);",
    );
  });
  afterAll(() => stack.end());

  it.each([
    ['/ksql', '{"ksql":', 400, { '@type': 'generic_error', error_code: 40000 }],
    ['/ksql', {}, 400, { error_code: 40000 }],
    ['/ksql', { ksql: '' }, 200, {}],
    [
      '/ksql',
      { ksql: 'SELECT * FROM s EMIT CHANGES;' },
      400,
      { '@type': 'statement_error', error_code: 40002, statementText: 'SELECT * FROM s EMIT CHANGES;' },
    ],
    ['/ksql', { ksql: 'PRINT s;' }, 400, { '@type': 'statement_error', error_code: 40002 }],
    ['/ksql', { ksql: 'SHOW STREAMS;', commandSequenceNumber: 999 }, 503, { error_code: 50301 }],
    ['/query', { ksql: 'SHOW STREAMS;' }, 400, {}],
    ['/query', { ksql: 'SELECT * FROM nothing EMIT CHANGES;' }, 400, { error_code: 40001 }],
    ['/query', { ksql: 'SELECT FROM s;' }, 400, { error_code: 40001 }],
    ['/query-stream', { sql: 'SELECT nope FROM s EMIT CHANGES;' }, 400, { error_code: 40001 }],
    ['/query-stream', {}, 400, { error_code: 40000 }],
    [
      '/query-stream',
      { sql: 'SELECT * FROM s EMIT CHANGES; SELECT * FROM s EMIT CHANGES;' },
      400,
      { error_code: 40001 },
    ],
    ['/close-query', { queryId: 'nothing' }, 400, { error_code: 40000 }],
    ['/close-query', {}, 400, { error_code: 40000 }],
    ['/inserts-stream', { target: 'nothing' }, 400, { error_code: 40001 }],
    ['/nothing', {}, 404, { error_code: 40400 }],
  ] as const)('POST %s %j: %d', async (path, request, status, answer) => {
    const answered = await stack.post(path, request);
    expect({ status: answered.status, ...JSON.parse(answered.text || '{}') }).toMatchObject({ status, ...answer });
  });

  it.each([
    [
      '/info',
      200,
      {
        KsqlServerInfo: {
          serverStatus: 'RUNNING',
          version: expect.any(String),
          kafkaClusterId: expect.any(String),
          ksqlServiceId: expect.any(String),
        },
      },
    ],
    ['/healthcheck', 200, { isHealthy: true, details: { metastore: { isHealthy: true }, kafka: { isHealthy: true } } }],
    ['/status/stream/nothing/create', 404, { error_code: 40400 }],
    ['/status', 200, { commandStatuses: expect.any(Object) }],
    ['/is_valid_property/auto.offset.reset', 200, {}],
    ['/ksql', 405, {}],
  ] as const)('GET %s: %d', async (path, status, answer) => {
    const response = await fetch(`${stack.url()}${path}`);
    const text = await response.text();
    const body: unknown = text.startsWith('{') ? JSON.parse(text) : {};
    expect({ status: response.status, ...(body as object) }).toMatchObject({ status, ...answer });
  });
});
