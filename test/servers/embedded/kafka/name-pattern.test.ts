import { describe, expect, it } from 'vitest';
import { compileNamePattern } from '../../../../src/embedded/kafka/name-pattern.js';
import { errorName } from '../../../../src/protocol/kafka/errors.js';
import { consumerGroupHeartbeat } from '../../../../src/protocol/kafka/messages/consumer-group-heartbeat.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { listTransactions } from '../../../../src/protocol/kafka/messages/list-transactions.js';
import { TestBroker } from './running-broker.js';

const matches = async (source: string, name: string): Promise<boolean | string> => {
  const pattern = await compileNamePattern(source);
  return typeof pattern === 'string' ? 'invalid' : pattern.matches(name);
};

describe("a client's regular expression", () => {
  it.each([
    ['orders-.*', 'orders-eu', true],
    ['orders', 'orders-eu', false],
    ['a|b', 'ab', false],
    ['(?i)ORDERS', 'orders', true],
    ['\\pL+', 'été', true],
    ['\\Qa.b\\E', 'a.b', true],
    ['(a+)+b', `${'a'.repeat(2_000)}c`, false], // a backtracking engine never comes back from this
    ['a(?=b)', 'a', 'invalid'],
    ['(a)\\1', 'aa', 'invalid'],
    ['(', '', 'invalid'],
    ['(a{1000}){1000}', 'a', 'invalid'],
    ['('.repeat(100_000) + ')'.repeat(100_000), '', 'invalid'],
  ])('%.20s on %.20s is %s, as in RE2', async (source, name, expected) => {
    expect(await matches(source, name)).toBe(expected);
  });

  it('is refused by both requests that take one where it is invalid', async () => {
    const client = await (await TestBroker.start()).client();
    const join = {
      groupId: 'g',
      memberId: 'm',
      memberEpoch: 0,
      rebalanceTimeoutMs: 60_000,
      subscribedTopicNames: [],
      topicPartitions: [],
    };
    const refused = await client.send(consumerGroupHeartbeat, 1, { ...join, subscribedTopicRegex: 'a(?=b)' });
    expect(errorName(refused.errorCode)).toBe('INVALID_REGULAR_EXPRESSION');
    const listed = await client.send(listTransactions, 2, {
      stateFilters: [],
      producerIdFilters: [],
      transactionalIdPattern: '(a',
    });
    expect(errorName(listed.errorCode)).toBe('INVALID_REGULAR_EXPRESSION');
  });

  it('still holds after a restart of the broker, with the assignment that it led to', async () => {
    const broker = await TestBroker.start();
    const before = await broker.client();
    const topic = (name: string) => ({ name, numPartitions: 1, replicationFactor: 1 });
    await before.send(createTopics, 5, { topics: [topic('orders-eu'), topic('payments')] });
    const joined = await before.send(consumerGroupHeartbeat, 1, {
      groupId: 'g',
      memberId: 'm',
      memberEpoch: 0,
      rebalanceTimeoutMs: 60_000,
      subscribedTopicNames: [],
      subscribedTopicRegex: 'orders-.*',
      topicPartitions: [],
    });
    expect(joined.assignment?.topicPartitions).toHaveLength(1);
    before.close();
    await broker.restart();
    const after = await broker.client();
    const beat = { groupId: 'g', memberId: 'm', memberEpoch: joined.memberEpoch };
    const quiet = await after.send(consumerGroupHeartbeat, 1, beat);
    expect([errorName(quiet.errorCode), quiet.memberEpoch, quiet.assignment]).toEqual([
      'NONE',
      joined.memberEpoch,
      null,
    ]);
    await after.send(createTopics, 5, { topics: [topic('orders-us')] });
    const more = await after.send(consumerGroupHeartbeat, 1, beat);
    expect(more.assignment?.topicPartitions).toHaveLength(2);
  });
});
