import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { loadCodec } from '../../../../src/protocol/kafka/compression/codecs.js';
import { encodeBatch } from '../../../../src/protocol/kafka/encode-batch.js';
import { type ErrorName, errorName } from '../../../../src/protocol/kafka/errors.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { produce } from '../../../../src/protocol/kafka/messages/produce.js';
import type { RawClient } from '../../../support/kafka-raw-client.js';
import { TestBroker } from './running-broker.js';

const CODECS: ReadonlyArray<readonly [string, number]> = [
  ['gzip', 1],
  ['snappy', 2],
  ['lz4', 3],
  ['zstd', 4],
];

const records = (count: number) =>
  Array.from({ length: count }, (_, offsetDelta) => ({
    offsetDelta,
    timestampMs: Date.now(),
    key: Buffer.from('key'),
    value: Buffer.from(`value ${offsetDelta}`),
  }));

const plain = (count: number): Buffer => encodeBatch({}, records(count)).subarray(61);

/** A batch that says `count` and holds these bytes, with a valid CRC. */
const batch = (compression: number, count: number, body: Buffer): Buffer =>
  encodeBatch({ compression }, records(count), () => body);

async function send(client: RawClient, bytes: Buffer): Promise<ErrorName | undefined> {
  const topicData = [{ name: 't', partitionData: [{ index: 0, records: bytes }] }];
  const { responses } = await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
  return errorName(responses[0]?.partitionResponses[0]?.errorCode ?? -1);
}

async function start(): Promise<RawClient> {
  const client = await (await TestBroker.start()).client();
  await client.send(createTopics, 5, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] });
  return client;
}

describe('a compressed batch', () => {
  it.each(CODECS)('is taken or refused as real Kafka does, with %s', async (_, codec) => {
    const client = await start();
    const { compress } = await loadCodec(codec);
    const good = compress(plain(5));
    const cases: ReadonlyArray<readonly [string, Buffer, ErrorName]> = [
      ['whole', batch(codec, 5, good), 'NONE'],
      ['no compression at all', batch(codec, 5, Buffer.alloc(50, 7)), 'UNKNOWN_SERVER_ERROR'],
      ['cut', batch(codec, 5, good.subarray(0, -6)), 'UNKNOWN_SERVER_ERROR'],
      ['more records said', batch(codec, 7, good), 'INVALID_RECORD'],
      ['fewer records said', batch(codec, 3, good), 'INVALID_RECORD'],
      ['bytes behind', batch(codec, 5, compress(Buffer.concat([plain(5), Buffer.alloc(9)]))), 'INVALID_RECORD'],
      ['whole again', batch(codec, 5, good), 'NONE'],
    ];
    for (const [what, bytes, error] of cases) expect(await send(client, bytes), what).toBe(error);
  });

  it('that would fill the memory when unpacked is refused', async () => {
    const client = await start();
    const zstdOfRepeatedBytes = Buffer.concat([
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]), // magic, no size, window
      ...Array.from({ length: 200_000 }, () => Buffer.from([0x02, 0x00, 0x10, 0x00])), // 128 KiB of one byte each
      Buffer.from([0x03, 0x00, 0x10, 0x00]),
    ]);
    const zstdThatLies = Buffer.from('28b52ffdc000000000f00000000100000000', 'hex');
    const snappyThatLies = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61]);
    const member = gzipSync(Buffer.alloc(1024 * 1024));
    const gzipOfZeros = Buffer.concat(Array.from({ length: 300 }, () => member));
    expect(await send(client, batch(4, 1, zstdOfRepeatedBytes))).toBe('UNKNOWN_SERVER_ERROR');
    expect(await send(client, batch(4, 1, zstdThatLies))).toBe('UNKNOWN_SERVER_ERROR');
    expect(await send(client, batch(2, 1, snappyThatLies))).toBe('UNKNOWN_SERVER_ERROR');
    expect(await send(client, batch(1, 1, gzipOfZeros))).toBe('UNKNOWN_SERVER_ERROR');
  });
});
