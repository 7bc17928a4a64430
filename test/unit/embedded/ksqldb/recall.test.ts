import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { OfflineEngine } from '../../../../src/embedded/ksqldb/offline/offline-engine.js';
import { PlanRun } from '../../../../src/embedded/ksqldb/runtime/plan-run.js';
import { Store } from '../../../../src/ksql/rows/store.js';
import { silentLog } from '../../../../src/support/log.js';

const ENTRIES = 40_000;

/** Queries that have to know something of each entry of their state before the first row, a store of theirs, and its state. */
const QUERIES = {
  'windows that will be due': [
    'CREATE TABLE O AS SELECT K, COUNT(*) AS N FROM S WINDOW TUMBLING (SIZE 1 HOURS) GROUP BY K;',
    'Aggregate',
    [1n],
  ],
  'references of a foreign key': [
    'CREATE TABLE O AS SELECT T.K AS K, T.REF FROM T JOIN U ON T.REF = U.K;',
    undefined,
    ['u'],
  ],
} as const;

it.each(Object.entries(QUERIES))(
  'a query with a large state lets others have their turn before it begins: %s',
  async (_, [sql, name, state]) => {
    const offline = new OfflineEngine({ log: silentLog });
    for (const topic of ['s', 't', 'u']) await offline.kafka.createTopic({ name: topic, partitions: 1 });
    const table = (of: string) =>
      `CREATE TABLE ${of} (K STRING PRIMARY KEY, REF STRING) WITH (KAFKA_TOPIC='${of}', VALUE_FORMAT='JSON');`;
    await offline.execute(
      `CREATE STREAM S (K STRING KEY, A INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON'); ${table('t')} ${table('u')} ${sql}`,
    );
    const [query] = offline.engine.queries.values();
    if (query === undefined) throw new Error('there is no query');
    const { plan } = query.options;
    const stores = new Map(plan.stores.map((spec) => [spec.name, new Store(spec)]));
    const store = stores.get(name ?? '') ?? [...stores.values()].find(({ spec }) => spec.name.endsWith('Left'));
    const window = name === undefined ? undefined : { startMs: 0, endMs: 3_600_000 };
    for (let at = 0; at < ENTRIES; at += 1) {
      const key = [`k${at}`];
      store?.put(Store.identity(key, window), { key, window, state, timestampMs: at });
    }
    let turns = 0;
    let isOver = false;
    const counting = (async () => {
      for (; !isOver; turns += 1) await nextTurn();
    })();
    await PlanRun.create({ id: 'q', plan, registry: undefined, log: silentLog, stores, partitions: 1 });
    isOver = true;
    await counting;
    expect(turns).toBeGreaterThan(1);
  },
);
