import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { OfflineEngine } from '../../../../src/embedded/ksqldb/offline/offline-engine.js';
import { formatType } from '../../../../src/protocol/ksql/types.js';
import { silentLog } from '../../../../src/support/log.js';

const SOURCES = `
  CREATE STREAM s (k STRING KEY, b INT, c STRING) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE STREAM r (k STRING KEY, d INT) WITH (KAFKA_TOPIC='r', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE STREAM lists (k STRING KEY, l ARRAY<STRING>) WITH (KAFKA_TOPIC='lists', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE STREAM wide (k STRING KEY, b BIGINT) WITH (KAFKA_TOPIC='wide', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE STREAM same (k STRING KEY, b INT) WITH (KAFKA_TOPIC='same', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE TABLE t (id STRING PRIMARY KEY, x STRING) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE TABLE u (id STRING PRIMARY KEY, y INT) WITH (KAFKA_TOPIC='u', VALUE_FORMAT='JSON', PARTITIONS=1);`;

interface Rule {
  readonly name: string;
  readonly statement: string;
  readonly plan: readonly string[];
}

const rules = readFileSync(new URL('./plans/rules.plans.txt', import.meta.url), 'utf8')
  .split(/^== /m)
  .slice(1)
  .map((text): Rule => {
    const [name = '', statement = '', ...plan] = text.trimEnd().split('\n');
    return { name, statement, plan };
  });

it.each(rules)('$name', async ({ statement, plan }) => {
  const offline = new OfflineEngine({ log: silentLog, clock: () => 0 });
  await offline.execute(SOURCES);
  const [explained] = await offline.execute(statement);
  const { executionPlan, topology } = (explained as unknown as { queryDescription: Record<string, string> })
    .queryDescription;
  const printed = `${executionPlan}${topology}`.replaceAll('\t', '  ').trimEnd().split('\n');
  expect([...printed, ...(await storesOf(statement.replace('EXPLAIN ', ''), offline))]).toEqual(plan);
});

/** What the query's changelog holds: an engine that does it in another way can't read what this one has written. */
async function storesOf(statement: string, offline: OfflineEngine): Promise<string[]> {
  if (statement.startsWith('SELECT')) return [];
  await offline.execute(statement);
  const [query] = offline.engine.queries.values();
  return (query?.options.plan.stores ?? []).map(
    ({ name, key, state }) => `Store ${name}: (${key.map(formatType).join(', ')}) -> ${formatType(state)}`,
  );
}
