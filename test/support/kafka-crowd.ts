import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTopics } from '../../src/protocol/kafka/messages/create-topics.js';
import { metadata } from '../../src/protocol/kafka/messages/metadata.js';
import { produce } from '../../src/protocol/kafka/messages/produce.js';
import { batchOf } from './kafka-batch.js';
import { KafkaProcess } from './kafka-process.js';
import { RawClient } from './kafka-raw-client.js';

export interface CrowdOptions {
  /** Of three partitions each. */
  readonly topics: number;
  readonly connections: number;
  readonly idleMs: number;
}

export interface CrowdCosts {
  /** Beyond the memory of a broker that was just started. */
  readonly memoryBytes: number;
  readonly descriptors: number;
  readonly idleCpuPercent: number;
  readonly restartMs: number;
}

const PARTITIONS = 3;
const TOPICS_PER_REQUEST = 50;

/** What a broker needs for many topics that were each written to once, and as many connections that do nothing. */
export async function crowd(options: CrowdOptions): Promise<CrowdCosts> {
  const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-crowd-'));
  let broker = await KafkaProcess.start(dataDir);
  const sockets: Socket[] = [];
  try {
    const fresh = broker.memoryBytes;
    const client = await RawClient.open(broker.address);
    for (let first = 0; first < options.topics; first += TOPICS_PER_REQUEST) await makeTopics(client, first);
    for (let made = 0; made < options.connections; made++) sockets.push(await open(broker.port));
    expectAll(options.topics, (await client.send(metadata, 12, { topics: null })).topics.length);
    const cpuBefore = broker.cpuSeconds;
    await new Promise((resolve) => setTimeout(resolve, options.idleMs)); // this is what is measured
    const idleCpuPercent = ((broker.cpuSeconds - cpuBefore) / options.idleMs) * 100_000;
    const costs = { memoryBytes: broker.memoryBytes - fresh, descriptors: broker.descriptors, idleCpuPercent };
    for (const socket of sockets) socket.destroy();
    client.close();
    await broker.stop();
    broker = await KafkaProcess.start(dataDir);
    const again = await RawClient.open(broker.address);
    expectAll(options.topics, (await again.send(metadata, 12, { topics: null })).topics.length);
    again.close();
    return { ...costs, restartMs: broker.startMs };
  } finally {
    for (const socket of sockets) socket.destroy();
    await broker.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function makeTopics(client: RawClient, first: number): Promise<void> {
  const names = Array.from({ length: TOPICS_PER_REQUEST }, (_, at) => `topic-${first + at}`);
  await client.send(createTopics, 5, {
    timeoutMs: 60_000,
    topics: names.map((name) => ({ name, numPartitions: PARTITIONS, replicationFactor: 1 })),
  });
  const partitionData = () => Array.from({ length: PARTITIONS }, (_, index) => ({ index, records: batchOf(['one']) }));
  const answer = await client.send(produce, 9, {
    acks: -1,
    timeoutMs: 60_000,
    topicData: names.map((name) => ({ name, partitionData: partitionData() })),
  });
  const stored = answer.responses.flatMap(({ partitionResponses }) => partitionResponses);
  expectAll(names.length * PARTITIONS, stored.filter(({ errorCode }) => errorCode === 0).length);
}

function expectAll(wanted: number, found: number): void {
  if (found !== wanted) throw new Error(`${found} of ${wanted}`);
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}
