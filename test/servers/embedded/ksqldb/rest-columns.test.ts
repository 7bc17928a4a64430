import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { any, type Check, end, has, head, header, K, Q, QS, row, str } from './checks.js';
import { EARLIEST, error, JSON_V1, type } from './clients.js';
import { type KsqlStack, startStack } from './stack.js';

const SETUP = `
  CREATE TYPE place AS STRUCT<city STRING, zip INT>;
  CREATE STREAM orders (id INT KEY, customer STRING, amount DECIMAL(8, 2), tags ARRAY<STRING>, address place, paid BOOLEAN,
    placed DATE, clock TIME, ts TIMESTAMP, raw BYTES, m MAP<STRING, BIGINT>, d DOUBLE)
    WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE TABLE customers (cid STRING PRIMARY KEY, name STRING) WITH (KAFKA_TOPIC='customers', VALUE_FORMAT='JSON', PARTITIONS=2);
  CREATE TABLE spend AS SELECT customer, SUM(amount) AS total, COUNT(*) AS n FROM orders GROUP BY customer;
  CREATE TABLE hourly AS SELECT customer, COUNT(*) AS n FROM orders WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY customer;
  CREATE TABLE latest AS SELECT id, LATEST_BY_OFFSET(address) AS address, LATEST_BY_OFFSET(amount) AS amount, LATEST_BY_OFFSET(raw) AS raw,
    LATEST_BY_OFFSET(placed) AS placed, LATEST_BY_OFFSET(clock) AS clock, LATEST_BY_OFFSET(ts) AS ts, LATEST_BY_OFFSET(m) AS m, LATEST_BY_OFFSET(d) AS d,
    LATEST_BY_OFFSET(paid) AS paid, COLLECT_LIST(customer) AS who FROM orders GROUP BY id;
  CREATE STREAM big WITH (KAFKA_TOPIC='big_orders', VALUE_FORMAT='AVRO') AS SELECT id, customer, amount FROM orders WHERE amount > 4;
  CREATE SOURCE TABLE mirror (cid STRING PRIMARY KEY, name STRING) WITH (KAFKA_TOPIC='customers', VALUE_FORMAT='JSON');
  CREATE STREAM tmp (k STRING KEY, v INT) WITH (KAFKA_TOPIC='tmp', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE STREAM \`lower\` (\`k\` STRING KEY, \`Value\` INT) WITH (KAFKA_TOPIC='lower', VALUE_FORMAT='JSON', PARTITIONS=1);`;
const T0 = 1_600_000_000_000;
const HOUR0 = 1_599_998_400_000;
const HOUR = 3_600_000;

let stack: KsqlStack;
beforeAll(async () => {
  stack = await startStack();
  const made = await stack.ksql(SETUP, EARLIEST);
  if (made.status !== 200) throw new Error(JSON.stringify(made.body));
  const insert = await stack.ksql(`
    INSERT INTO orders (ROWTIME, id, customer, amount, tags, address, paid, placed, clock, ts, raw, m, d) VALUES (${T0}, 1, 'ann', 10.50, ARRAY['a', 'b'],
      STRUCT(city := 'Rome', zip := 1), true, '2021-03-04', '12:34:56', '2021-03-04T12:34:56.789', TO_BYTES('AQI=', 'base64'), MAP('x' := CAST(1 AS BIGINT)), 1.5e0);
    INSERT INTO orders (ROWTIME, id, customer, amount) VALUES (${T0 + 1}, 2, 'bob', 3.00);
    INSERT INTO orders (ROWTIME, id, customer, amount) VALUES (${T0 + HOUR}, 3, 'ann', 4.25);`);
  if (insert.status !== 200) throw new Error(JSON.stringify(insert.body));
  await stack.produce('customers', [
    ['c1', '{"name":"Carl"}', 1000],
    ['c2', '{"name":null}', 2000],
  ]);
  await stack.consume('HOURLY', 3);
  await stack.consume('SPEND', 3);
  await stack.consume('LATEST', 3);
  await stack.consume('big_orders', 2);
}, 60_000);
afterAll(() => stack.end());

