import { expect, it } from 'vitest';
import { errorCode } from '../../../../src/protocol/kafka/errors.js';
import { consumerGroupHeartbeat } from '../../../../src/protocol/kafka/messages/consumer-group-heartbeat.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { offsetCommit } from '../../../../src/protocol/kafka/messages/offset-commit.js';
import type { RawClient } from './raw-client.js';
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

it('tells a member of the consumer protocol to join again after a restart, also where its group had committed', async () => {
  const broker = await TestBroker.start();
  const before = await broker.client();
  await before.send(createTopics, 5, { topics: [{ name: 't', numPartitions: 2, replicationFactor: 1 }] });
  const { memberEpoch } = await join(before);
  const topics = [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 5n }] }];
  await before.send(offsetCommit, 9, { ...GROUP, generationIdOrMemberEpoch: memberEpoch, topics });

  await broker.restart();
  const client = await broker.client();
  // GROUP_ID_NOT_FOUND, which a group of the classic protocol gives, ends Java's consumer for good.
  const beat = await client.send(consumerGroupHeartbeat, 1, { ...GROUP, memberEpoch });
  expect(beat.errorCode).toBe(errorCode('UNKNOWN_MEMBER_ID'));
  const again = await join(client);
  expect(again.errorCode).toBe(0);
  expect(again.assignment?.topicPartitions[0]?.partitions).toEqual([0, 1]);
});
