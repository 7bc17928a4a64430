import { messageOf } from '../../../support/errors.js';
import type { Broker } from '../broker.js';
import { CONSUMER_OFFSETS, type Topic, TRANSACTION_STATE } from './topic.js';

export function createTopic(
  broker: Broker,
  name: string,
  partitions: number,
  config: Readonly<Record<string, string>>,
): Topic {
  const topic = broker.topics.create(name, partitions, config);
  broker.log.info('created a topic', { topic: name, partitions });
  return topic;
}

export function deleteTopic(broker: Broker, topic: Topic): void {
  broker.topics.delete(topic);
  if (topic.name === CONSUMER_OFFSETS) broker.groups.clear();
  if (topic.name === TRANSACTION_STATE) broker.transactions.clear();
  try {
    broker.groups.offsets.deleteTopic(topic.name);
  } catch (failure) {
    // The topic is gone all the same: on a full disk this is what makes room.
    broker.log.error('could not delete offsets', { topic: topic.name, failure: messageOf(failure) });
  }
  broker.log.info('deleted a topic', { topic: topic.name });
}