const generic = (message: unknown, code: number) => ({ '@type': 'generic_error', error_code: code, message });
const ORDERS_FIELDS = [
  { name: 'ID', schema: type('INTEGER'), type: 'KEY' },
  { name: 'CUSTOMER', schema: type('STRING') },
  { name: 'AMOUNT', schema: type('DECIMAL', { parameters: { precision: 8, scale: 2 } }) },
  { name: 'TAGS', schema: { type: 'ARRAY', fields: null, memberSchema: type('STRING') } },
  {
    name: 'ADDRESS',
    schema: {
      type: 'STRUCT',
      fields: [
        { name: 'CITY', schema: type('STRING') },
        { name: 'ZIP', schema: type('INTEGER') },
      ],
      memberSchema: null,
    },
  },
  { name: 'PAID', schema: type('BOOLEAN') },
  { name: 'PLACED', schema: type('DATE') },
  { name: 'CLOCK', schema: type('TIME') },
  { name: 'TS', schema: type('TIMESTAMP') },
  { name: 'RAW', schema: type('BYTES') },
  { name: 'M', schema: { type: 'MAP', fields: null, memberSchema: type('BIGINT') } },
  { name: 'D', schema: type('DOUBLE') },
];
const QUERY = (id: RegExp, sink: string, topic = sink) => ({
  queryString: str,
  sinks: [sink],
  sinkKafkaTopics: [topic],
  id: expect.stringMatching(id),
  statusCount: { RUNNING: 1 },
  queryType: 'PERSISTENT',
  state: 'RUNNING',
});

