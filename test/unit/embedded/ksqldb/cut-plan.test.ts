import { describe, expect, it } from 'vitest';
import type { KafkaRecord } from '../../../../src/clients/kafka/contract.js';
import { OfflineEngine } from '../../../../src/embedded/ksqldb/offline/offline-engine.js';
import { PlanRun } from '../../../../src/embedded/ksqldb/runtime/plan-run.js';
import type { PersistentQueryOptions } from '../../../../src/embedded/ksqldb/runtime/query-options.js';
import { openOutput } from '../../../../src/embedded/ksqldb/runtime/query-output.js';
import { SentRows } from '../../../../src/embedded/ksqldb/runtime/repartition.js';
import { cutPlan } from '../../../../src/ksql/query/cut-plan.js';
import type { PlanPart } from '../../../../src/ksql/query/plan.js';
import { topology } from '../../../../src/ksql/query/print-plan.js';
import type { Row } from '../../../../src/ksql/rows/row.js';
import { Store } from '../../../../src/ksql/rows/store.js';
import { silentLog } from '../../../../src/support/log.js';

const SOURCES = `
  CREATE STREAM s (k STRING KEY, b STRING, c INT, d DOUBLE, big BIGINT, dec DECIMAL(10, 2), bytes BYTES, m MAP<STRING, INT>,
    l ARRAY<STRING>, st STRUCT<x INT, y STRING>, t TIMESTAMP, h BYTES HEADER('h'))
    WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=2);
  CREATE STREAM r (k STRING KEY, d STRING) WITH (KAFKA_TOPIC='r', VALUE_FORMAT='JSON', PARTITIONS=2);
  CREATE TABLE u (id STRING PRIMARY KEY, y STRING) WITH (KAFKA_TOPIC='u', VALUE_FORMAT='JSON', PARTITIONS=2);
  CREATE STREAM w (k STRING KEY, d STRING) WITH (KAFKA_TOPIC='w', VALUE_FORMAT='JSON', PARTITIONS=2,
    WINDOW_TYPE='TUMBLING', WINDOW_SIZE='1 MINUTE');
  CREATE STREAM timed (k STRING KEY, b STRING, at BIGINT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', TIMESTAMP='at');`;

async function made(query: string, random = Math.random): Promise<PersistentQueryOptions> {
  const offline = new OfflineEngine({ log: silentLog, random });
  await offline.execute(`${SOURCES} ${query};`);
  const options = [...offline.engine.queries.values()].at(-1)?.options;
  if (options === undefined) throw new Error('there is no query');
  return options;
}

const counted = 'CREATE TABLE o AS SELECT b, COUNT(*) AS n FROM s';

