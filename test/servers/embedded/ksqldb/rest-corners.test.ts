import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { any, type Check, end, has, header, K, Q, row, str } from './checks.js';
import { EARLIEST, error, status } from './clients.js';
import { type KsqlStack, startStack } from './stack.js';

const SETUP = `
  CREATE STREAM clicks (who STRING KEY, page STRING, ms BIGINT, price DECIMAL(6, 2), f DOUBLE, ok BOOLEAN, s STRUCT<a INT, \`b c\` ARRAY<STRING>>, mm MAP<STRING, DOUBLE>, t TIME, at TIMESTAMP, hh BYTES HEADER('h'))
    WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE STREAM writes (who STRING KEY, page STRING, ms BIGINT, price DECIMAL(6, 2), f DOUBLE, ok BOOLEAN, s STRUCT<a INT, \`b c\` ARRAY<STRING>>, mm MAP<STRING, DOUBLE>, t TIME, at TIMESTAMP)
    WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON');
  CREATE TABLE sessions AS SELECT who, COUNT(*) AS n FROM clicks WINDOW SESSION (10 SECONDS) GROUP BY who;
  CREATE TABLE pairs WITH (KEY_FORMAT='JSON') AS SELECT who, page, COUNT(*) AS n, MAX(ms) AS ms, MAX(price) AS price, MAX(f) AS f FROM clicks GROUP BY who, page;
  CREATE SOURCE TABLE copied (who STRING PRIMARY KEY) WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON');
  CREATE TABLE totals WITH (KEY_FORMAT='JSON') AS SELECT page, SUM(ms) AS ms, AVG(f) AS mean, COLLECT_SET(who) AS whos FROM clicks GROUP BY page;`;
const BIG = 9007199254740993n;

let stack: KsqlStack;
beforeAll(async () => {
  stack = await startStack();
  const made = await stack.ksql(SETUP, EARLIEST);
  if (made.status !== 200) throw new Error(JSON.stringify(made.body));
  const insert = await stack.ksql(`
    INSERT INTO writes (ROWTIME, who, page, ms, price, f, ok, s, mm, t, at) VALUES (1000, 'a', 'home', ${BIG}, 10.50, 3.0e0, true, STRUCT(a := 1, \`b c\` := ARRAY['x', null]), MAP('k' := 1.0e10), '12:34:56.789', '2021-03-04T12:00:00');
    INSERT INTO writes (ROWTIME, who, page, ms, price, f) VALUES (2000, 'a', 'cart', 2, 1.10, 1.0e-7);
    INSERT INTO writes (ROWTIME, who, page, ms) VALUES (60000, 'a', 'home', 3);
    INSERT INTO writes (ROWTIME, who, page, ms) VALUES (61000, 'b', 'home', 4);`);
  if (insert.status !== 200) throw new Error(JSON.stringify(insert.body));
  await stack.consume('PAIRS', 4);
  await stack.consume('TOTALS', 4);
  await stack.consume('SESSIONS', 5);
}, 60_000);
afterAll(() => stack.end());

const generic = (message: unknown, code = 40000) => ({ '@type': 'generic_error', error_code: code, message });
const HINT = '\nAdd EMIT CHANGES if you intended to issue a push query.';