const checks: readonly Check[] = [
  K('DESCRIBE orders;', 200, [
    {
      '@type': 'sourceDescription',
      statementText: 'DESCRIBE orders;',
      warnings: [],
      sourceDescription: {
        name: 'ORDERS',
        windowType: null,
        readQueries: expect.arrayContaining([QUERY(/^CTAS_SPEND_/, 'SPEND')]),
        writeQueries: [],
        fields: ORDERS_FIELDS,
        type: 'STREAM',
        timestamp: '',
        statistics: '',
        errorStats: '',
        extended: false,
        keyFormat: 'KAFKA',
        valueFormat: 'JSON',
        topic: 'orders',
        partitions: 0,
        replication: 0,
        statement: has('CREATE STREAM ORDERS (ID INTEGER KEY, CUSTOMER STRING,'),
        queryOffsetSummaries: [],
        sourceConstraints: expect.arrayContaining(['SPEND', 'HOURLY', 'LATEST', 'BIG']),
        clusterStatistics: [],
        clusterErrorStats: [],
      },
    },
  ]),
  K('DESCRIBE `lower`;', 200, [
    {
      sourceDescription: {
        name: 'lower',
        fields: [
          { name: 'k', schema: type('STRING'), type: 'KEY' },
          { name: 'Value', schema: type('INTEGER') },
        ],
        statement:
          "CREATE STREAM `lower` (`k` STRING KEY, `Value` INTEGER) WITH (CLEANUP_POLICY='delete', KAFKA_TOPIC='lower', KEY_FORMAT='KAFKA', PARTITIONS=1, VALUE_FORMAT='JSON');",
      },
    },
  ]),
  K('DESCRIBE big EXTENDED;', 200, [
    {
      sourceDescription: {
        extended: true,
        partitions: 1,
        replication: 1,
        topic: 'big_orders',
        valueFormat: 'AVRO',
        queryOffsetSummaries: [
          {
            groupId: expect.stringMatching(/^_confluent-ksql-default_query_CSAS_BIG_\d+$/),
            topicSummaries: [
              {
                kafkaTopic: 'orders',
                offsets: [{ partition: 0, logStartOffset: 0, logEndOffset: 3, consumerOffset: 3 }],
              },
            ],
          },
        ],
      },
    },
  ]),
  K('EXPLAIN SELECT customer FROM orders WHERE amount > 3 EMIT CHANGES;', 200, [
    {
      '@type': 'queryDescription',
      queryDescription: {
        id: str,
        statementText: has('SELECT customer FROM orders WHERE amount > 3 EMIT CHANGES'),
        windowType: null,
        fields: [{ name: 'ID', type: 'KEY' }, { name: 'CUSTOMER' }],
        sources: ['ORDERS'],
        sinks: [],
        topology: has('Topologies:'),
        executionPlan: has('> [ PROJECT ]'),
        overriddenProperties: {},
        ksqlHostQueryStatus: {},
        queryType: 'PUSH',
        queryErrors: [],
        tasksMetadata: [],
        state: null,
      },
    },
  ]),
  K(
    "INSERT INTO mirror (cid, name) VALUES ('a', 'b');",
    400,
    error(has('Cannot insert values into read-only table: MIRROR')),
  ),
  K(
    "INSERT INTO customers (name) VALUES ('b');",
    400,
    error(has('Value for primary key column(s) `CID` is required for tables')),
  ),
  Q("SELECT * FROM spend WHERE customer = 'ann';", [
    header('`CUSTOMER` STRING KEY, `TOTAL` DECIMAL(8, 2), `N` BIGINT'),
    row('ann', 14.75, 2),
  ]),
  Q("SELECT n, total * 2 AS twice FROM spend WHERE customer = 'bob';", [
    header('`N` BIGINT, `TWICE` DECIMAL(19, 2)'),
    row(1, 6),
  ]),
  Q("SELECT * FROM spend WHERE customer = 'zoe';", [
    header('`CUSTOMER` STRING KEY, `TOTAL` DECIMAL(8, 2), `N` BIGINT'),
  ]),
  Q("SELECT customer FROM spend WHERE customer IN ('ann', 'bob', 'zoe');", [
    header('`CUSTOMER` STRING KEY'),
    row('ann'),
    row('bob'),
  ]),
  Q("SELECT customer FROM spend WHERE customer > 'ann';", [header('`CUSTOMER` STRING KEY'), row('bob')]),
  Q('SELECT customer FROM spend WHERE n = 2;', [header('`CUSTOMER` STRING KEY'), row('ann')]),
  Q("SELECT ROWTIME, customer FROM spend WHERE customer LIKE 'b%';", [
    header('`ROWTIME` BIGINT, `CUSTOMER` STRING KEY'),
    row(T0 + 1, 'bob'),
  ]),
  Q('SELECT customer FROM spend LIMIT 1;', [header('`CUSTOMER` STRING KEY'), row(any), end('Limit Reached')]),
  Q("SELECT * FROM hourly WHERE customer = 'ann';", [
    header('`CUSTOMER` STRING KEY, `WINDOWSTART` BIGINT KEY, `WINDOWEND` BIGINT KEY, `N` BIGINT'),
    row('ann', HOUR0, HOUR0 + HOUR, 1),
    row('ann', HOUR0 + HOUR, HOUR0 + 2 * HOUR, 1),
  ]),
  Q("SELECT WINDOWSTART, n FROM hourly WHERE customer = 'ann' AND WINDOWSTART >= '2020-09-13T13:00:00';", [
    header('`WINDOWSTART` BIGINT KEY, `N` BIGINT'),
    row(HOUR0 + HOUR, 1),
  ]),
  Q('SELECT * FROM latest WHERE id = 1;', [
    header(
      '`ID` INTEGER KEY, `ADDRESS` STRUCT<`CITY` STRING, `ZIP` INTEGER>, `AMOUNT` DECIMAL(8, 2), `RAW` BYTES, `PLACED` DATE, `CLOCK` TIME, `TS` TIMESTAMP, `M` MAP<STRING, BIGINT>, `D` DOUBLE, `PAID` BOOLEAN, `WHO` ARRAY<STRING>',
    ),
    row(
      1,
      { CITY: 'Rome', ZIP: 1 },
      10.5,
      'AQI=',
      '2021-03-04',
      '12:34:56',
      '2021-03-04T12:34:56.789',
      { x: 1 },
      1.5,
      true,
      ['ann'],
    ),
  ]),
  Q('SELECT address->city, who[1] AS first FROM latest WHERE id = 1;', [
    header('`CITY` STRING, `FIRST` STRING'),
    row('Rome', 'ann'),
  ]),
  Q('SELECT id, address FROM latest WHERE id BETWEEN 2 AND 3;', [
    header('`ID` INTEGER KEY, `ADDRESS` STRUCT<`CITY` STRING, `ZIP` INTEGER>'),
    row(2, null),
    row(3, null),
  ]),
  Q("SELECT * FROM mirror WHERE cid = 'c2';", [header('`CID` STRING KEY, `NAME` STRING'), row('c2', null)]),
  Q(
    "SELECT * FROM customers WHERE cid = 'c1';",
    error(
      has(
        "The `CUSTOMERS` table isn't queryable. To derive a queryable table, you can do 'CREATE TABLE QUERYABLE_CUSTOMERS AS SELECT * FROM CUSTOMERS'. See https://cnfl.io/queries for more info.\nAdd EMIT CHANGES if you intended to issue a push query.",
      ),
    ),
    400,
  ),
  Q(
    'SELECT customer, COUNT(*) FROM spend GROUP BY customer;',
    error(
      has(
        "Pull queries don't support GROUP BY clauses. See https://cnfl.io/queries for more info.\nAdd EMIT CHANGES if you intended to issue a push query.",
      ),
    ),
    400,
  ),
  Q("SELECT * FROM spend WHERE total = 'x';", error(any), 400),
  Q('SELECT id, amount FROM orders WHERE amount < 4;', [
    header('`ID` INTEGER, `AMOUNT` DECIMAL(8, 2)'),
    row(2, 3),
    end('Query Completed'),
  ]),
  Q("SELECT * FROM spend WHERE customer = '${who}';", [any, row('bob', 3, 1)], 200, {
    sessionVariables: { who: 'bob' },
  }),
  Q(
    'SELECT 1 FROM spend; SELECT 2 FROM spend;',
    error(has('Expected exactly one KSQL statement; found 2 instead')),
    400,
  ),
  Q(
    'SELECT id, customer, placed, raw FROM orders EMIT CHANGES LIMIT 2;',
    [
      header('`ID` INTEGER, `CUSTOMER` STRING, `PLACED` DATE, `RAW` BYTES'),
      row(1, 'ann', '2021-03-04', 'AQI='),
      row(2, 'bob', null, null),
      end('Limit Reached'),
    ],
    200,
    { streamsProperties: EARLIEST },
  ),
  Q(
    'SELECT customer, COUNT(*) AS n FROM orders GROUP BY customer EMIT CHANGES LIMIT 3;',
    [header('`CUSTOMER` STRING, `N` BIGINT'), row('ann', 1), row('bob', 1), row('ann', 2), end('Limit Reached')],
    200,
    { streamsProperties: EARLIEST },
  ),
  Q(
    'SELECT * FROM hourly EMIT CHANGES LIMIT 1;',
    [
      header('`CUSTOMER` STRING, `WINDOWSTART` BIGINT, `WINDOWEND` BIGINT, `N` BIGINT'),
      row('ann', HOUR0, HOUR0 + HOUR, 1),
      end('Limit Reached'),
    ],
    200,
    { streamsProperties: { 'ksql.streams.auto.offset.reset': 'earliest' } },
  ),
  Q('SELECT 1 AS one FROM orders EMIT CHANGES LIMIT 0;', [header('`ONE` INTEGER'), end('Limit Reached')]),
  QS("SELECT * FROM spend WHERE customer = 'ann';", [
    head(['CUSTOMER', 'TOTAL', 'N'], ['STRING', 'DECIMAL(8, 2)', 'BIGINT']),
    ['ann', 14.75, 2],
  ]),
  QS(
    'SELECT ROWTIME AS t, address, m, d FROM orders EMIT CHANGES LIMIT 1;',
    [
      head(
        ['T', 'ADDRESS', 'M', 'D'],
        ['BIGINT', 'STRUCT<`CITY` STRING, `ZIP` INTEGER>', 'MAP<STRING, BIGINT>', 'DOUBLE'],
      ),
      [T0, { CITY: 'Rome', ZIP: 1 }, { x: 1 }, 1.5],
    ],
    200,
    { properties: EARLIEST },
  ),
  QS('SELECT name FROM customers EMIT CHANGES LIMIT 1;', [head(['NAME'], ['STRING']), any], 200, {
    streamsProperties: EARLIEST,
  }),
  QS("SELECT id FROM orders WHERE customer = '${who}' EMIT CHANGES LIMIT 1;", [any, [2]], 200, {
    properties: EARLIEST,
    sessionVariables: { who: 'bob' },
  }),
  [
    'query-stream as JSON rows',
    '/query-stream',
    { sql: "SELECT n FROM spend WHERE customer = 'bob';" },
    200,
    [[head(['N'], ['BIGINT']), [1]]],
    { accept: 'application/json' },
  ],
  [
    'query-stream in the form of query',
    '/query-stream',
    { sql: "SELECT n FROM spend WHERE customer = 'bob';" },
    200,
    [[header('`N` BIGINT'), row(1)]],
    { accept: JSON_V1 },
  ],
  [
    'an insert',
    '/inserts-stream',
    `{"target":"tmp"}\n{"K":"x","V":5}\n{"k":"y","V":"no"}\n`,
    200,
    [
      { status: 'ok', seq: 0 },
      { status: 'error', seq: 1, error_code: any, message: any },
    ],
  ],
  ['an insert into nothing', '/inserts-stream', '{"target":"ghost"}\n', 400, [generic(any, 40001)]],
];

