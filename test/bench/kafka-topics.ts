import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTopics } from '../../src/protocol/kafka/messages/create-topics.js';
import { metadata } from '../../src/protocol/kafka/messages/metadata.js';
import { produce } from '../../src/protocol/kafka/messages/produce.js';
import { batchOf } from '../support/kafka-batch.js';
import { KafkaProcess } from '../support/kafka-process.js';
import { RawClient } from '../support/kafka-raw-client.js';

const TOPICS = 2000;
const PARTITIONS = 10;
/** Topics that one request creates. */
const AT_ONCE = 100;

export interface ManyTopics {
  readonly createMs: number;
  readonly stopMs: number;
  /** From the start of the process after SIGKILL until all topics are described. */
  readonly startAfterKillMs: number;
}

/** 2,000 topics of ten partitions on the embedded broker, a record in each partition. */
export async function manyTopics(): Promise<ManyTopics> {
  const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-topics-'));
  let broker = await KafkaProcess.start(dataDir);
  try {
    let startedMs = performance.now();
    const client = await RawClient.open(broker.address);
    for (let from = 0; from < TOPICS; from += AT_ONCE) {
      const topics = Array.from({ length: AT_ONCE }, (_, at) => ({
        name: `topic-${from + at}`,
        numPartitions: PARTITIONS,
        replicationFactor: 1,
      }));
      const answer = await client.send(createTopics, 5, { topics, timeoutMs: 60_000 });
      if (answer.topics.some(({ errorCode }) => errorCode !== 0)) throw new Error('a topic was refused');
    }
    const createMs = performance.now() - startedMs;
    const records = batchOf(['one']);
    const partitionData = Array.from({ length: PARTITIONS }, (_, index) => ({ index, records }));
    for (let at = 0; at < TOPICS; at += 1) {
      await client.send(produce, 9, {
        acks: -1,
        timeoutMs: 30_000,
        topicData: [{ name: `topic-${at}`, partitionData }],
      });
    }
    client.close();

    await broker.stop('SIGKILL');
    startedMs = performance.now();
    broker = await KafkaProcess.start(dataDir);
    const again = await RawClient.open(broker.address);
    const { topics } = await again.send(metadata, 12, { topics: null });
    if (topics.length !== TOPICS) throw new Error(`${topics.length} topics are left`);
    const startAfterKillMs = performance.now() - startedMs;
    again.close();

    startedMs = performance.now();
    await broker.stop();
    return { createMs, startAfterKillMs, stopMs: performance.now() - startedMs };
  } finally {
    await broker.stop('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  }
}
