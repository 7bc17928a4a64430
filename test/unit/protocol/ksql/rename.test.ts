import { expect, it } from 'vitest';
import { parseStatements } from '../../../../src/protocol/ksql/parse.js';
import { renameIn } from '../../../../src/protocol/ksql/rename.js';

const renamed = (script: string): string =>
  renameIn(script, {
    source: (name) => (['ORDERS', 'items', 'ALL'].includes(name) ? `A_${name}` : name),
    connector: (name) => `a_${name}`,
    type: (name) => (name === 'ADDRESS' ? `A_${name}` : name),
    query: (id) => `A_${id}`,
  });

const CASES: readonly (readonly [string, string])[] = [
  [
    "CREATE OR REPLACE STREAM orders (ORDERS INT) WITH (FORMAT='JSON')",
    "CREATE OR REPLACE STREAM A_ORDERS (ORDERS INT) WITH (FORMAT='JSON')",
  ],
  [
    'CREATE TABLE IF NOT EXISTS `items` (id INT PRIMARY KEY)',
    'CREATE TABLE IF NOT EXISTS `A_items` (id INT PRIMARY KEY)',
  ],
  ['SELECT `ALL`.id FROM `ALL`', 'SELECT `ALL`.id FROM A_ALL AS `ALL`'],
  ['INSERT INTO orders SELECT orders FROM other', 'INSERT INTO A_ORDERS SELECT orders FROM other'],
  ['INSERT INTO orders (orders) VALUES (1)', 'INSERT INTO A_ORDERS (orders) VALUES (1)'],
  [
    'CREATE STREAM s AS SELECT orders.id, i.x FROM orders JOIN `items` i ON orders.id = i.id EMIT CHANGES',
    'CREATE STREAM s AS SELECT orders.id, i.x FROM A_ORDERS AS ORDERS JOIN `A_items` i ON orders.id = i.id EMIT CHANGES',
  ],
  ['DROP STREAM IF EXISTS orders DELETE TOPIC', 'DROP STREAM IF EXISTS A_ORDERS DELETE TOPIC'],
  [
    "CREATE SOURCE CONNECTOR IF NOT EXISTS `c-1` WITH ('a'='orders')",
    "CREATE SOURCE CONNECTOR IF NOT EXISTS `a_c-1` WITH ('a'='orders')",
  ],
  ['CREATE TYPE IF NOT EXISTS address AS STRUCT<a INT>', 'CREATE TYPE IF NOT EXISTS A_ADDRESS AS STRUCT<a INT>'],
  ['DROP TYPE address', 'DROP TYPE A_ADDRESS'],
  [
    "CREATE STREAM s (address ADDRESS, more ARRAY<address>, other MAP<STRING, nation>) WITH (FORMAT='JSON')",
    "CREATE STREAM s (address A_ADDRESS, more ARRAY<A_ADDRESS>, other MAP<STRING, nation>) WITH (FORMAT='JSON')",
  ],
  [
    "CREATE TABLE t WITH (QUERY_ID = 'totals') AS SELECT CAST(NULL AS address) AS address, address->a FROM s GROUP BY id",
    "CREATE TABLE t WITH (QUERY_ID = 'A_TOTALS') AS SELECT CAST(NULL AS A_ADDRESS) AS address, address->a FROM s GROUP BY id",
  ],
  ['TERMINATE totals', 'TERMINATE A_TOTALS'],
];

it.each(CASES)('%s', (before, after) => {
  expect(renamed(`-- orders\n${before};`)).toBe(`-- orders\n${after};`);
  expect(parseStatements(after)).toHaveLength(1);
});

it('renames in every statement of a script', () => {
  expect(renamed('DROP STREAM orders;\nDROP TABLE `items`;')).toBe('DROP STREAM A_ORDERS;\nDROP TABLE `A_items`;');
});
