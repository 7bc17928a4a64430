import { describe, expect, it } from 'vitest';
import { ByteRate } from '../../../../src/embedded/kafka/security/byte-rate.js';
import { errorName } from '../../../../src/protocol/kafka/errors.js';
import { alterClientQuotas } from '../../../../src/protocol/kafka/messages/alter-client-quotas.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { deleteTopics } from '../../../../src/protocol/kafka/messages/delete-topics.js';
import { fetch } from '../../../../src/protocol/kafka/messages/fetch.js';
import { metadata } from '../../../../src/protocol/kafka/messages/metadata.js';
import { produce } from '../../../../src/protocol/kafka/messages/produce.js';
import { waitUntil } from '../../../../src/support/retry.js';
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

async function limited(entity: ReadonlyArray<readonly [type: string, name: string | null]>, key: string, value = 100) {
  const clock = new ManualClock(Date.now());
  const broker = await TestBroker.start({ clock });
  const client = await broker.client();
  await client.send(createTopics, 5, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] });
  const entries = [
    {
      entity: entity.map(([entityType, entityName]) => ({ entityType, entityName })),
      ops: [{ key, value, remove: false }],
    },
  ];
  const altered = await client.send(alterClientQuotas, 1, { entries, validateOnly: false });
  expect(altered.entries[0]?.errorCode).toBe(0);
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

it('throttles a client whose requests take more than its share of a CPU', async () => {
  // The first window of a second takes the share of all eleven.
  const { client } = await limited([['client-id', 'raw']], 'request_percentage', 1e-9);
  const first = await client.send(metadata, 9, { topics: null });
  expect(first.throttleTimeMs).toBe(1000);
});

describe('controller_mutation_rate', () => {
  const wanted = (name: string, numPartitions: number) => [{ name, numPartitions, replicationFactor: 1 }];

  it('lets a client that goes beyond it wait until that is paid back', async () => {
    const { client, clock } = await limited([['user', 'ANONYMOUS']], 'controller_mutation_rate', 1);
    const first = await client.send(createTopics, 7, { topics: wanted('a', 16) });
    // Eleven are there at the beginning, and one may go beyond what is left.
    expect([first.topics[0]?.errorCode, first.throttleTimeMs]).toEqual([0, 5000]);
    const second = client.send(createTopics, 7, { topics: wanted('b', 1) });
    clock.pass(5000);
    expect((await second).topics[0]?.errorCode).toBe(0);
  });

  it('refuses with an error that newer clients know, and lets older ones wait', async () => {
    const { broker, client } = await limited([['user', 'ANONYMOUS']], 'controller_mutation_rate', 1);
    await client.send(createTopics, 7, { topics: wanted('a', 16) });
    const second = await broker.client();
    const refused = await second.send(createTopics, 7, { topics: wanted('b', 1) });
    expect([errorName(refused.topics[0]?.errorCode ?? -1), refused.throttleTimeMs]).toEqual([
      'THROTTLING_QUOTA_EXCEEDED',
      5000,
    ]);
    const third = await broker.client();
    const old = await third.send(createTopics, 5, { topics: wanted('b', 1) });
    expect([errorName(old.topics[0]?.errorCode ?? -1), old.throttleTimeMs]).toEqual(['NONE', 6000]);
    const fourth = await broker.client();
    const removed = await fourth.send(deleteTopics, 6, { topics: [{ name: 'a' }] });
    expect(errorName(removed.responses[0]?.errorCode ?? -1)).toBe('THROTTLING_QUOTA_EXCEEDED');
  });
});

describe('connections', () => {
  const answered = async (client: RawClient): Promise<boolean> =>
    client.send(metadata, 9, { topics: null }).then(
      () => true,
      () => false,
    );

  it('are closed where an address has too many', async () => {
    const broker = await TestBroker.start({ config: { 'max.connections.per.ip': '2' } });
    const clients = [await broker.client(), await broker.client(), await broker.client()];
    expect(await Promise.all(clients.map(answered))).toEqual([true, true, false]);
    clients[0]?.close();
    await clients[0]?.closed;
    await waitUntil('room for another', async () => (await answered(await broker.client())) || undefined, {
      timeoutMs: 20_000,
    });
  });

  it('may be more for single addresses', async () => {
    const config = { 'max.connections.per.ip': '1', 'max.connections.per.ip.overrides': '10.0.0.1:5,127.0.0.1:2' };
    const broker = await TestBroker.start({ config });
    const clients = [await broker.client(), await broker.client(), await broker.client()];
    expect(await Promise.all(clients.map(answered))).toEqual([true, true, false]);
  });

  it('wait where there are too many of all', async () => {
    const broker = await TestBroker.start({ config: { 'max.connections': '1' } });
    const [first, second] = [await broker.client(), await broker.client()];
    expect(await answered(first)).toBe(true);
    let done = false;
    const waiting = answered(second).then((result) => {
      done = true;
      return result;
    });
    expect(await answered(first)).toBe(true);
    expect(done).toBe(false);
    first.close();
    expect(await waiting).toBe(true);
  });

  it('are closed where an address makes them too often', async () => {
    const { broker } = await limited([['ip', '127.0.0.1']], 'connection_creation_rate', 1);
    const clients = await Promise.all(Array.from({ length: 12 }, () => broker.client()));
    const results = await Promise.all(clients.map(answered));
    // Ten windows of a second are kept in store.
    expect(results.filter((result) => result)).toHaveLength(10);
  });
});
