import { expect, it } from 'vitest';
import type { KafkaRecord } from '../../../../src/clients/kafka/contract.js';
import { OfflineEngine } from '../../../../src/embedded/ksqldb/offline/offline-engine.js';
import { PlanRun } from '../../../../src/embedded/ksqldb/runtime/plan-run.js';
import { Store } from '../../../../src/ksql/rows/store.js';
import { silentLog } from '../../../../src/support/log.js';

it('a row that comes when nothing can meet it any more is not kept', async () => {
  const offline = new OfflineEngine({ log: silentLog });
  for (const topic of ['l', 'r']) await offline.kafka.createTopic({ name: topic, partitions: 1 });
  const stream = (name: string) =>
    `CREATE STREAM ${name} (K STRING KEY, A INT) WITH (KAFKA_TOPIC='${name.toLowerCase()}', VALUE_FORMAT='JSON');`;
  await offline.execute(
    `${stream('L')} ${stream('R')}
     CREATE STREAM O AS SELECT L.K, L.A, R.A FROM L LEFT JOIN R WITHIN 1 SECONDS GRACE PERIOD 1 SECONDS ON L.K = R.K;`,
  );
  const [query] = offline.engine.queries.values();
  if (query === undefined) throw new Error('there is no query');
  const { plan } = query.options;
  const stores = new Map(plan.stores.map((spec) => [spec.name, new Store(spec)]));
  const run = await PlanRun.create({ id: 'q', plan, registry: undefined, log: silentLog, stores, partitions: 1 });
  const kept: string[] = [];
  for (const store of stores.values()) store.logTo((key) => kept.push(String(key)));
  const shown: unknown[] = [];
  const feed = (key: string, timestampMs: number): void => {
    const record: KafkaRecord = {
      topic: 'l',
      partition: 0,
      offset: 0n,
      timestampMs,
      key: Buffer.from(key),
      value: Buffer.from('{}'),
      headers: [],
    };
    run.feed(record, (row) => shown.push(row.key));
  };
  feed('first', 1_000_000);
  expect(kept).toHaveLength(1);
  feed('late', 1_000);
  expect(shown).toEqual([['late']]);
  expect(kept).toHaveLength(1);
});
