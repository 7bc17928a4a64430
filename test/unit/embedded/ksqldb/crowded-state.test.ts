import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { KafkaRecord } from '../../../../src/clients/kafka/contract.js';
import { OfflineEngine } from '../../../../src/embedded/ksqldb/offline/offline-engine.js';
import { PlanRun } from '../../../../src/embedded/ksqldb/runtime/plan-run.js';
import { StateFile } from '../../../../src/embedded/ksqldb/runtime/state-file.js';
import type { Row } from '../../../../src/ksql/rows/row.js';
import { StateMemory } from '../../../../src/ksql/rows/state-memory.js';
import { Store } from '../../../../src/ksql/rows/store.js';
import { silentLog } from '../../../../src/support/log.js';
import { seeded } from '../../../support/seeded.js';

const SEED = Number(process.env.EVPIPE_SEED ?? 53);
const RECORDS = 2_000;
const COLUMNS = 'A INT, REF STRING, PAD STRING';
const SOURCES = ['s', 't'].map(
  (topic) => `CREATE STREAM ${topic}S (K STRING KEY, ${COLUMNS}) WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');
    CREATE TABLE ${topic}T (K STRING PRIMARY KEY, ${COLUMNS}) WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');`,
);

/** What holds something about each row besides its store. */
const QUERIES = {
  'streams that wait for each other': `CREATE STREAM O AS SELECT SS.K AS K, SS.A, TS.A AS B, SS.PAD AS P
    FROM SS LEFT JOIN TS WITHIN 20 SECONDS GRACE PERIOD 5 SECONDS ON SS.K = TS.K;`,
  'tables that refer to each other': `CREATE TABLE O AS SELECT ST.K AS K, ST.A, TT.A AS B, TT.PAD AS P
    FROM ST LEFT JOIN TT ON ST.REF = TT.K;`,
  'tables of one key': `CREATE TABLE O AS SELECT ROWKEY AS K, ST.A, TT.A AS B, TT.PAD AS P
    FROM ST FULL OUTER JOIN TT ON ST.K = TT.K;`,
  sessions: `CREATE TABLE O AS SELECT K, COUNT(*) AS N, LATEST_BY_OFFSET(PAD) AS P
    FROM SS WINDOW SESSION (10 SECONDS) GROUP BY K;`,
  'windows that are forgotten': `CREATE TABLE O AS SELECT K, COUNT(*) AS N, LATEST_BY_OFFSET(PAD) AS P
    FROM SS WINDOW HOPPING (SIZE 20 SECONDS, ADVANCE BY 10 SECONDS, RETENTION 60 SECONDS, GRACE PERIOD 5 SECONDS) GROUP BY K;`,
};

function records(): KafkaRecord[] {
  const random = seeded(SEED);
  const keyOf = () => `k${Math.floor(random() * 200)}`;
  return Array.from({ length: RECORDS }, (_, at) => {
    const value = { A: at, REF: keyOf(), PAD: 'ü'.repeat(random() * 500) };
    return {
      topic: random() < 0.5 ? 's' : 't',
      partition: 0,
      offset: BigInt(at),
      timestampMs: at * 20 + Math.floor(random() * 3_000),
      key: Buffer.from(keyOf()),
      value: random() < 0.1 ? null : Buffer.from(JSON.stringify(value)),
      headers: [],
    };
  });
}

/** What a query makes of all records, its stores sharing that memory or none. */
async function results(sql: string, memory: StateMemory | undefined): Promise<string[]> {
  const offline = new OfflineEngine({ log: silentLog });
  for (const name of ['s', 't']) await offline.kafka.createTopic({ name, partitions: 1 });
  await offline.execute(`${SOURCES.join('')}${sql}`);
  const [query] = offline.engine.queries.values();
  if (query === undefined) throw new Error('there is no query');
  const { plan } = query.options;
  const stores = new Map(plan.stores.map((spec) => [spec.name, new Store(spec, memory)]));
  for (const store of stores.values()) store.logTo(() => {});
  const run = await PlanRun.create({ id: 'q', plan, registry: undefined, log: silentLog, stores, partitions: 1 });
  const rows: string[] = [];
  const emit = ({ key, value, timestampMs, window }: Row): void => {
    rows.push(`${key} ${value} ${timestampMs} ${window?.startMs} ${window?.endMs}`);
  };
  for (const record of records()) run.feed(record, emit);
  return rows;
}

describe('a query whose state has no room in memory', () => {
  it.each(Object.entries(QUERIES))(`makes the same rows: %s (seed ${SEED})`, async (_, sql) => {
    const folder = mkdtempSync(join(tmpdir(), 'evpipe-crowded-'));
    const file = new StateFile(folder);
    const rows = await results(sql, new StateMemory(50_000, file));
    expect(file.bytes).toBeGreaterThan(0);
    file.close();
    rmSync(folder, { recursive: true });
    const expected = await results(sql, undefined);
    expect(expected.length).toBeGreaterThan(500);
    expect(rows).toEqual(expected);
  });
});
