import { describe, expect, it } from 'vitest';
import { encodeRequest } from '../../../../src/protocol/kafka/codec.js';
import { errorCode } from '../../../../src/protocol/kafka/errors.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { deleteRecords } from '../../../../src/protocol/kafka/messages/delete-records.js';
import { fetch } from '../../../../src/protocol/kafka/messages/fetch.js';
import { initProducerId } from '../../../../src/protocol/kafka/messages/init-producer-id.js';
import { listOffsets } from '../../../../src/protocol/kafka/messages/list-offsets.js';
import { produce } from '../../../../src/protocol/kafka/messages/produce.js';
import { baseOffsetOf, recordsOf, sizeOf } from '../../../../src/protocol/kafka/record-batch.js';
import { batchOf } from '../../../support/kafka-batch.js';
import type { RawClient } from '../../../support/kafka-raw-client.js';
import { TestBroker } from './running-broker.js';

const TOPIC = 'orders';

async function topic(client: RawClient, config: Record<string, string> = {}, numPartitions = 1): Promise<void> {
  const configs = Object.entries(config).map(([name, value]) => ({ name, value }));
  const answer = await client.send(createTopics, 5, {
    topics: [{ name: TOPIC, numPartitions, replicationFactor: 1, configs }],
  });
  expect(answer.topics[0]?.errorMessage ?? null).toBeNull();
}

async function send(client: RawClient, records: Buffer) {
  const answer = await client.send(produce, 9, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: TOPIC, partitionData: [{ index: 0, records }] }],
  });
  const partition = answer.responses[0]?.partitionResponses[0];
  return { error: partition?.errorCode, offset: partition?.baseOffset };
}

async function read(client: RawClient, from: bigint, options: { maxBytes?: number; waitMs?: number } = {}) {
  const answer = await client.send(fetch, 12, {
    maxWaitMs: options.waitMs ?? 0,
    minBytes: 1,
    topics: [
      {
        topic: TOPIC,
        partitions: [{ partition: 0, fetchOffset: from, partitionMaxBytes: options.maxBytes ?? 1_000_000 }],
      },
    ],
  });
  const partition = answer.responses[0]?.partitions[0];
  const bytes = partition?.records ?? Buffer.alloc(0);
  const values: string[] = [];
  for (let at = 0; at + 61 <= bytes.length && at + sizeOf(bytes, at) <= bytes.length; at += sizeOf(bytes, at)) {
    const batch = bytes.subarray(at, at + sizeOf(bytes, at));
    values.push(...recordsOf(batch).map(({ value, offset }) => `${offset}:${value}`));
  }
  return { error: partition?.errorCode, values, highWatermark: partition?.highWatermark, bytes };
}

async function latestOffset(client: RawClient): Promise<bigint | undefined> {
  const answer = await client.send(listOffsets, 7, {
    topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0, timestamp: -1n }] }],
  });
  return answer.topics[0]?.partitions[0]?.offset;
}

