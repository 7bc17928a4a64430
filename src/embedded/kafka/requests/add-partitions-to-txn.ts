import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { addPartitionsToTxn } from '../../../protocol/kafka/messages/add-partitions-to-txn.js';
import { type Call, may } from '../server/call.js';
import { stored } from '../storage-errors.js';
import type { Producer } from '../transactions/coordinator.js';
import { forOldClients } from '../transactions/producer-errors.js';
import { handler } from './handler.js';

type Topics = ReadonlyArray<{ readonly name: string; readonly partitions: readonly number[] }>;

/** Supports: versions 0 to 5. Behaviour: where one partition isn't there, none is added. */
export const addPartitionsToTxnHandler = handler(
  addPartitionsToTxn,
  { supports: 'One transaction or several, verification only as well.' },
  (request, call) => {
    const { version } = call;
    if (version < 4) {
      const producer = {
        producerId: Number(request.v3AndBelowProducerId),
        epoch: request.v3AndBelowProducerEpoch,
      };
      const { v3AndBelowTransactionalId: id, v3AndBelowTopics: topics } = request;
      const refused = unauthorized(call, id, topics);
      if (refused !== undefined) return { resultsByTopicV3AndBelow: answered(topics, refused) };
      const results = add(call, id, producer, topics, false, (error) => forOldClients(error, version >= 2));
      return { resultsByTopicV3AndBelow: results };
    }
    return {
      resultsByTransaction: request.transactions.map(
        ({ transactionalId, producerId, producerEpoch, topics, verifyOnly }) => {
          const producer = { producerId: Number(producerId), epoch: producerEpoch };
          const topicResults = add(call, transactionalId, producer, topics, verifyOnly, (error) => error);
          return { transactionalId, topicResults };
        },
      ),
    };
  },
);

type ErrorOf = (name: string, partition: number) => ErrorName | undefined;

const isThere = ({ broker }: Call, name: string, partition: number): boolean =>
  broker.topics.get(name)?.has(partition) === true;

/** What of a producer's own request is refused: versions from 4 on are for brokers. */
function unauthorized(call: Call, id: string, topics: Topics): ErrorOf | undefined {
  if (!may(call, 'WRITE', 'TRANSACTIONAL_ID', id)) return () => 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED';
  const mayWrite = (name: string): boolean => may(call, 'WRITE', 'TOPIC', name);
  if (topics.every(({ name }) => mayWrite(name))) return undefined;
  return (name, partition) => {
    if (!mayWrite(name)) return 'TOPIC_AUTHORIZATION_FAILED';
    return isThere(call, name, partition) ? 'OPERATION_NOT_ATTEMPTED' : 'UNKNOWN_TOPIC_OR_PARTITION';
  };
}

const answered = (topics: Topics, errorOf: ErrorOf) =>
  topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => {
      const found = errorOf(name, partitionIndex);
      return { partitionIndex, partitionErrorCode: found === undefined ? 0 : errorCode(found) };
    }),
  }));

function add(
  call: Call,
  id: string,
  producer: Producer,
  topics: Topics,
  verifyOnly: boolean,
  said: (error: ErrorName) => ErrorName,
) {
  const { broker } = call;
  const exists = (name: string, partition: number) => isThere(call, name, partition);
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
  return answered(topics, errorOf);
}
