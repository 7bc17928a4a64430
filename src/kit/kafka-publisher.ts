import { Kafka, logLevel, Partitioners } from 'kafkajs';
import type { KafkaAccess } from '../clients/kafka/contract.js';
import type { Log } from '../support/log.js';
import { kafkaLog } from './kafka-log.js';
import { kafkajsSettings } from './kafka-settings.js';
import type { OutboxRecord, Publisher } from './polling-outbox.js';

/** All replicas in sync have it. */
const ACKS_ALL = -1;
/** A broker that is away is given up soon: the outbox holds a transaction meanwhile, and tries again by itself. */
const RETRY = { initialRetryTime: 100, maxRetryTime: 500, retries: 2 };
const TIMEOUT_MS = 3_000;

/**
 * Publishes to Kafka: the event's key is the record's key (the partition is the one that Java clients choose), its id a
 * header. One batch after the other, so that what is sent again never overtakes what follows. Connects when it is first used.
 */
export function openKafkaPublisher(access: KafkaAccess, log: Log): Publisher {
  const kafka = new Kafka({
    clientId: 'outbox',
    ...kafkajsSettings(access),
    logLevel: logLevel.WARN,
    logCreator: kafkaLog(log),
    connectionTimeout: TIMEOUT_MS,
    requestTimeout: TIMEOUT_MS,
    retry: RETRY,
  });
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    maxInFlightRequests: 1,
    retry: RETRY,
  });
  let connected: Promise<void> | undefined;
  return {
    async publish(records) {
      connected ??= producer.connect();
      await connected.catch((failure: unknown) => {
        connected = undefined;
        throw failure;
      });
      await producer.sendBatch({ acks: ACKS_ALL, timeout: TIMEOUT_MS, topicMessages: byTopic(records) });
    },
    close: () => producer.disconnect(),
  };
}

function byTopic(records: readonly OutboxRecord[]) {
  const topics = [...new Set(records.map(({ topic }) => topic))];
  return topics.map((topic) => ({
    topic,
    messages: records
      .filter((record) => record.topic === topic)
      .map(({ id, key, body }) => ({ key, value: body, headers: { id } })),
  }));
}
