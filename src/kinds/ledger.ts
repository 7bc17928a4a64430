import type { KafkaClient } from '../clients/kafka/contract.js';
import { readToEnd } from '../clients/kafka/read-topic.js';
import { isJsonObject, type JsonObject } from '../protocol/json/parse.js';
import { EvpipeError } from '../support/errors.js';
import { isTooDeepJson } from '../support/json-depth.js';
import type { Emit } from './events.js';

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
export async function openLedger(kafka: KafkaClient, pipeline: string, emit: Emit): Promise<Ledger> {
  const topic = ledgerTopic(pipeline);
  await ensureTopic(kafka, topic);
  const entries = await readAll(kafka, topic, emit);
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
export const readLedger = (kafka: KafkaClient, pipeline: string, emit: Emit): Promise<ReadonlyMap<string, unknown>> =>
  readAll(kafka, ledgerTopic(pipeline), emit);

async function ensureTopic(kafka: KafkaClient, topic: string): Promise<void> {
  if ((await kafka.describeTopic(topic)) !== undefined) return;
  try {
    await kafka.createTopic({ name: topic, partitions: 1, config: { 'cleanup.policy': 'compact' } });
  } catch (failure) {
    const raced = failure instanceof EvpipeError && failure.code === 'EVPIPE_KAFKA_TOPIC_ALREADY_EXISTS';
    if (!raced) throw failure;
  }
}

/** A record that is no JSON object is not evpipe's: what evpipe wrote under its key before still counts. */
async function readAll(kafka: KafkaClient, topic: string, emit: Emit): Promise<Map<string, unknown>> {
  const entries = new Map<string, unknown>();
  for await (const { records, partition } of readToEnd(kafka, topic)) {
    for (const { key, value, offset } of records) {
      if (key === null) continue;
      const name = key.toString();
      if (value === null) entries.delete(name);
      else {
        const entry = parsed(value.toString());
        if (entry !== undefined) entries.set(name, entry);
        else emit({ kind: 'note', level: 'warning', message: notEvpipes(`${topic}-${partition}@${offset}`) });
      }
    }
  }
  return entries;
}

const notEvpipes = (place: string): string =>
  `skipped the record ${place}: evpipe keeps its notes in this topic and did not write it`;

function parsed(text: string): JsonObject | undefined {
  try {
    const json: unknown = isTooDeepJson(text) ? undefined : JSON.parse(text);
    return isJsonObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}