describe('the plan of a query that groups rows of a stream by something else than their key', () => {
  it('is cut where they get their new key', async () => {
    const { plan } = await made(`${counted} WHERE c > 1 GROUP BY b`);
    const shown = topology(cutPlan(plan) ?? [], { id: '', sink: { name: 'O', topic: 'O' }, type: 'TABLE' });
    expect(shown.split('\n')).toEqual([
      'Topologies:',
      '   Sub-topology: 0',
      '    Source: KSTREAM-SOURCE-0000000000 (topics: [s])',
      '      --> KSTREAM-REPARTITION-0000000001',
      '    Processor: KSTREAM-REPARTITION-0000000001 (stores: [])',
      '      --> KSTREAM-SINK-0000000002',
      '      <-- KSTREAM-SOURCE-0000000000',
      '    Sink: KSTREAM-SINK-0000000002 (topic: Aggregate-GroupBy-repartition)',
      '      <-- KSTREAM-REPARTITION-0000000001',
      '',
      '   Sub-topology: 1',
      '    Source: KSTREAM-SOURCE-0000000003 (topics: [Aggregate-GroupBy-repartition])',
      '      --> KSTREAM-AGGREGATE-0000000004',
      '    Processor: KSTREAM-AGGREGATE-0000000004 (stores: [Aggregate])',
      '      --> KTABLE-SINK-0000000005',
      '      <-- KSTREAM-SOURCE-0000000003',
      '    Sink: KTABLE-SINK-0000000005 (topic: O)',
      '      <-- KSTREAM-AGGREGATE-0000000004',
      '',
    ]);
  });

  it('keeps its state in the second part, and reads no column that it does not need in the first', async () => {
    const { plan } = await made(`${counted} GROUP BY b`);
    const [upper, lower] = cutPlan(plan, 'group-') ?? [];
    expect(upper?.stores).toEqual([]);
    expect([...(upper?.inputs[0]?.read.names ?? [])]).toEqual(['B']);
    expect(lower?.stores).toEqual(plan.stores);
    expect(lower?.inputs[0]?.source.topic).toBe('group-Aggregate-GroupBy-repartition');
  });

  it.each([
    ['groups of the key', 'CREATE TABLE o AS SELECT k, COUNT(*) AS n FROM s GROUP BY k'],
    ['rows that meet no others', 'CREATE STREAM o AS SELECT b, c FROM s PARTITION BY b'],
    ['groups of a table', 'CREATE TABLE o AS SELECT y, COUNT(*) AS n FROM u GROUP BY y'],
    ['groups of rows with windows', 'CREATE TABLE o AS SELECT d, COUNT(*) AS n FROM w GROUP BY d'],
    [
      'groups of joined rows',
      'CREATE TABLE o AS SELECT r.d, COUNT(*) AS n FROM s JOIN r WITHIN 1 HOUR ON s.k = r.k GROUP BY r.d',
    ],
    ['a join by a value', 'CREATE STREAM o AS SELECT s.b, y FROM s JOIN u ON s.b = u.id'],
  ])('is not cut: %s', async (_, query) => {
    expect(cutPlan((await made(query)).plan)).toBeUndefined();
  });
});

/** What a plan, or its parts one after the other, make of records: the first part's come out in the partition of their key. */
async function results(options: PersistentQueryOptions, parts: readonly PlanPart[], records: readonly KafkaRecord[]) {
  const keys: string[] = [];
  let coming = records;
  let rows: Row[] = [];
  for (const plan of parts) {
    const { id, registry, log } = options;
    const stores = new Map(plan.stores.map((spec) => [spec.name, new Store(spec)]));
    const run = await PlanRun.create({ id, plan, registry, log, stores, partitions: 1 });
    rows = [];
    for (const record of coming) run.feed(record, (row) => rows.push(row));
    if (plan.physical.kind !== 'send') continue;
    const output = await openOutput({ ...options, plan });
    coming = rows.map((row, at): KafkaRecord => {
      const { topic = '', key = null, value = null, timestampMs = -1, headers = [] } = output.record(row) ?? {};
      keys.push(String(key));
      return { topic, partition: 0, offset: BigInt(100 + at), key, value, timestampMs, headers };
    });
  }
  return { rows, keys };
}

const VALUES: ReadonlyArray<Record<string, unknown> | null> = [
  { B: 'x', C: 1, D: 0.1, BIG: 2 ** 52, DEC: 12.34, BYTES: 'AAH/', M: { a: 1 }, L: ['p', null], ST: { X: 1, Y: 'é' } },
  { B: 'y"\\\n', C: 2, D: 'NaN', T: 1_700_000_000_000, AT: 77 },
  { C: 3, D: -0 },
  null,
  { B: 'x', C: 4, L: [], M: {}, ST: {}, AT: -1 },
  { B: '', C: 5, AT: 99 },
];

const records = VALUES.map(
  (value, at): KafkaRecord => ({
    topic: 's',
    partition: at % 2,
    offset: 2n ** 53n + BigInt(at),
    timestampMs: 1_000 * at,
    key: at === 4 ? null : Buffer.from(`k${at}`),
    value: value === null ? null : Buffer.from(JSON.stringify(value)),
    headers: [['h', Buffer.from([at])]],
  }),
);

