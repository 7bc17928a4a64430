import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KsqlStack, linesByHttp2, startStack } from './stack.js';

/** What the endpoints answer to single requests, by HTTP/1.1 and HTTP/2. Written from the pages of the REST API. */
const EARLIEST = { 'auto.offset.reset': 'earliest' };
const SETUP = `CREATE STREAM s (id STRING KEY, v INT, t STRING) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE STREAM ins (k STRING KEY, v INT, a ARRAY<INT>) WITH (KAFKA_TOPIC='ins', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE TABLE counts AS SELECT id, COUNT(*) AS n FROM s GROUP BY id;
  CREATE STREAM big AS SELECT * FROM s WHERE v > 1;`;

const SUBSTITUTION = 'ksql.variable.substitution.enable';
const NEVER = "CREATE STREAM never (k STRING KEY) WITH (KAFKA_TOPIC='never', VALUE_FORMAT='JSON', PARTITIONS=1);";
const refused = (message: string, more: object = {}, code = 40001) => ({
  '@type': 'statement_error',
  error_code: code,
  message: expect.stringContaining(message),
  entities: [],
  ...more,
});

/** POST /ksql: the text, what the request has besides it, the status, and what the answer holds. */
const statements: ReadonlyArray<readonly [sql: string, more: object, status: number, answer: unknown]> = [
  ['', {}, 200, []],
  [
    'SHOW STREAMS',
    {},
    400,
    refused("line 1:13: Syntax Error\nmissing ';' at '<EOF>'", { statementText: 'SHOW STREAMS' }),
  ],
  [`${NEVER} SHOW STREAMS`, {}, 400, refused("missing ';' at '<EOF>'")],
  [`${NEVER} CREAT STREAM x;`, {}, 400, refused("Unknown statement 'CREAT'")],
  [`${NEVER} CREATE STREAM x AS SELECT nope FROM never;`, {}, 400, refused("SELECT column 'NOPE' cannot be resolved.")],
  [
    `${NEVER} DROP STREAM nope;`,
    {},
    400,
    refused('Stream NOPE does not exist.', { statementText: 'DROP STREAM nope;' }),
  ],
  [`${NEVER} SELECT * FROM never;`, {}, 400, refused('SELECT', {}, 40002)],
  [`DEFINE n='nope'; ${NEVER} DROP TABLE \${n};`, {}, 400, refused('Table NOPE does not exist.')],
  ["PRINT 's';", {}, 400, refused('PRINT', {}, 40002)],
  ['DESCRIBE never;', {}, 400, refused("Could not find STREAM/TABLE 'NEVER' in the Metastore")],
  ['DESCRIBE ${name};', { sessionVariables: { name: 'S' } }, 200, [{ sourceDescription: { name: 'S' } }]],
  ['SHOW TABLES;', { commandSequenceNumber: 0 }, 200, [{ '@type': 'tables' }]],
  ['SHOW TABLES;', { commandSequenceNumber: 999 }, 503, { error_code: 50301 }],
  ['SHOW TABLES;', { commandSequenceNumber: true }, 400, { error_code: 40000 }],
  ['SHOW TABLES;', { commandSequenceNumber: [] }, 400, { error_code: 40000 }],
  [
    `SET '${SUBSTITUTION}'='false'; DROP TYPE IF EXISTS \`\${name}\`;`,
    { sessionVariables: { name: 'a`b' } },
    200,
    [{ '@type': 'warning_entity', message: "Type '${name}' does not exist" }],
  ],
  [
    `SET '${SUBSTITUTION}'='true'; DESCRIBE \${name};`,
    { sessionVariables: { name: 'S' }, streamsProperties: { [SUBSTITUTION]: false } },
    200,
    [{ sourceDescription: { name: 'S' } }],
  ],
  [
    `SET '${SUBSTITUTION}'='false'; UNSET '${SUBSTITUTION}'; DESCRIBE \${name};`,
    { sessionVariables: { name: 'S' } },
    200,
    [{ sourceDescription: { name: 'S' } }],
  ],
  [
    "SET 'ksql.output.topic.name.prefix'='team-'; EXPLAIN CREATE STREAM o AS SELECT * FROM s;",
    {},
    200,
    [{ queryDescription: { topology: expect.stringContaining('(topic: team-O)') } }],
  ],
  [
    'EXPLAIN SELECT v FROM s EMIT CHANGES;',
    {},
    200,
    [{ queryDescription: { fields: [{ name: 'ID', type: 'KEY' }, { name: 'V' }] } }],
  ],
  ['SHOW TABLES;', { streamsProperties: { 'no.such.thing': 1 } }, 400, { error_code: 40000 }],
  ["ALTER SYSTEM 'no.such.thing'='1';", {}, 400, refused("'no.such.thing'")],
  [
    "SET 'auto.offset.reset'='earliest'; SHOW PROPERTIES;",
    {},
    200,
    [
      {
        properties: expect.arrayContaining([
          expect.objectContaining({ name: 'ksql.streams.auto.offset.reset', value: 'earliest', level: 'QUERY' }),
        ]),
        overwrittenProperties: ['ksql.streams.auto.offset.reset'],
      },
    ],
  ],
  [
    "CREATE TYPE pt AS STRUCT<x INT>; DEFINE a='1'; SHOW TYPES; SHOW VARIABLES;",
    {},
    200,
    [
      { '@type': 'currentStatus' },
      { '@type': 'type_list', types: { PT: { type: 'STRUCT' } } },
      { '@type': 'variables', variables: [{ name: 'a', value: '1' }] },
    ],
  ],
  ["INSERT INTO ins (k) VALUES ('x');", {}, 200, []],
  ["SET 'bootstrap.servers'='x';", {}, 400, refused("Cannot override property 'bootstrap.servers'")],
  [
    'SHOW STREAMS;',
    { streamsProperties: { 'bootstrap.servers': 'x' } },
    400,
    { '@type': 'generic_error', error_code: 40000, message: "Cannot override property 'bootstrap.servers'" },
  ],
  ['ASSERT TOPIC s;', {}, 200, [{ '@type': 'assert_topic', topicName: 's', exists: true }]],
  ['ASSERT TOPIC nix TIMEOUT 1 SECONDS;', {}, 417, { error_code: 41700 }],
];