describe('produce and fetch', () => {
  it('stores batches in order and gives them back as they came', async () => {
    const client = await (await TestBroker.start()).client();
    await topic(client);
    expect(await send(client, batchOf(['a', 'b']))).toEqual({ error: 0, offset: 0n });
    expect(await send(client, batchOf(['c']))).toEqual({ error: 0, offset: 2n });
    const { values, highWatermark } = await read(client, 0n);
    expect(values).toEqual(['0:a', '1:b', '2:c']);
    expect(highWatermark).toBe(3n);
    expect((await read(client, 2n)).values).toEqual(['2:c']);
    expect((await read(client, 4n)).error).toBe(errorCode('OFFSET_OUT_OF_RANGE'));
  });

  it('refuses each damage to a batch with its own error, and stays usable', async () => {
    const client = await (await TestBroker.start()).client();
    await topic(client, { 'max.message.bytes': '2000' });
    const damaged = (change: (batch: Buffer) => void) => {
      const batch = batchOf(['value one', 'value two']);
      change(batch);
      return batch;
    };
    const cases: Array<[string, Buffer, Parameters<typeof errorCode>[0]]> = [
      ['a wrong CRC', damaged((b) => b.writeUInt32BE(1, 17)), 'CORRUPT_MESSAGE'],
      ['another format', damaged((b) => b.writeInt8(1, 16)), 'INVALID_RECORD'],
      ['a length that lies', damaged((b) => b.writeInt32BE(5000, 8)), 'INVALID_RECORD'],
      ['a truncated batch', batchOf(['value']).subarray(0, -3), 'INVALID_RECORD'],
      ['no batch', Buffer.alloc(0), 'INVALID_RECORD'],
      ['two batches', Buffer.concat([batchOf(['a']), batchOf(['b'])]), 'INVALID_RECORD'],
      ['another count', batchOf(['a', 'b'], { lastOffsetDelta: 7 }), 'INVALID_RECORD'],
      ['too many bytes', batchOf(['x'.repeat(3000)]), 'MESSAGE_TOO_LARGE'],
      ['a control batch', batchOf(['a'], { control: true }), 'INVALID_RECORD'],
      ['a time in the far future', batchOf(['a'], { timestampMs: Date.now() + 1e9 }), 'INVALID_TIMESTAMP'],
    ];
    for (const [what, records, error] of cases) {
      expect((await send(client, records)).error, what).toBe(errorCode(error));
    }
    expect(await send(client, batchOf(['fine']))).toEqual({ error: 0, offset: 0n });
  });

  it('answers a repeated batch of an idempotent producer with its first offset, and refuses gaps and old epochs', async () => {
    const broker = await TestBroker.start();
    const client = await broker.client();
    await topic(client);
    const { producerId } = await client.send(initProducerId, 4, { transactionalId: null, transactionTimeoutMs: 1 });
    const from = (baseSequence: number, producerEpoch = 1) =>
      batchOf(['a', 'b'], { producerId: Number(producerId), producerEpoch, baseSequence });
    expect(await send(client, from(0))).toEqual({ error: 0, offset: 0n });
    expect(await send(client, from(2))).toEqual({ error: 0, offset: 2n });
    expect(await send(client, from(0))).toEqual({ error: 0, offset: 0n });
    expect((await send(client, from(6))).error).toBe(errorCode('OUT_OF_ORDER_SEQUENCE_NUMBER'));
    expect((await send(client, from(4, 0))).error).toBe(errorCode('INVALID_PRODUCER_EPOCH'));
    await broker.restart();
    const again = await broker.client();
    expect(await send(again, from(2))).toEqual({ error: 0, offset: 2n });
    expect(await send(again, from(4))).toEqual({ error: 0, offset: 4n });
  });

  it('sends nothing back for acks=0 and still stores', async () => {
    const client = await (await TestBroker.start()).client();
    await topic(client);
    const topicData = [{ name: TOPIC, partitionData: [{ index: 0, records: batchOf(['a']) }] }];
    const frame = encodeRequest(produce, 9, { correlationId: 0, clientId: null }, { acks: 0, topicData });
    client.socket.write(Buffer.concat(frame));
    expect(await latestOffset(client)).toBe(1n);
  });

  it('stores what a producer with acks=0 sent before it went, though the first batch waits for its codec', async () => {
    const broker = await TestBroker.start();
    const client = await broker.client();
    await topic(client, { 'compression.type': 'zstd' });
    const frames = Array.from({ length: 50 }, (_, at) => {
      const topicData = [{ name: TOPIC, partitionData: [{ index: 0, records: batchOf([`${at}`]) }] }];
      return encodeRequest(produce, 9, { correlationId: at, clientId: null }, { acks: 0, topicData });
    });
    const parting = await broker.client();
    parting.socket.end(Buffer.concat(frames.flat()));
    await expect.poll(() => latestOffset(client), { timeout: 10_000 }).toBe(50n);
  });

  it('ends the connection of a producer with acks=0 whose batch is refused', async () => {
    const client = await (await TestBroker.start()).client();
    const topicData = [{ name: 'missing', partitionData: [{ index: 0, records: batchOf(['a']) }] }];
    const frame = encodeRequest(produce, 9, { correlationId: 0, clientId: null }, { acks: 0, topicData });
    client.socket.write(Buffer.concat(frame));
    await client.closed;
  });

  it('wakes a waiting fetch with the next record, and ends it after its time', async () => {
    const broker = await TestBroker.start();
    const [reader, writer] = [await broker.client(), await broker.client()];
    await topic(writer);
    const waiting = read(reader, 0n, { waitMs: 30_000 });
    await send(writer, batchOf(['late']));
    expect((await waiting).values).toEqual(['0:late']);
    expect((await read(reader, 1n, { waitMs: 50 })).values).toEqual([]);
  });

  it('gives the first batch whole, however small the bound', async () => {
    const client = await (await TestBroker.start()).client();
    await topic(client);
    await send(client, batchOf(['x'.repeat(5000)]));
    expect((await read(client, 0n, { maxBytes: 10 })).bytes.length).toBeGreaterThan(5000);
  });

  it('finds offsets by time, the greatest time, beginning and end', async () => {
    const client = await (await TestBroker.start()).client();
    await topic(client);
    const start = Date.now();
    for (const [at, value] of ['a', 'b', 'c'].entries()) {
      await send(client, batchOf([value], { timestampMs: start + at * 1000 }));
    }
    const at = async (timestamp: bigint) => {
      const partitions = [{ partitionIndex: 0, timestamp }];
      const answer = await client.send(listOffsets, 8, { topics: [{ name: TOPIC, partitions }] });
      return answer.topics[0]?.partitions[0]?.offset;
    };
    expect(await at(BigInt(start + 500))).toBe(1n);
    expect(await at(BigInt(start + 2000))).toBe(2n);
    expect(await at(BigInt(start + 9000))).toBe(-1n);
    expect([await at(-1n), await at(-2n), await at(-3n)]).toEqual([3n, 0n, 2n]);
  });

  it('moves the beginning up where records are deleted, also over a restart', async () => {
    const broker = await TestBroker.start();
    const client = await broker.client();
    await topic(client);
    await send(client, batchOf(['a', 'b', 'c']));
    const partitions = [{ partitionIndex: 0, offset: 2n }];
    const answer = await client.send(deleteRecords, 2, { topics: [{ name: TOPIC, partitions }], timeoutMs: 1000 });
    expect(answer.topics[0]?.partitions[0]?.lowWatermark).toBe(2n);
    await broker.restart();
    const again = await broker.client();
    expect((await read(again, 0n)).error).toBe(errorCode('OFFSET_OUT_OF_RANGE'));
    expect((await read(again, 2n)).values).toContain('2:c');
  });

  it('stamps records with the time of their arrival where the topic wants it', async () => {
    const client = await (await TestBroker.start()).client();
    await topic(client, { 'message.timestamp.type': 'LogAppendTime' });
    await send(client, batchOf(['a'], { timestampMs: 1000 }));
    const { bytes } = await read(client, 0n);
    expect(recordsOf(bytes)[0]?.timestampMs).toBeGreaterThan(Date.now() - 60_000);
  });

  it('rolls segments and reads on from one to the next', async () => {
    const broker = await TestBroker.start();
    const client = await broker.client();
    await topic(client, { 'segment.bytes': '1048576' });
    for (let at = 0; at < 30; at++) await send(client, batchOf(['x'.repeat(100_000)]));
    let offset = 0n;
    while (offset < 30n) {
      const { bytes } = await read(client, offset, { maxBytes: 300_000 });
      expect(baseOffsetOf(bytes)).toBe(Number(offset));
      for (let at = 0; at + 61 <= bytes.length && at + sizeOf(bytes, at) <= bytes.length; at += sizeOf(bytes, at))
        offset++;
    }
    await broker.restart();
    expect((await read(await broker.client(), 29n)).bytes.length).toBeGreaterThan(100_000);
  });
});
