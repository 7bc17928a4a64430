import type { KafkaClient } from '../clients/kafka/contract.js';
import { readToEnd } from '../clients/kafka/read-topic.js';
import { EvpipeError } from '../support/errors.js';

/**
 * What evpipe remembers beside the resources themselves, so that anybody's evpipe on any machine continues where another one
 * stopped: which statements of a ksql migration have been sent, how far a seed has come, what this pipeline made, and which options of topics it set.
 * It is one compacted topic `_evpipe_<pipeline>`: key `<kind>/<name>`, value JSON, null once forgotten.
 */
export interface Ledger {
  get<T>(key: string): T | undefined;
  keys(prefix: string): readonly string[];
  /** Resolves once Kafka has acknowledged it. */
  put(key: string, value: unknown): Promise<void>;
  forget(key: string): Promise<void>;
  close(): Promise<void>;
}

/** That this pipeline made the thing, on a server that others may use too. */
export const madeKey = (kind: string, name: string): string => `${kind}/${name}`;

export const ledgerTopic = (pipeline: string): string => `_evpipe_${pipeline}`;

/** Reads the whole ledger, making its topic where it is missing. One process writes at a time (the run's lock sees to it). */
export async function openLedger(kafka: KafkaClient, pipeline: string): Promise<Ledger> {
  const topic = ledgerTopic(pipeline);
  await ensureTopic(kafka, topic);
  const entries = await readAll(kafka, topic);
  const producer = kafka.producer();
  const write = async (key: string, value: string | null): Promise<void> => {
    const bytes = value === null ? null : Buffer.from(value);
    await producer.send([{ topic, partition: 0, key: Buffer.from(key), value: bytes }]);
  };
  return {
    get: <T>(key: string) => entries.get(key) as T | undefined,
    keys: (prefix) => [...entries.keys()].filter((key) => key.startsWith(prefix)),
    put: async (key, value) => {
      await write(key, JSON.stringify(value));
      entries.set(key, value);
    },
    forget: async (key) => {
      await write(key, null);
      entries.delete(key);
    },
    close: () => producer.close(),
  };
}

/** What the ledger says, for those who only look: nothing is made where it is missing. */
export async function readLedger(kafka: KafkaClient, pipeline: string): Promise<ReadonlyMap<string, unknown>> {
  const topic = ledgerTopic(pipeline);
  return (await kafka.describeTopic(topic)) === undefined ? new Map() : readAll(kafka, topic);
}

async function ensureTopic(kafka: KafkaClient, topic: string): Promise<void> {
  if ((await kafka.describeTopic(topic)) !== undefined) return;
  try {
    await kafka.createTopic({ name: topic, partitions: 1, config: { 'cleanup.policy': 'compact' } });
  } catch (failure) {
    const raced = failure instanceof EvpipeError && failure.code === 'EVPIPE_KAFKA_TOPIC_ALREADY_EXISTS';
    if (!raced) throw failure;
  }
}

async function readAll(kafka: KafkaClient, topic: string): Promise<Map<string, unknown>> {
  const entries = new Map<string, unknown>();
  for await (const batch of readToEnd(kafka, topic)) {
    for (const { key, value } of batch.records) {
      if (key === null) continue;
      if (value === null) entries.delete(key.toString());
      else entries.set(key.toString(), JSON.parse(value.toString()));
    }
  }
  return entries;
}
