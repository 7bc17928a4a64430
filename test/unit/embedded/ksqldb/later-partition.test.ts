import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ReaderOptions, RecordReader } from '../../../../src/clients/kafka/contract.js';
import { MemoryKafka } from '../../../../src/embedded/ksqldb/offline/memory-kafka.js';
import { OfflineEngine } from '../../../../src/embedded/ksqldb/offline/offline-engine.js';
import { PersistentQuery } from '../../../../src/embedded/ksqldb/runtime/persistent-query.js';
import { silentLog } from '../../../../src/support/log.js';

/** Its readers give what is there, then wait until they are closed. */
class OpenKafka extends MemoryKafka {
  override reader(options: ReaderOptions): RecordReader {
    const reader = super.reader(options);
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, ...(options.signal === undefined ? [] : [options.signal])]);
    return {
      ...reader,
      close: async () => over.abort(),
      async *[Symbol.asyncIterator]() {
        yield* reader;
        await new Promise<void>((resolve) => {
          if (signal.aborted) resolve();
          else signal.addEventListener('abort', () => resolve());
        });
      },
    };
  }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

it('an engine that had nothing to read takes up a partition that a topic gets later', async () => {
  const offline = new OfflineEngine({ log: silentLog });
  await offline.kafka.createTopic({ name: 's', partitions: 1 });
  await offline.execute(
    `CREATE STREAM S (K STRING KEY, A INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');
     CREATE STREAM O AS SELECT K, A FROM S;`,
  );
  const [made] = offline.engine.queries.values();
  if (made === undefined) throw new Error('there is no query');
  const kafka = new OpenKafka(() => 0);
  for (const name of ['s', 'O']) await kafka.createTopic({ name, partitions: 1 });
  const sharing = { isMine: (_: string, task: number) => task === 1, confirm: async () => {} };
  const query = new PersistentQuery({ ...made.options, offsetReset: 'earliest', kafka, sharing });
  query.start();
  await vi.waitUntil(() => query.holding !== undefined);
  await kafka.createPartitions('s', 2);
  kafka.append({ topic: 's', partition: 1, key: Buffer.from('k'), value: Buffer.from('{"A":7}') });
  vi.advanceTimersByTime(60_000);
  await vi.waitUntil(() => kafka.records('O').length > 0, { timeout: 5_000 });
  await query.stop();
  expect(kafka.records('O').map(({ value }) => String(value))).toEqual(['{"A":7}']);
});
