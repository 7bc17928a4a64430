import { expect, it } from 'vitest';
import { OfflineEngine } from '../../../../src/embedded/ksqldb/offline/offline-engine.js';
import { silentLog } from '../../../../src/support/log.js';

const SOURCES = `
  CREATE STREAM s (k STRING KEY, b STRING, c INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=2);
  CREATE STREAM r (k STRING KEY, d STRING) WITH (KAFKA_TOPIC='r', VALUE_FORMAT='JSON', PARTITIONS=2);
  CREATE STREAM two (j STRING KEY, k STRING KEY, d STRING) WITH (KAFKA_TOPIC='two', FORMAT='JSON', PARTITIONS=2);
  CREATE TABLE t (id STRING PRIMARY KEY, x STRING) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', PARTITIONS=2);
  CREATE TABLE u (id STRING PRIMARY KEY, y STRING) WITH (KAFKA_TOPIC='u', VALUE_FORMAT='JSON', PARTITIONS=2);
  CREATE STREAM w (k STRING KEY, d STRING) WITH (KAFKA_TOPIC='w', VALUE_FORMAT='JSON', PARTITIONS=2,
    WINDOW_TYPE='TUMBLING', WINDOW_SIZE='1 MINUTE');
  CREATE STREAM v (k STRING KEY, d STRING) WITH (KAFKA_TOPIC='v', VALUE_FORMAT='JSON', PARTITIONS=2,
    WINDOW_TYPE='TUMBLING', WINDOW_SIZE='1 MINUTE');`;

async function isDivisible(query: string): Promise<boolean | undefined> {
  const offline = new OfflineEngine({ log: silentLog });
  await offline.execute(`${SOURCES} ${query};`);
  const [made] = [...offline.engine.queries.values()];
  return made?.options.plan.divisible;
}

it.each([
  ['rows as they are', 'CREATE STREAM o AS SELECT * FROM s WHERE c > 1'],
  ['rows that get another key and meet no others', 'CREATE STREAM o AS SELECT b, c FROM s PARTITION BY b'],
  ['groups of the key', 'CREATE TABLE o AS SELECT k, COUNT(*) AS n FROM s GROUP BY k'],
  ['windows of the key', 'CREATE TABLE o AS SELECT k, COUNT(*) AS n FROM s WINDOW TUMBLING (SIZE 1 MINUTE) GROUP BY k'],
  ['streams by their keys', 'CREATE STREAM o AS SELECT s.k, r.d FROM s JOIN r WITHIN 1 HOUR ON s.k = r.k'],
  ['a stream and a table by their keys', 'CREATE STREAM o AS SELECT s.k, x FROM s JOIN t ON s.k = t.id'],
  ['tables by their keys', 'CREATE TABLE o AS SELECT t.id, x, y FROM t JOIN u ON t.id = u.id'],
  ['three by their keys', 'CREATE STREAM o AS SELECT s.k, x, y FROM s JOIN t ON s.k = t.id JOIN u ON s.k = u.id'],
])('state is divided by partition: %s', async (_, query) => {
  expect(await isDivisible(query)).toBe(true);
});

it.each([
  [
    'groups of the key and more',
    "CREATE TABLE o WITH (FORMAT='JSON') AS SELECT k, b, COUNT(*) AS n FROM s GROUP BY k, b",
  ],
  ['groups of a value', 'CREATE TABLE o AS SELECT b, COUNT(*) AS n FROM s GROUP BY b'],
  ['groups of a part of the key', 'CREATE TABLE o AS SELECT k, COUNT(*) AS n FROM two GROUP BY k'],
  ['a stream by a value', 'CREATE STREAM o AS SELECT s.b, x FROM s JOIN t ON s.b = t.id'],
  ['a foreign key', 'CREATE TABLE o AS SELECT t.id, y FROM t JOIN u ON t.x = u.id'],
  ['a later join by a value', 'CREATE STREAM o AS SELECT s.b, x, y FROM s JOIN t ON s.k = t.id JOIN u ON s.b = u.id'],
  ['windowed rows in a join', 'CREATE STREAM o AS SELECT w.k, v.d FROM w JOIN v WITHIN 1 HOUR ON w.k = v.k'],
])('state is one for all partitions: %s', async (_, query) => {
  expect(await isDivisible(query)).toBe(false);
});
