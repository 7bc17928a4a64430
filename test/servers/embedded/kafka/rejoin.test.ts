import { expect, it } from 'vitest';
import { errorName } from '../../../../src/protocol/kafka/errors.js';
import { consumerGroupHeartbeat } from '../../../../src/protocol/kafka/messages/consumer-group-heartbeat.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { offsetCommit } from '../../../../src/protocol/kafka/messages/offset-commit.js';
import type { RawClient } from '../../../support/kafka-raw-client.js';
import { TestBroker } from './running-broker.js';

const GROUP = { groupId: 'g', memberId: 'm' };

const join = (client: RawClient) =>
  client.send(consumerGroupHeartbeat, 1, {
    ...GROUP,
    memberEpoch: 0,
    rebalanceTimeoutMs: 1000,
    subscribedTopicNames: ['t'],
    topicPartitions: [],
  });

it('lets members of the consumer protocol go on after a restart, and an unknown one join again', async () => {
  const broker = await TestBroker.start();
  const before = await broker.client();
  await before.send(createTopics, 5, { topics: [{ name: 't', numPartitions: 2, replicationFactor: 1 }] });
  const { memberEpoch } = await join(before);
  const topics = [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 5n }] }];
  const commit = { ...GROUP, generationIdOrMemberEpoch: memberEpoch, topics };
  await before.send(offsetCommit, 9, commit);

  await broker.restart();
  const client = await broker.client();
  const beat = await client.send(consumerGroupHeartbeat, 1, { ...GROUP, memberEpoch });
  expect([errorName(beat.errorCode), beat.memberEpoch]).toEqual(['NONE', memberEpoch]);
  const committed = await client.send(offsetCommit, 9, commit);
  expect(committed.topics[0]?.partitions[0]?.errorCode).toBe(0);
  // GROUP_ID_NOT_FOUND, which a group of the classic protocol gives, ends Java's consumer for good.
  const unknown = await client.send(consumerGroupHeartbeat, 1, { ...GROUP, memberId: 'other', memberEpoch });
  expect(errorName(unknown.errorCode)).toBe('UNKNOWN_MEMBER_ID');
  expect((await join(client)).assignment?.topicPartitions[0]?.partitions).toEqual([0, 1]);
});

it('takes no more members of the consumer protocol than group.consumer.max.size', async () => {
  const broker = await TestBroker.start({ config: { 'group.consumer.max.size': '1', 'group.max.size': '5' } });
  const client = await broker.client();
  const joined = async (memberId: string) => {
    const subscription = { rebalanceTimeoutMs: 1000, subscribedTopicNames: ['t'], topicPartitions: [] };
    return client.send(consumerGroupHeartbeat, 1, { groupId: 'g', memberId, memberEpoch: 0, ...subscription });
  };
  expect(errorName((await joined('a')).errorCode)).toBe('NONE');
  expect(errorName((await joined('b')).errorCode)).toBe('GROUP_MAX_SIZE_REACHED');
});
