import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type {
  ReaderOptions,
  RecordBatch,
  RecordProducer,
  RecordReader,
} from '../../../../src/clients/kafka/contract.js';
import { MemoryKafka } from '../../../../src/embedded/ksqldb/offline/memory-kafka.js';
import { OfflineEngine } from '../../../../src/embedded/ksqldb/offline/offline-engine.js';
import { PersistentQuery } from '../../../../src/embedded/ksqldb/runtime/persistent-query.js';
import { silentLog } from '../../../../src/support/log.js';

/** Many more than are kept as objects. */
const KEYS = Array.from({ length: 60_000 }, (_, at) => `k${at}`);
const LAST = KEYS.slice(-200);
const BATCH = 500;

const batchOf = (keys: readonly string[], from: number, timestampMs: number): RecordBatch => {
  const records = keys.map((key, at) => ({
    topic: 's',
    partition: 0,
    offset: BigInt(from + at),
    timestampMs,
    key: Buffer.from(key),
    value: Buffer.from('{}'),
    headers: [],
  }));
  const end = BigInt(from + keys.length);
  return { topic: 's', partition: 0, records, nextOffset: end, highWatermark: end, lastStableOffset: end };
};

/** Its first reader gives each key once and is over, as where a topic has grown; the second one gives the last keys again. */
class GrowingKafka extends MemoryKafka {
  readonly written: string[] = [];
  readers = 0;

  override reader(options: ReaderOptions): RecordReader {
    this.readers += 1;
    const isFirst = this.readers === 1;
    const closed = new Promise<void>((resolve) => options.signal?.addEventListener('abort', () => resolve()));
    return {
      ...super.reader({ ...options, from: [] }),
      async *[Symbol.asyncIterator]() {
        const keys = isFirst ? KEYS : LAST;
        const timestampMs = isFirst ? 1 : 1_000;
        for (let at = 0; at < keys.length; at += BATCH) yield batchOf(keys.slice(at, at + BATCH), at, timestampMs);
        if (!isFirst) await closed;
      },
    };
  }

  override producer(): RecordProducer {
    const append: RecordProducer['append'] = ({ topic, value }) => {
      if (topic === 'O' && this.readers > 1) this.written.push(String(value));
    };
    return { ...super.producer(), append };
  }
}

it('a pull query changes nothing in a state that a query goes on with', async () => {
  const offline = new OfflineEngine({ log: silentLog });
  await offline.kafka.createTopic({ name: 's', partitions: 1 });
  await offline.execute(
    `CREATE STREAM S (K STRING KEY, A INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');
     CREATE TABLE O AS SELECT K, COUNT(*) AS N FROM S WINDOW SESSION (1 HOURS) GROUP BY K;`,
  );
  const [made] = offline.engine.queries.values();
  if (made === undefined) throw new Error('there is no query');
  const kafka = new GrowingKafka(() => 0);
  for (const name of ['s', 'O']) await kafka.createTopic({ name, partitions: 1 });
  const query = new PersistentQuery({ ...made.options, kafka });
  query.start();
  let pulled = 0;
  while (kafka.written.filter((value) => value !== 'null').length < LAST.length) {
    const key = kafka.readers > 1 ? LAST[pulled++] : undefined;
    if (key !== undefined) for (const _ of query.holding?.rows.between([{ from: [key], to: [key] }]) ?? []);
    await nextTurn();
  }
  await query.stop();
  // Each session ends in a longer one.
  expect(kafka.written).toEqual(LAST.flatMap(() => ['null', '{"N":2}']));
});
