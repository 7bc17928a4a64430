import { expect, it } from 'vitest';
import { ByteRate } from '../../../../src/embedded/kafka/security/byte-rate.js';
import { alterClientQuotas } from '../../../../src/protocol/kafka/messages/alter-client-quotas.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { fetch } from '../../../../src/protocol/kafka/messages/fetch.js';
import { metadata } from '../../../../src/protocol/kafka/messages/metadata.js';
import { produce } from '../../../../src/protocol/kafka/messages/produce.js';
import { batchOf } from '../../../support/kafka-batch.js';
import type { RawClient } from '../../../support/kafka-raw-client.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { TestBroker } from './running-broker.js';

it('lets a burst of ten seconds pass, and then asks for as long as the excess lasts', () => {
  const rate = new ByteRate(11, 1000);
  expect(rate.record(10_000, 1000, 0)).toBe(0);
  expect(rate.record(2_000, 1000, 0)).toBe(2000);
  // After eleven seconds the first window is forgotten.
  expect(rate.record(10_000, 1000, 11_000)).toBe(0);
});

async function limited(entity: ReadonlyArray<readonly [type: string, name: string | null]>, key: string) {
  const clock = new ManualClock(Date.now());
  const broker = await TestBroker.start({ clock });
  const client = await broker.client();
  await client.send(createTopics, 5, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] });
  const entries = [
    {
      entity: entity.map(([entityType, entityName]) => ({ entityType, entityName })),
      ops: [{ key, value: 100, remove: false }],
    },
  ];
  await client.send(alterClientQuotas, 1, { entries, validateOnly: false });
  return { broker, clock, client };
}

async function produced(client: RawClient, bytes: number): Promise<number> {
  const partitionData = [{ index: 0, records: batchOf(['x'.repeat(bytes)]) }];
  return (await client.send(produce, 9, { acks: -1, topicData: [{ name: 't', partitionData }] })).throttleTimeMs;
}

it.each([
  ['its client id', [['client-id', 'raw']]],
  ['any client id', [['client-id', null]]],
  ['a user without a name', [['user', 'ANONYMOUS']]],
  ['any user', [['user', null]]],
  [
    'user and client id',
    [
      ['client-id', 'raw'],
      ['user', 'ANONYMOUS'],
    ],
  ],
] as const)('throttles a producer by the quota of %s', async (_, entity) => {
  const { client } = await limited(entity, 'producer_byte_rate');
  expect(await produced(client, 500)).toBe(0);
  expect(await produced(client, 5000)).toBeGreaterThan(0);
});

it('reads nothing more from a throttled client until its time is over', async () => {
  const { broker, client, clock } = await limited([['client-id', 'raw']], 'producer_byte_rate');
  const throttleMs = await produced(client, 5000);
  let answered = false;
  const later = produced(client, 1).then(() => {
    answered = true;
  });
  const other = await broker.client();
  clock.pass(throttleMs - 1);
  await other.send(metadata, 9, { topics: null });
  expect(answered).toBe(false);
  clock.pass(1);
  await later;
});

it('throttles a consumer, and nobody else', async () => {
  const { client } = await limited([['client-id', 'raw']], 'consumer_byte_rate');
  expect(await produced(client, 5000)).toBe(0);
  const partitions = [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1_000_000 }];
  const answer = await client.send(fetch, 12, { maxWaitMs: 0, minBytes: 0, topics: [{ topic: 't', partitions }] });
  expect(answer.responses[0]?.partitions[0]?.records?.length).toBeGreaterThan(5000);
  expect(answer.throttleTimeMs).toBeGreaterThan(0);
});

it('throttles nobody whose quota is another client’s', async () => {
  const { client } = await limited([['client-id', 'other']], 'producer_byte_rate');
  expect(await produced(client, 5000)).toBe(0);
});
