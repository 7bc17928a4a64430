import { expect, it } from 'vitest';
import { isSameQuery, statementMeaning } from '../../../../src/protocol/ksql/meaning.js';

const WRITTEN = `CREATE STREAM s (id INT KEY, \`Name\` STRING)
  WITH (KAFKA_TOPIC = 'orders', VALUE_FORMAT = 'JSON')`;

it.each([
  ['white space', "CREATE STREAM s(id INT KEY,`Name` STRING) WITH(KAFKA_TOPIC='orders',VALUE_FORMAT='JSON');"],
  ['comments', `-- orders\n${WRITTEN.replace('id INT', 'id /* theirs */ INT')}`],
  ['the case of words', WRITTEN.replace('CREATE STREAM s', 'create Stream S').replace('id INT', 'ID int')],
  [
    'the order of WITH',
    WRITTEN.replace("KAFKA_TOPIC = 'orders', VALUE_FORMAT = 'JSON'", "VALUE_FORMAT = 'JSON', KAFKA_TOPIC = 'orders'"),
  ],
  ['quotes that change nothing', WRITTEN.replace('STREAM s', 'STREAM `S`')],
])('means the same with another spelling of %s', (_, text) => {
  expect(text).not.toBe(WRITTEN);
  expect(statementMeaning(text)).toBe(statementMeaning(WRITTEN));
});

it.each([
  ['the case of a quoted name', WRITTEN.replace('`Name`', '`name`')],
  ['the case of a text', WRITTEN.replace("'orders'", "'Orders'")],
  ['the order of columns', WRITTEN.replace('id INT KEY, `Name` STRING', '`Name` STRING, id INT KEY')],
  ['another type', WRITTEN.replace('INT', 'BIGINT')],
])('means something else with %s', (_, text) => {
  expect(statementMeaning(text)).not.toBe(statementMeaning(WRITTEN));
});

it('keeps the text of what is no ksql, with its blanks folded', () => {
  expect(statementMeaning("CREATE  'open")).toBe("CREATE 'open");
});

const TYPED = 'insert into big select id, b + 1 from orders where b > 10 -- many';

it.each([
  [
    TYPED,
    'INSERT INTO BIG SELECT\n  ORDERS.ID ID,\n  (ORDERS.B + 1) KSQL_COL_0\nFROM ORDERS ORDERS\nWHERE (ORDERS.B > 10)\nEMIT CHANGES;',
  ],
  [
    'INSERT INTO x SELECT * FROM a LEFT JOIN b WITHIN 1 HOUR ON id = bid',
    'INSERT INTO X SELECT *\nFROM A A\nLEFT OUTER JOIN B B WITHIN 1 HOURS ON ((A.ID = B.BID))\nEMIT CHANGES',
  ],
  [
    'CREATE TABLE x AS SELECT k, COUNT(*) FROM s GROUP BY k',
    "CREATE TABLE X WITH (KAFKA_TOPIC='X', PARTITIONS=1, REPLICAS=1) AS SELECT\n  S.K K,\n  COUNT(*) KSQL_COL_0\nFROM S S\nGROUP BY S.K\nEMIT CHANGES;",
  ],
  ["INSERT INTO x WITH (QUERY_ID='mine') SELECT * FROM s", "INSERT INTO X WITH (query_id='MINE') SELECT * FROM S;"],
])('knows a query again as a server shows it: %s', (typed, shown) => {
  expect(isSameQuery(typed, shown)).toBe(true);
  expect(isSameQuery(shown, typed)).toBe(true);
});

it.each([
  ['another sink', TYPED.replace('big', 'small')],
  ['another source', TYPED.replace('from orders', 'from others')],
  ['another condition', TYPED.replace('10', '11')],
  ['another column', TYPED.replace('select id', 'select idx')],
  ['an item more', TYPED.replace('select id', 'select id, id as x')],
  ['no condition', TYPED.replace(/where.*/, '')],
  ['final results', TYPED.replace('-- many', 'emit final')],
  ['an id of its own', TYPED.replace('big', "big with (query_id='q')")],
  ['another kind', TYPED.replace('insert into big', 'create stream big as')],
])('tells a query from one with %s', (_, text) => {
  expect(isSameQuery(TYPED, text)).toBe(false);
});

it('compares what starts no query as text', () => {
  expect(isSameQuery('show  streams', 'SHOW STREAMS;')).toBe(true);
  expect(isSameQuery('insert into', 'insert into x')).toBe(false);
});
