import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Segment } from '../../../../src/embedded/kafka/log/segment.js';
import { encodeRequest } from '../../../../src/protocol/kafka/codec.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { fetch } from '../../../../src/protocol/kafka/messages/fetch.js';
import { metadata } from '../../../../src/protocol/kafka/messages/metadata.js';
import { produce } from '../../../../src/protocol/kafka/messages/produce.js';
import { batchOf } from '../../../support/kafka-batch.js';
import { KafkaProcess } from '../../../support/kafka-process.js';
import { RawClient } from '../../../support/kafka-raw-client.js';

const MB = 1024 * 1024;
const LOG_BYTES = 16 * MB;
const READERS = 30;
const REQUESTS = 5;

let broker: KafkaProcess | undefined;
let dataDir: string | undefined;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await broker?.stop();
  broker = undefined;
  if (dataDir !== undefined) rmSync(dataDir, { recursive: true, force: true });
});

async function brokerWithLog(): Promise<KafkaProcess> {
  dataDir = mkdtempSync(join(tmpdir(), 'evpipe-load-'));
  broker = await KafkaProcess.start(dataDir);
  const client = await RawClient.open(broker.address);
  await client.send(createTopics, 5, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] });
  const records = batchOf(['x'.repeat(MB - 200)]);
  for (let bytes = 0; bytes < LOG_BYTES; bytes += records.length) {
    const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }];
    await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
  }
  client.close();
  return broker;
}

function fetchAll(correlationId: number): Buffer {
  const partitions = [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: LOG_BYTES }];
  const request = { maxWaitMs: 0, minBytes: 1, maxBytes: LOG_BYTES, topics: [{ topic: 't', partitions }] };
  return Buffer.concat(encodeRequest(fetch, 12, { correlationId, clientId: 'slow' }, request));
}

/** One that asks and does not read before it is told to. */
function slowReader(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      for (let at = 0; at < REQUESTS; at++) socket.write(fetchAll(at));
      resolve(socket);
    });
    socket.once('error', reject);
    sockets.push(socket.pause());
  });
}

function readOn(socket: Socket, bytes: number): Promise<void> {
  let received = 0;
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk) => {
      received += chunk.length;
      if (received >= bytes) resolve();
    });
    socket.once('close', () => reject(new Error(`closed after ${received} bytes`)));
    socket.resume();
  });
}

describe.runIf(process.platform === 'linux')('a broker under load', () => {
  it('holds slow readers by back-pressure and sends them everything as they read on', { timeout: 60_000 }, async () => {
    const running = await brokerWithLog();
    const client = await RawClient.open(running.address);
    await readOn(await slowReader(running.port), REQUESTS * LOG_BYTES); // so that the code and its buffers are there
    const before = running.memoryBytes;
    const readers: Socket[] = [];
    for (let at = 0; at < READERS; at++) readers.push(await slowReader(running.port));
    // Each is in the middle of its first answer now; all that they asked for are 30 times 5 times 16 MB.
    for (let at = 0; at < 20; at++) await client.send(metadata, 12, { topics: null });
    expect(running.memoryBytes - before).toBeLessThan(60 * MB);
    for (const reader of readers.slice(0, 2)) await readOn(reader, REQUESTS * LOG_BYTES);
    expect((await client.send(metadata, 12, { topics: null })).topics).toHaveLength(1);
    expect(running.memoryBytes - before).toBeLessThan(60 * MB);
    client.close();
  });

  it('keeps a bounded number of log files open', () => {
    dataDir = mkdtempSync(join(tmpdir(), 'evpipe-load-'));
    const before = readdirSync('/proc/self/fd').length;
    const segments = Array.from({ length: 1_200 }, (_, at) => new Segment(dataDir ?? '', at));
    for (const [at, segment] of segments.entries()) segment.append(batchOf(['one']), at, at, 0);
    expect(readdirSync('/proc/self/fd').length - before).toBeLessThanOrEqual(1_000);
    for (const [at, segment] of segments.entries()) {
      segment.append(batchOf(['two']), at + 1, at + 1, 0);
      expect([...segment.batches()]).toHaveLength(2);
    }
    for (const segment of segments) segment.close();
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });
});
