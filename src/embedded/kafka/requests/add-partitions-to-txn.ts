import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { addPartitionsToTxn } from '../../../protocol/kafka/messages/add-partitions-to-txn.js';
import type { Broker } from '../broker.js';
import { stored } from '../storage-errors.js';
import type { Producer } from '../transactions/coordinator.js';
import { forOldClients } from '../transactions/producer-errors.js';
import { handler } from './handler.js';

type Topics = ReadonlyArray<{ readonly name: string; readonly partitions: readonly number[] }>;

/** Supports: versions 0 to 5. Behaviour: where one partition isn't there, none is added. */
export const addPartitionsToTxnHandler = handler(
  addPartitionsToTxn,
  { supports: 'One transaction or several, verification only as well.' },
  (request, { broker, version }) => {
    if (version < 4) {
      const producer = {
        producerId: Number(request.v3AndBelowProducerId),
        epoch: request.v3AndBelowProducerEpoch,
      };
      const { v3AndBelowTransactionalId: id, v3AndBelowTopics: topics } = request;
      const results = add(broker, id, producer, topics, false, (error) => forOldClients(error, version >= 2));
      return { resultsByTopicV3AndBelow: results };
    }
    return {
      resultsByTransaction: request.transactions.map(
        ({ transactionalId, producerId, producerEpoch, topics, verifyOnly }) => {
          const producer = { producerId: Number(producerId), epoch: producerEpoch };
          const topicResults = add(broker, transactionalId, producer, topics, verifyOnly, (error) => error);
          return { transactionalId, topicResults };
        },
      ),
    };
  },
);

function add(
  broker: Broker,
  id: string,
  producer: Producer,
  topics: Topics,
  verifyOnly: boolean,
  said: (error: ErrorName) => ErrorName,
) {
  const exists = (name: string, partition: number) => broker.topics.get(name)?.has(partition) === true;
  const allThere = topics.every(({ name, partitions }) => partitions.every((partition) => exists(name, partition)));
  const { transactions } = broker;
  const error = !allThere
    ? undefined
    : verifyOnly
      ? transactions.check(id, producer)
      : stored(broker, "a transaction's partitions", () =>
          transactions.addPartitions(
            id,
            producer,
            topics.map(({ name, partitions }) => ({ topic: name, partitions })),
          ),
        );
  const errorOf = (name: string, partition: number): ErrorName | undefined => {
    if (!allThere) return exists(name, partition) ? 'OPERATION_NOT_ATTEMPTED' : 'UNKNOWN_TOPIC_OR_PARTITION';
    if (error !== undefined) return said(error);
    return verifyOnly && !transactions.has(id, name, partition) ? 'TRANSACTION_ABORTABLE' : undefined;
  };
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => {
      const found = errorOf(name, partitionIndex);
      return { partitionIndex, partitionErrorCode: found === undefined ? 0 : errorCode(found) };
    }),
  }));
}
