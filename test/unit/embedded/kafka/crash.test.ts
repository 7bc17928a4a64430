import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import getPort from 'get-port';
import { afterEach, describe, expect, it } from 'vitest';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { fetch } from '../../../../src/protocol/kafka/messages/fetch.js';
import { initProducerId } from '../../../../src/protocol/kafka/messages/init-producer-id.js';
import { produce } from '../../../../src/protocol/kafka/messages/produce.js';
import { recordsOf, sizeOf } from '../../../../src/protocol/kafka/record-batch.js';
import { batchOf, RawClient } from './raw-client.js';

const KILLS = Number(process.env.KILLS ?? 2);
const PRODUCERS = 4;
const ENTRY = fileURLToPath(new URL('../../../../dist/embedded/kafka/process.js', import.meta.url));

let child: ChildProcess | undefined;
const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-crash-'));
afterEach(async () => {
  if (child !== undefined) await kill(child);
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(port: number): Promise<ChildProcess> {
  const started = fork(ENTRY, {
    env: { ...process.env, EVPIPE_SERVER_OPTIONS: JSON.stringify({ dataDir, port }) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await new Promise<void>((resolve, reject) => {
    started.once('message', () => resolve());
    started.once('exit', (code) => reject(new Error(`the broker ended with ${code}`)));
  });
  return started;
}

function kill(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return Promise.resolve();
  const ended = new Promise<void>((resolve) => process.once('exit', () => resolve()));
  process.kill('SIGKILL');
  return ended;
}

/** Connects again and again until the broker is back. */
async function connected(address: string): Promise<RawClient> {
  for (;;) {
    try {
      return await RawClient.open(address);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Sends numbered records, each batch until it is acknowledged, over as many connections as it takes. */
async function keepProducing(
  address: string,
  partition: number,
  goOn: () => boolean,
  acknowledged: () => void,
): Promise<number> {
  let client = await connected(address);
  const { producerId } = await client.send(initProducerId, 4, { transactionalId: null, transactionTimeoutMs: 1000 });
  let sequence = 0;
  while (goOn()) {
    const values = Array.from({ length: 20 }, (_, at) => String(sequence + at));
    for (;;) {
      try {
        const records = batchOf(values, { producerId: Number(producerId), producerEpoch: 0, baseSequence: sequence });
        const topicData = [{ name: 't', partitionData: [{ index: partition, records }] }];
        const answer = await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
        expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
        break;
      } catch (failure) {
        if (!(failure instanceof Error) || !failure.message.includes('closed the connection')) throw failure;
        client = await connected(address);
      }
    }
    sequence += values.length;
    acknowledged();
  }
  client.close();
  return sequence;
}

async function readAll(client: RawClient, partition: number): Promise<number[]> {
  const values: number[] = [];
  for (;;) {
    const partitions = [{ partition, fetchOffset: BigInt(values.length), partitionMaxBytes: 1_000_000 }];
    const answer = await client.send(fetch, 12, { maxWaitMs: 0, minBytes: 1, topics: [{ topic: 't', partitions }] });
    const bytes = answer.responses[0]?.partitions[0]?.records ?? Buffer.alloc(0);
    if (bytes.length === 0) return values;
    for (let at = 0; at + 61 <= bytes.length && at + sizeOf(bytes, at) <= bytes.length; at += sizeOf(bytes, at)) {
      const records = recordsOf(bytes.subarray(at, at + sizeOf(bytes, at)));
      for (const { offset, value } of records) if (offset >= values.length) values.push(Number(value));
    }
  }
}

describe('a broker that is killed', () => {
  it(`keeps every acknowledged record once and in order over ${KILLS} kills under load`, {
    timeout: 60_000 + KILLS * 10_000,
  }, async () => {
    const port = await getPort({ host: '127.0.0.1' });
    const address = `127.0.0.1:${port}`;
    child = await start(port);
    const admin = await RawClient.open(address);
    await admin.send(createTopics, 5, { topics: [{ name: 't', numPartitions: PRODUCERS, replicationFactor: 1 }] });
    admin.close();
    let running = true;
    let batches = 0;
    const producers = Array.from({ length: PRODUCERS }, (_, partition) =>
      keepProducing(
        address,
        partition,
        () => running,
        () => batches++,
      ),
    );
    for (let kills = 0; kills < KILLS; kills++) {
      // Not before there is something to lose; then in the middle of the load.
      const enough = batches + 200 + ((kills * 37) % 100);
      while (batches < enough) await new Promise((resolve) => setTimeout(resolve, 5));
      await kill(child);
      child = await start(port);
    }
    const enough = batches + 50;
    while (batches < enough) await new Promise((resolve) => setTimeout(resolve, 5));
    running = false;
    const counts = await Promise.all(producers);
    const reader = await RawClient.open(address);
    for (const [partition, count] of counts.entries()) {
      const values = await readAll(reader, partition);
      expect(values.length).toBe(count);
      expect(values.every((value, at) => value === at)).toBe(true);
    }
    reader.close();
  });
});
