import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTopics } from '../../src/protocol/kafka/messages/create-topics.js';
import { fetch } from '../../src/protocol/kafka/messages/fetch.js';
import { listOffsets } from '../../src/protocol/kafka/messages/list-offsets.js';
import { metadata } from '../../src/protocol/kafka/messages/metadata.js';
import { produce } from '../../src/protocol/kafka/messages/produce.js';
import { batchOf } from '../support/kafka-batch.js';
import { KafkaProcess } from '../support/kafka-process.js';
import { RawClient } from '../support/kafka-raw-client.js';

const PARTITIONS = 10;
const TOPIC = 'much';

export interface Starts {
  /** From the start of the process to the answer to a client's Metadata, after a shutdown in order. */
  readonly metadataMs: number;
  /** Until also the last record of each partition was fetched. */
  readonly lastRecordsMs: number;
  /** After SIGKILL in the middle of 100 MB more: until the end of each partition is known, so its tail checked. */
  readonly afterKillMs: number;
}

/** How long the embedded broker takes to start on so much data. */
export async function startsWithData(gigabytes: number): Promise<Starts> {
  const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-much-'));
  let broker = await KafkaProcess.start(dataDir);
  try {
    const first = await RawClient.open(broker.address);
    await first.send(createTopics, 5, { topics: [{ name: TOPIC, numPartitions: PARTITIONS, replicationFactor: 1 }] });
    first.close();
    await append(broker, gigabytes * 1024);
    await broker.stop();

    let startedMs = performance.now();
    broker = await KafkaProcess.start(dataDir);
    const client = await RawClient.open(broker.address);
    await client.send(metadata, 12, { topics: null });
    const metadataMs = performance.now() - startedMs;
    for (const { partition, offset } of await ends(client)) {
      const partitions = [{ partition, fetchOffset: offset - 1n, partitionMaxBytes: 1 }];
      await client.send(fetch, 12, { maxWaitMs: 0, minBytes: 1, topics: [{ topic: TOPIC, partitions }] });
    }
    const lastRecordsMs = performance.now() - startedMs;
    client.close();

    await append(broker, 100);
    await broker.stop('SIGKILL');
    startedMs = performance.now();
    broker = await KafkaProcess.start(dataDir);
    const last = await RawClient.open(broker.address);
    await ends(last);
    last.close();
    return { metadataMs, lastRecordsMs, afterKillMs: performance.now() - startedMs };
  } finally {
    await broker.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Records of almost 1 MB, to all partitions in turn. */
async function append(broker: KafkaProcess, megabytes: number): Promise<void> {
  const client = await RawClient.open(broker.address);
  const records = batchOf(['x'.repeat(1024 * 1024 - 200)]);
  for (let sent = 0; sent < megabytes; sent++) {
    const topicData = [{ name: TOPIC, partitionData: [{ index: sent % PARTITIONS, records }] }];
    const { responses } = await client.send(produce, 9, { acks: -1, timeoutMs: 30_000, topicData });
    const { errorCode } = responses[0]?.partitionResponses[0] ?? { errorCode: -1 };
    if (errorCode !== 0) throw new Error(`refused with error ${errorCode}`);
  }
  client.close();
}

async function ends(client: RawClient): Promise<Array<{ readonly partition: number; readonly offset: bigint }>> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1n }));
  const answer = await client.send(listOffsets, 7, { topics: [{ name: TOPIC, partitions }] });
  return (answer.topics[0]?.partitions ?? []).map(({ partitionIndex, offset }) => ({
    partition: partitionIndex,
    offset,
  }));
}
