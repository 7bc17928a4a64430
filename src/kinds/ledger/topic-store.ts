import type { KafkaClient } from '../../clients/kafka/contract.js';
import { ensureTopic } from '../../clients/kafka/ensure-topic.js';
import { readToEnd } from '../../clients/kafka/read-topic.js';
import type { Emit } from '../events.js';
import { ledgerEntry } from './entry.js';
import type { LedgerStore } from './store.js';

export const ledgerTopic = (pipeline: string): string => `_evpipe_${pipeline}`;

/** One compacted topic: a value is JSON, null once forgotten. */
export function topicStore(kafka: KafkaClient, pipeline: string, emit: Emit): LedgerStore {
  const topic = ledgerTopic(pipeline);
  const producer = kafka.producer();
  const write = async (key: string, value: Buffer | null): Promise<void> => {
    await producer.send([{ topic, partition: 0, key: Buffer.from(key), value }]);
  };
  return {
    read: async () => ((await kafka.describeTopic(topic)) === undefined ? undefined : readAll(kafka, topic, emit)),
    create: async () => {
      await ensureTopic(kafka, { name: topic, partitions: 1, config: { 'cleanup.policy': 'compact' } });
    },
    put: (key, value) => write(key, Buffer.from(JSON.stringify(value))),
    forget: (key) => write(key, null),
    drop: () => kafka.deleteTopic(topic),
    close: () => producer.close(),
  };
}

/** A record that is not evpipe's is skipped: what evpipe wrote under its key before still counts. */
async function readAll(kafka: KafkaClient, topic: string, emit: Emit): Promise<Map<string, unknown>> {
  const entries = new Map<string, unknown>();
  for await (const { records, partition } of readToEnd(kafka, topic)) {
    for (const { key, value, offset } of records) {
      if (key === null) continue;
      const entry = value && ledgerEntry(value.toString(), `record ${topic}-${partition}@${offset}`, emit);
      if (entry === null) entries.delete(key.toString());
      else if (entry !== undefined) entries.set(key.toString(), entry);
    }
  }
  return entries;
}