describe('the parts of a plan make what it makes as a whole', () => {
  it.each([
    ['counts', `${counted} GROUP BY b`],
    [
      'rows that WHERE leaves out, and groups that HAVING does',
      `${counted} WHERE c < 5 GROUP BY b HAVING COUNT(*) > 1`,
    ],
    [
      'values of every type',
      `CREATE TABLE o AS SELECT b, ${['d', 'big', 'dec', 'bytes', 'm', 'l', 'st', 't'].map((name) => `LATEST_BY_OFFSET(${name}, false) AS ${name}_`).join(', ')} FROM s GROUP BY b`,
    ],
    [
      'keys, times, places and headers',
      'CREATE TABLE o AS SELECT b, COLLECT_LIST(k) AS ks, MAX(ROWTIME) AS at, SUM(ROWOFFSET) AS o, SUM(ROWPARTITION) AS p, COLLECT_LIST(h) AS hs FROM s GROUP BY b',
    ],
    [
      'groups by several expressions',
      "CREATE TABLE o WITH (KEY_FORMAT='JSON') AS SELECT UCASE(b) AS u, c % 2 AS odd, COUNT(*) AS n FROM s GROUP BY UCASE(b), c % 2",
    ],
    ['the key and more', "CREATE TABLE o WITH (KEY_FORMAT='JSON') AS SELECT k, b, COUNT(*) AS n FROM s GROUP BY k, b"],
    [
      'windows',
      'CREATE TABLE o AS SELECT b, COUNT(*) AS n FROM s WINDOW TUMBLING (SIZE 2 SECONDS, GRACE PERIOD 0 SECONDS) GROUP BY b EMIT FINAL',
    ],
    ['sessions', 'CREATE TABLE o AS SELECT b, COUNT(*) AS n FROM s WINDOW SESSION (3 SECONDS) GROUP BY b'],
    ['times of a column', 'CREATE TABLE o AS SELECT b, MAX(ROWTIME) AS at FROM timed GROUP BY b'],
  ])('%s', async (_, query) => {
    const options = await made(query);
    const whole = await results(options, [options.plan], records);
    const parts = await results(options, cutPlan(options.plan) ?? [], records);
    expect(parts.rows).toEqual(whole.rows);
    expect(whole.rows.length).toBeGreaterThan(0);
  });

  it('a row that was on its way when its source got another column keeps its values and its group', () => {
    const column = (name: string, kind: 'STRING' | 'INTEGER') => ({ name, type: { kind } });
    const [k, b, c, group] = [
      column('K', 'STRING'),
      column('B', 'STRING'),
      column('C', 'INTEGER'),
      column('G', 'STRING'),
    ];
    const row = { key: ['k'], partition: 1, offset: 2n ** 60n, timestampMs: 5, headers: [], window: undefined };
    const value = new SentRows({ key: [k], value: [b, group], headers: [] }, 1).encode({ ...row, value: ['x', 'g'] });
    const record = {
      topic: 'between',
      partition: 0,
      offset: 0n,
      timestampMs: 5,
      key: Buffer.from('g'),
      value,
      headers: [],
    };
    const read = new SentRows({ key: [k], value: [b, c, group], headers: [] }, 1).decode(record);
    expect(read).toEqual({ ...row, value: ['x', null, 'g'], keyless: false });
  });

  it('a group is found once, where chance is part of it, and its row lies by that group', async () => {
    let at = 0;
    const options = await made(
      'CREATE TABLE o AS SELECT CAST(RANDOM() AS STRING) AS chance, COUNT(*) AS n FROM s GROUP BY CAST(RANDOM() AS STRING)',
      () => at++,
    );
    const { rows, keys } = await results(options, cutPlan(options.plan) ?? [], records.slice(0, 2));
    expect(rows.map(({ key }) => String(key[0]))).toEqual(keys);
    expect(new Set(keys).size).toBe(2);
  });
});