const checks: readonly Check[] = [
  K('/* a */ SHOW /* b */ TABLES -- c\n;', 200, [
    { '@type': 'tables', statementText: 'SHOW /* b */ TABLES -- c\n;', tables: any, warnings: [] },
  ]),
  K(
    "DEFINE t='sessions'; DESCRIBE ${t};",
    200,
    [
      {
        '@type': 'sourceDescription',
        statementText: 'DESCRIBE sessions;',
        sourceDescription: expect.objectContaining({ windowType: 'SESSION', keyFormat: 'KAFKA' }),
        warnings: [],
      },
    ],
    { sessionVariables: { T: 'totals' } },
  ),
  K('UNDEFINE nope;', 200, [
    {
      '@type': 'warning_entity',
      statementText: 'UNDEFINE nope;',
      message: "Cannot undefine variable 'nope' which was never defined",
      warnings: [],
    },
  ]),
  K("UNSET 'auto.offset.reset';", 200, []),
  K('DESCRIBE clicks;', 200, [
    expect.objectContaining({
      sourceDescription: expect.objectContaining({
        fields: expect.arrayContaining([
          { name: 'HH', schema: { type: 'BYTES', fields: null, memberSchema: null }, type: 'HEADER', headerKey: 'h' },
        ]),
      }),
    }),
  ]),
  K('DESCRIBE totals;', 200, [
    expect.objectContaining({
      sourceDescription: expect.objectContaining({
        keyFormat: 'JSON',
        statement: has(
          "WITH (CLEANUP_POLICY='compact', KAFKA_TOPIC='TOTALS', KEY_FORMAT='JSON', PARTITIONS=1, REPLICAS=1, RETENTION_MS=604800000) AS SELECT\n  CLICKS.PAGE PAGE,\n  SUM(CLICKS.MS) MS,\n  AVG(CLICKS.F) MEAN,\n  COLLECT_SET(CLICKS.WHO) WHOS\nFROM CLICKS CLICKS\nGROUP BY CLICKS.PAGE\nEMIT CHANGES;",
        ),
      }),
    }),
  ]),
  K(
    "CREATE STREAM x (k STRING KEY) WITH (KAFKA_TOPIC='not_there', VALUE_FORMAT='JSON');",
    400,
    error(
      has(
        "Topic 'not_there' does not exist. If you want to create a new topic for the stream/table please re-run the statement providing the required 'PARTITIONS' configuration in the WITH clause (and optionally 'REPLICAS').",
      ),
    ),
  ),
  K(
    "CREATE STREAM x (k STRING KEY) WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON', PARTITIONS=4);",
    400,
    error(has('different partition/replica configuration than required')),
  ),
  K(
    "CREATE STREAM x (k STRING KEY) WITH (KAFKA_TOPIC='clicks');",
    400,
    error(has("Statement is missing the 'VALUE_FORMAT' property from the WITH clause.")),
  ),
  K("CREATE STREAM x (k STRING KEY) WITH (VALUE_FORMAT='JSON');", 400, error(has('KAFKA_TOPIC'))),
  K(
    "CREATE STREAM x (k STRING KEY) WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='XML');",
    400,
    error(has('Unknown format: XML')),
  ),
  K(
    "CREATE STREAM x (k STRING KEY, k INT) WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON');",
    400,
    error(has('Duplicate column names: `K`')),
  ),
  K(
    "CREATE STREAM x (k STRING KEY) WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON', NOPE='1');",
    400,
    error(has('Invalid config variable(s) in the WITH clause: NOPE')),
  ),
  K("INSERT INTO writes (who, page) VALUES ('a');", 400, error(any)),
  K("INSERT INTO writes (who, ms) VALUES ('a', 'many');", 400, error(any)),
  K("INSERT INTO pairs (who, page, n) VALUES ('a', 'b', 1); SHOW TABLES;", 200, [any]),
  K("INSERT INTO clicks (who, hh) VALUES ('a', null);", 400, error('Cannot insert into HEADER columns: HH')),
  K(
    "SET 'auto.offset.reset'='earliest'; CREATE STREAM early AS SELECT who, page FROM clicks; EXPLAIN early;",
    400,
    error(any, { statementText: 'EXPLAIN early;', entities: [status('stream/`EARLY`/create', any, any)] }),
  ),
  K('SHOW QUERIES EXTENDED;', 200, [
    expect.objectContaining({
      queryDescriptions: expect.arrayContaining([
        expect.objectContaining({
          id: expect.stringMatching(/^CSAS_EARLY_/),
          overriddenProperties: { 'auto.offset.reset': 'earliest' },
          ksqlHostQueryStatus: expect.any(Object),
          windowType: null,
          sinks: ['EARLY'],
          sources: ['CLICKS'],
          queryErrors: [],
          tasksMetadata: expect.any(Array),
        }),
      ]),
    }),
  ]),
  K('DROP STREAM early DELETE TOPIC; SHOW STREAMS;', 200, [
    status('stream/`EARLY`/drop', 'Source `EARLY` (topic: EARLY) was dropped.'),
    expect.objectContaining({ streams: expect.not.arrayContaining([expect.objectContaining({ name: 'EARLY' })]) }),
  ]),
  K(
    "CREATE STREAM named WITH (QUERY_ID='my_query') AS SELECT * FROM writes; PAUSE my_query; RESUME my_query; TERMINATE my_query;",
    200,
    [
      status('stream/`NAMED`/create', 'Created query with ID MY_QUERY', 'MY_QUERY'),
      status('pause/MY_QUERY/execute', 'Query paused.'),
      status('resume/MY_QUERY/execute', 'Query resumed.'),
      status('terminate/MY_QUERY/execute', 'Query terminated.'),
    ],
  ),
  K('DROP STREAM writes;', 400, error(has('The following streams and/or tables read from this source: [NAMED].'))),
  K('DROP STREAM named; DROP STREAM IF EXISTS named;', 200, [
    status('stream/`NAMED`/drop', any),
    expect.objectContaining({ '@type': 'warning_entity', message: 'Source `NAMED` does not exist.' }),
  ]),
  K(
    'TERMINATE CST_COPIED_4;',
    400,
    error("Cannot terminate query 'CST_COPIED_4' because it is linked to a source table."),
  ),
  K('SHOW PROPERTIES;', 200, [
    expect.objectContaining({
      properties: expect.arrayContaining([
        { name: 'ksql.pull.queries.enable', scope: 'KSQL', value: 'true', editable: true, level: 'SERVER' },
      ]),
    }),
  ]),
  K('PAUSE nope;', 400, error(has('NOPE'))),
  K('CREATE OR REPLACE TABLE pairs AS SELECT who, COUNT(*) AS n FROM clicks GROUP BY who;', 400, error(any)),
  K("ASSERT NOT EXISTS SCHEMA SUBJECT 'nope' TIMEOUT 1 SECONDS;", 200, [
    { '@type': 'assert_schema', statementText: str, subject: 'nope', id: null, exists: false, warnings: [] },
  ]),
  K(
    'ASSERT SCHEMA ID 4711 TIMEOUT 1 SECONDS;',
    417,
    error('Schema with id 4711 does not exist', { error_code: 41700 }),
  ),
  K(
    'ASSERT TOPIC clicks WITH (PARTITIONS=3) TIMEOUT 1 SECONDS;',
    417,
    error(has('Mismatched configuration for topic clicks: For config partitions, expected 3 got 1'), {
      error_code: 41700,
    }),
  ),
  K("ALTER SYSTEM 'auto.offset.reset'='earliest';", 200, [status(any, any)]),
  K("ALTER SYSTEM 'auto.offset.reset'='latest';", 200, [status(any, any)]),
  K(
    'CREATE TABLE x AS SELECT who, COUNT(*) FROM clicks GROUP BY who EMIT FINAL;',
    400,
    error(has('EMIT FINAL is only supported for windowed aggregations.')),
  ),
  K(
    'CREATE STREAM x AS SELECT who, nope(page) FROM clicks;',
    400,
    error(has("Can't find any functions with the name 'NOPE'")),
  ),
  K(
    'CREATE STREAM x AS SELECT page FROM clicks;',
    400,
    error(
      has(
        'Key missing from projection (ie, SELECT).\nThe query used to build `X` must include the key column WHO in its projection (eg, SELECT WHO...).',
      ),
    ),
  ),
  K('SHOW TABLES EXTENDED;', 200, [
    expect.objectContaining({
      '@type': 'source_descriptions',
      sourceDescriptions: expect.arrayContaining([
        expect.objectContaining({
          name: 'SESSIONS',
          windowType: 'SESSION',
          extended: true,
          replication: 1,
          partitions: 1,
        }),
      ]),
    }),
  ]),
  ['an array as request', '/ksql', '[]', 400, generic(any)],
  ['query without ksql', '/query', {}, 400, generic(any)],
  [
    'query with an unknown property',
    '/query',
    { ksql: 'SELECT * FROM totals;', streamsProperties: { 'what.is.this': 1 } },
    400,
    expect.objectContaining({ error_code: 40000 }),
  ],
  ['POST to info', '/info', {}, 405, any],
  // Queries.
  Q("SELECT page, ms FROM totals WHERE page = 'cart';", [header('`PAGE` STRING KEY, `MS` BIGINT'), row('cart', 2)]),
  Q("SELECT mean, whos FROM totals WHERE page = 'cart';", [
    header('`MEAN` DOUBLE, `WHOS` ARRAY<STRING>'),
    row(1e-7, ['a']),
  ]),
  Q("SELECT n FROM pairs WHERE who = 'a' AND page = 'home';", [header('`N` BIGINT'), row(2)]),
  Q("SELECT who, page FROM pairs WHERE who = 'b';", [header('`WHO` STRING KEY, `PAGE` STRING KEY'), row('b', 'home')]),
  Q("SELECT * FROM sessions WHERE who = 'a';", [
    header('`WHO` STRING KEY, `WINDOWSTART` BIGINT KEY, `WINDOWEND` BIGINT KEY, `N` BIGINT'),
    row('a', 1000, 2000, 2),
    row('a', 60000, 60000, 1),
  ]),
  Q("SELECT page FROM totals WHERE page = 'ca' + 'rt';", [header('`PAGE` STRING KEY'), row('cart')]),
  Q("SELECT UCASE(page) AS p, CASE WHEN ms > 2 THEN 'many' ELSE 'few' END AS c FROM totals WHERE page = 'cart';", [
    header('`P` STRING, `C` STRING'),
    row('CART', 'few'),
  ]),
  Q('SELECT page FROM totals WHERE page = NULL;', error(has('NULL')), 400),
  Q(
    "SELECT page FROM totals WHERE page = 'x' HAVING COUNT(*) > 1;",
    error(has(`Pull queries don't support HAVING clauses. See https://cnfl.io/queries for more info.${HINT}`)),
    400,
  ),
  Q(
    "SELECT page FROM totals WHERE page = 'x' PARTITION BY page;",
    error(has(`Pull queries don't support PARTITION BY clauses. See https://cnfl.io/queries for more info.${HINT}`)),
    400,
  ),
  Q(
    'SELECT t.page FROM totals t JOIN pairs p ON t.page = p.page;',
    error(has(`Pull queries don't support JOIN clauses.`)),
    400,
  ),
  Q('SELECT COUNT(*) FROM totals;', error(any), 400),
  Q("SELECT who, page FROM clicks WHERE who = 'b';", [
    header('`WHO` STRING, `PAGE` STRING'),
    row('b', 'home'),
    end('Query Completed'),
  ]),
  Q('SELECT page FROM clicks LIMIT 2;', [header('`PAGE` STRING'), row('home'), row('cart'), end('Limit Reached')]),
  Q(
    'SELECT ROWPARTITION, ROWOFFSET, ROWTIME, hh FROM clicks EMIT CHANGES LIMIT 1;',
    [
      header('`ROWPARTITION` INTEGER, `ROWOFFSET` BIGINT, `ROWTIME` BIGINT, `HH` BYTES'),
      row(0, 0, 1000, null),
      end('Limit Reached'),
    ],
    200,
    { streamsProperties: EARLIEST },
  ),
  Q(
    'SELECT s, s->`b c`[1] AS x, mm, t, at, ok FROM clicks EMIT CHANGES LIMIT 1;',
    [
      header(
        '`S` STRUCT<`A` INTEGER, `b c` ARRAY<STRING>>, `X` STRING, `MM` MAP<STRING, DOUBLE>, `T` TIME, `AT` TIMESTAMP, `OK` BOOLEAN',
      ),
      row({ A: 1, 'b c': ['x', null] }, 'x', { k: 1e10 }, '12:34:56.789', '2021-03-04T12:00:00.000', true),
      end('Limit Reached'),
    ],
    200,
    { streamsProperties: EARLIEST },
  ),
  Q(
    'SELECT who, COUNT(*) AS n FROM clicks WINDOW TUMBLING (SIZE 10 SECONDS, GRACE PERIOD 0 SECONDS) GROUP BY who EMIT FINAL LIMIT 1;',
    [header('`WHO` STRING, `N` BIGINT'), row('a', 2), end('Limit Reached')],
    200,
    { streamsProperties: EARLIEST },
  ),
  Q('SELECT page p, SUM(ms) OVER FROM clicks EMIT CHANGES;', error(any), 400),
  Q(
    'SELECT * FROM clicks WHERE ms EMIT CHANGES;',
    error(has('Type error in WHERE expression: Should evaluate to boolean but is')),
    400,
  ),
];