const parse = (path: string, text: string) =>
  path === '/query-stream' || path === '/inserts-stream'
    ? text.includes('\n') && text.startsWith('[')
      ? [JSON.parse(text)]
      : text
          .trim()
          .split('\n')
          .map((line): unknown => JSON.parse(line))
    : JSON.parse(text);

describe('what is asked of streams and tables with columns of all types', () => {
  it.each(checks.map(([what, ...check]) => ({ what, check })))('$what', async ({ check }) => {
    const [path, body, wanted, answer, headers] = check;
    const got = await stack.post(path, body, headers);
    expect({ status: got.status, answer: parse(path, got.text) }).toMatchObject({ status: wanted, answer });
  });

  it('tells a row that is gone', async () => {
    const reading = stack.post('/query', {
      ksql: "SELECT cid, name FROM customers WHERE name <> 'gone' EMIT CHANGES LIMIT 3;",
      streamsProperties: EARLIEST,
    });
    await stack.produce('customers', [
      ['c3', '{"name":"C"}', 3000],
      ['c3', '{"name":"gone"}', 4000],
    ]);
    const { text } = await reading;
    const rows = JSON.parse(text);
    expect(rows).toContainEqual({ row: { columns: ['c3', null], tombstone: true } });
    expect(rows.at(-1)).toEqual(end('Limit Reached'));
  });
});
