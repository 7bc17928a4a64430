import { expect, it } from 'vitest';
import { encodeRequest } from '../../src/protocol/kafka/codec.js';
import { apiVersions } from '../../src/protocol/kafka/messages/api-versions.js';
import { createTopics } from '../../src/protocol/kafka/messages/create-topics.js';
import { fetch } from '../../src/protocol/kafka/messages/fetch.js';
import { joinGroup } from '../../src/protocol/kafka/messages/join-group.js';
import { listOffsets } from '../../src/protocol/kafka/messages/list-offsets.js';
import { metadata } from '../../src/protocol/kafka/messages/metadata.js';
import { offsetCommit } from '../../src/protocol/kafka/messages/offset-commit.js';
import { produce } from '../../src/protocol/kafka/messages/produce.js';
import { TestBroker } from '../servers/embedded/kafka/running-broker.js';
import { batchOf } from '../support/kafka-batch.js';
import { RawClient } from '../support/kafka-raw-client.js';
import { seeded } from '../support/seeded.js';

const FRAMES = Number(process.env.EVPIPE_SOAK_FRAMES ?? 20_000);
const SEED = Number(process.env.EVPIPE_SOAK_SEED ?? 1);

const HEADER = { correlationId: 1, clientId: 'damaged' };

const partitions = [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1000 }];
const whole: readonly Buffer[] = [
  encodeRequest(apiVersions, 3, HEADER, { clientSoftwareName: 'x', clientSoftwareVersion: '1' }),
  encodeRequest(metadata, 12, HEADER, { topics: null }),
  encodeRequest(produce, 9, HEADER, {
    acks: -1,
    topicData: [{ name: 't', partitionData: [{ index: 0, records: batchOf(['one', 'two']) }] }],
  }),
  encodeRequest(fetch, 12, HEADER, { minBytes: 1, topics: [{ topic: 't', partitions }] }),
  encodeRequest(listOffsets, 7, HEADER, {
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: 0n }] }],
  }),
  encodeRequest(offsetCommit, 8, HEADER, {
    groupId: 'g',
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 1n }] }],
  }),
  encodeRequest(joinGroup, 7, HEADER, { groupId: 'j', protocolType: 'consumer', sessionTimeoutMs: 6000 }),
  encodeRequest(createTopics, 7, HEADER, { topics: [{ name: 'u', numPartitions: 1, replicationFactor: 1 }] }),
].map((parts) => Buffer.concat(parts));

it(`goes on among ${FRAMES} damaged requests`, async () => {
  process.stderr.write(`seed ${SEED}\n`);
  const random = seeded(SEED);
  const below = (bound: number) => Math.floor(random() * bound);
  const broker = await TestBroker.start();
  const good = await broker.client();
  await good.send(createTopics, 5, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] });
  for (let round = 0; round < FRAMES; round++) {
    const frame = Buffer.from(whole[below(whole.length)] ?? []);
    for (let flips = 1 + below(3); flips > 0; flips--) frame[4 + below(frame.length - 4)] = below(256);
    const cut = below(10) === 0 ? below(frame.length) : frame.length;
    const bad = await RawClient.open(broker.address);
    bad.socket.write(frame.subarray(0, cut));
    await new Promise((resolve) => setImmediate(resolve));
    bad.close();
    if (round % 100 === 0) expect((await good.send(metadata, 12, { topics: null })).brokers).toHaveLength(1);
  }
  await broker.restart(); // what they left in its folder can be read again
  const again = await broker.client();
  expect((await again.send(metadata, 12, { topics: null })).topics.map(({ name }) => name)).toContain('t');
});
