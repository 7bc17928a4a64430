import { expect, it } from 'vitest';
import { OfflineEngine } from '../../../../src/embedded/ksqldb/offline/offline-engine.js';
import { silentLog } from '../../../../src/support/log.js';

const SOURCES = `
  CREATE TYPE place AS STRUCT<x INT, y INT>;
  CREATE STREAM s (k STRING KEY, b INT, c STRING, l ARRAY<INT>, p place) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=2);
  CREATE STREAM r (k STRING KEY, d INT) WITH (KAFKA_TOPIC='r', VALUE_FORMAT='JSON', PARTITIONS=2);
  CREATE TABLE t (id STRING PRIMARY KEY, b INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', PARTITIONS=2);`;

const topic = (policy: string) => `WITH (CLEANUP_POLICY='${policy}', KAFKA_TOPIC='X', PARTITIONS=2, REPLICAS=1) AS`;

/** How ksqlDB shows it in DESCRIBE and SHOW QUERIES. */
it.each([
  ['CREATE STREAM x AS SELECT * FROM s', `CREATE STREAM X ${topic('delete')} SELECT *\nFROM S S\nEMIT CHANGES;`],
  [
    "CREATE STREAM x WITH (PARTITIONS=3, value_format='avro', KAFKA_TOPIC='y') AS SELECT k, b + 1, p->x, q.c AS e FROM s q WHERE rowtime > 0 PARTITION BY k",
    `CREATE STREAM X WITH (CLEANUP_POLICY='delete', KAFKA_TOPIC='y', PARTITIONS=3, REPLICAS=1, VALUE_FORMAT='avro') AS SELECT
  Q.K K,
  (Q.B + 1) KSQL_COL_0,
  Q.P->X X,
  Q.C E
FROM S Q
WHERE (Q.ROWTIME > 0)
PARTITION BY Q.K
EMIT CHANGES;`,
  ],
  [
    'CREATE TABLE x AS SELECT k, COUNT(*), windowstart AS w FROM s WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY k HAVING COUNT(*) > 1',
    `CREATE TABLE X ${topic('compact,delete')} SELECT
  S.K K,
  COUNT(*) KSQL_COL_0,
  WINDOWSTART W
FROM S S
WINDOW TUMBLING ( SIZE 1 HOURS ) 
GROUP BY S.K
HAVING (COUNT(*) > 1)
EMIT CHANGES;`,
  ],
  [
    'CREATE TABLE x AS SELECT c, SUM(b) AS n FROM s GROUP BY c',
    `CREATE TABLE X ${topic('compact')} SELECT
  S.C C,
  SUM(S.B) N
FROM S S
GROUP BY S.C
EMIT CHANGES;`,
  ],
  [
    'CREATE STREAM x AS SELECT s.k, s.b, t.b, c, d FROM s JOIN t ON s.k = t.id LEFT JOIN r WITHIN 1 HOUR ON s.k = r.k',
    `CREATE STREAM X ${topic('delete')} SELECT
  S.K S_K,
  S.B S_B,
  T.B T_B,
  S.C C,
  R.D D
FROM S S
INNER JOIN T T ON ((S.K = T.ID))
LEFT OUTER JOIN R R WITHIN 1 HOURS ON ((S.K = R.K))
EMIT CHANGES;`,
  ],
  [
    'CREATE STREAM x AS SELECT k, EXPLODE(l), TRANSFORM(l, e => e + 1), CAST(NULL AS place) AS `Place` FROM s',
    `CREATE STREAM X ${topic('delete')} SELECT
  S.K K,
  EXPLODE(S.L) KSQL_COL_0,
  TRANSFORM(S.L, (E) => (E + 1)) KSQL_COL_1,
  CAST(null AS STRUCT<X INTEGER, Y INTEGER>) \`Place\`
FROM S S
EMIT CHANGES;`,
  ],
  [
    "CREATE STREAM x (k INT KEY, p place) WITH (value_format='json', partitions=1, kafka_topic='x')",
    "CREATE STREAM X (K INTEGER KEY, P STRUCT<X INTEGER, Y INTEGER>) WITH (CLEANUP_POLICY='delete', KAFKA_TOPIC='x', KEY_FORMAT='KAFKA', PARTITIONS=1, VALUE_FORMAT='json');",
  ],
  [
    "CREATE TABLE x (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='x', FORMAT='JSON', PARTITIONS=1)",
    "CREATE TABLE X (K INTEGER PRIMARY KEY, V INTEGER) WITH (CLEANUP_POLICY='compact', FORMAT='JSON', KAFKA_TOPIC='x', PARTITIONS=1);",
  ],
])('%s', async (typed, kept) => {
  const engine = new OfflineEngine({ log: silentLog });
  await engine.execute(SOURCES);
  await engine.execute(`${typed};`);
  const [described] = await engine.execute('DESCRIBE x;');
  const [queries] = await engine.execute('SHOW QUERIES;');
  expect(described).toMatchObject({ sourceDescription: { statement: kept } });
  const query = kept.includes(' AS SELECT') ? [expect.objectContaining({ queryString: kept })] : [];
  expect(queries).toMatchObject({ queries: query });
});

it('a statement that could not be read again as it is kept is refused, and logged nowhere', async () => {
  const engine = new OfflineEngine({ log: silentLog });
  await engine.execute(SOURCES);
  const [either, both] = [' OR b = 1', ' AND b = 1'].map((term) => term.repeat(300));
  const deep = `CREATE STREAM x AS SELECT * FROM s WHERE (b = 1${either})${both};`;
  await expect(engine.execute(deep)).rejects.toThrow('The statement nests deeper than 500 levels');
  const [next] = await engine.execute('CREATE STREAM y AS SELECT * FROM s;');
  expect(next).toMatchObject({ commandSequenceNumber: SOURCES.split(';').length - 1 });
});