/** POST of a body, and the lines of the answer. */
const lines: ReadonlyArray<readonly [path: string, body: object, answer: readonly unknown[]]> = [
  [
    '/query',
    { ksql: "SELECT * FROM counts WHERE id = 'a';" },
    [[{ header: { schema: '`ID` STRING KEY, `N` BIGINT' } }, { row: { columns: ['a', 2] } }]],
  ],
  ['/query', { ksql: 'SHOW STREAMS;' }, [{ '@type': 'generic_error', error_code: 40000 }]],
  ['/query-stream', { sql: 'SHOW STREAMS;' }, [refused('not supported')]],
  [
    '/query',
    { ksql: 'SELECT * FROM counts; SELECT * FROM counts;' },
    [refused('Expected exactly one KSQL statement; found 2 instead')],
  ],
  ['/query', { ksql: "PRINT 'S';" }, [refused('Topic names are case-sensitive.\nDid you mean:\n\tprint s;')]],
  ['/query', { ksql: 'SELECT * FROM counts' }, [refused("missing ';' at '<EOF>'")]],
  ['/query', { sql: 'SELECT * FROM counts;' }, [{ '@type': 'generic_error', error_code: 40000 }]],
  [
    '/query-stream',
    { sql: "SELECT n AS ${c} FROM counts WHERE id = 'a';", sessionVariables: { c: 'x' } },
    [{ columnNames: ['X'], columnTypes: ['BIGINT'] }, [2]],
  ],
  [
    '/query-stream',
    { sql: 'SELECT id FROM s EMIT CHANGES LIMIT 1;', properties: { 'ksql.streams.auto.offset.reset': 'earliest' } },
    [{ columnNames: ['ID'] }, ['a']],
  ],
  [
    '/query-stream',
    { sql: 'SELECT id FROM s EMIT CHANGES LIMIT 1;', streamsProperties: EARLIEST },
    [{ columnNames: ['ID'] }, ['a']],
  ],
  ['/query-stream', { sql: 'SELECT * FROM counts' }, [refused("missing ';' at '<EOF>'")]],
  ['/query-stream', { sql: "PRINT 's';" }, [refused('not supported')]],
  ['/query-stream', { properties: {} }, [{ '@type': 'generic_error', error_code: 40000 }]],
  ['/close-query', { queryId: 'nope' }, [{ error_code: 40000 }]],
];

const gets: ReadonlyArray<readonly [path: string, status: number, answer: object | boolean]> = [
  ['/info', 200, { KsqlServerInfo: { serverStatus: 'RUNNING' } }],
  ['/healthcheck', 200, { isHealthy: true, details: { kafka: { isHealthy: true } }, serverState: 'READY' }],
  ['/status', 200, { commandStatuses: { 'stream/`S`/create': 'SUCCESS' } }],
  ['/status/stream/S/create', 200, { status: 'SUCCESS', message: 'Stream created' }],
  ['/status/stream/NIX/create', 404, { error_code: 40400, message: 'Command not found' }],
  ['/is_valid_property/auto.offset.reset', 200, true],
  ['/is_valid_property/ksql.service.id', 400, { error_code: 40000 }],
  ['/v1/metadata/id', 200, { scope: { path: [] } }],
  ['/nope', 404, { error_code: 40400 }],
  ['/ksql', 405, { error_code: 40500 }],
];

describe('single requests', () => {
  let stack: KsqlStack;
  beforeAll(async () => {
    stack = await startStack();
    await stack.ksql(SETUP, EARLIEST);
    await stack.produce('s', [
      ['a', '{"v":1,"t":"x"}'],
      ['b', '{"v":2,"t":"y"}'],
      ['a', '{"v":3,"t":"z"}'],
    ]);
    await stack.consume('COUNTS', 3);
  });
  afterAll(() => stack.end());

  it.each(statements)('/ksql %s', async (ksql, more, status, answer) => {
    const got = await stack.post('/ksql', { ksql, ...more });
    expect({ status: got.status, answer: JSON.parse(got.text) }).toMatchObject({ status, answer });
  });

  it.each(lines)('%s %j', async (path, body, answer) => {
    const { text } = await stack.post(path, body);
    const whole = path === '/query' || !text.includes('\n');
    const parts = whole ? [text] : text.trim().split('\n');
    expect(parts.map((part) => JSON.parse(part))).toMatchObject(answer);
  });

  it.each(gets)('GET %s', async (path, status, answer) => {
    const response = await fetch(stack.url() + path);
    const body: unknown = await response.json();
    expect({ status: response.status, body }).toMatchObject({ status, body: answer });
  });

  it('takes queries and rows by HTTP/2', async () => {
    const query = JSON.stringify({ sql: 'SELECT id, v FROM s EMIT CHANGES LIMIT 2;', properties: EARLIEST });
    expect((await linesByHttp2(stack, '/query-stream', [query])).slice(1)).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    const rows = ['{"target":"ins"}\n', '{"k":"a","v":1,"a":[1]}\n', '{"K":"b","V":2}\n'];
    expect(await linesByHttp2(stack, '/inserts-stream', rows)).toEqual([
      { status: 'ok', seq: 0 },
      { status: 'ok', seq: 1 },
    ]);
  });
});
