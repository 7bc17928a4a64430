import { expect, it } from 'vitest';
import { statementMeaning } from '../../../../src/protocol/ksql/meaning.js';

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