const parse = (path: string, text: string) =>
  path === '/query-stream' || path === '/inserts-stream'
    ? text
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line))
    : JSON.parse(text);

describe('corners of the REST API', () => {
  it.each(checks.map(([what, ...check]) => ({ what, check })))('$what', async ({ check }) => {
    const [path, body, wanted, answer] = check;
    const got = await stack.post(path, body);
    expect({ status: got.status, answer: parse(path, got.text) }).toEqual({ status: wanted, answer });
  });
  const text = async (ksql: string) => (await stack.post('/query', { ksql, streamsProperties: EARLIEST })).text;
  it('writes numbers exactly', async () => {
    expect(await text("SELECT ms, price, f FROM pairs WHERE who = 'a' AND page = 'home';")).toContain(
      `[${BIG},10.50,3.0]`,
    );
    expect(await text("SELECT price, f FROM pairs WHERE who = 'a' AND page = 'cart';")).toContain('[1.10,1.0E-7]');
    expect(await text('SELECT mm FROM clicks EMIT CHANGES LIMIT 1;')).toContain('[{"k":1.0E10}]');
  });
  it('separates elements as ksqlDB does', async () => {
    expect(await text("SELECT ms FROM totals WHERE page = 'cart';")).toMatch(
      /^\[\{"header":\{"queryId":"[^"]+","schema":"`MS` BIGINT"\}\},\n\{"row":\{"columns":\[2\]\}\}\]\n?$/,
    );
  });
  it('acknowledges inserts as they come', async () => {
    const lines = [
      { target: 'writes' },
      { who: 'z', page: 'p', ms: 1, ok: true, f: 1.5, price: 2.5, s: { a: 1 }, mm: { k: 1 } },
      { who: 'z', nope: 1 },
      { who: 'z', ok: 'yes' },
      { who: null },
    ];
    const got = await stack.post('/inserts-stream', lines.map((line) => JSON.stringify(line)).join('\n'));
    expect(parse('/inserts-stream', got.text)).toEqual([
      { status: 'ok', seq: 0 },
      { status: 'error', seq: 1, error_code: any, message: has('NOPE') },
      { status: 'error', seq: 2, error_code: any, message: any },
      { status: 'ok', seq: 3 },
    ]);
  });
  it('ends a push query that is closed', async () => {
    const response = await fetch(`${stack.url()}/query-stream`, {
      method: 'POST',
      body: JSON.stringify({ sql: 'SELECT page FROM clicks EMIT CHANGES;' }),
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const first = JSON.parse((await reader?.read())?.value ?? '');
    expect(first).toEqual({
      queryId: expect.stringMatching(/^transient_CLICKS_\d+$/),
      columnNames: ['PAGE'],
      columnTypes: ['STRING'],
    });
    const closed = await stack.post('/close-query', { queryId: first.queryId });
    expect(closed).toEqual({ status: 200, text: '' });
    expect((await reader?.read())?.done).toBe(true);
    expect((await stack.post('/close-query', { queryId: first.queryId })).status).toBe(400);
  });
});
