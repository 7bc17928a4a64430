import { api, bool, int16, int32, int64, list, string, structs } from '../schema.js';

const addPartitionsToTxnTopic = {
  name: string('0+'),
  partitions: list('0+', int32()),
} as const;

const addPartitionsToTxnPartitionResult = {
  partitionIndex: int32('0+'),
  partitionErrorCode: int16('0+'),
} as const;

const addPartitionsToTxnTopicResult = {
  name: string('0+'),
  resultsByPartition: structs('0+', addPartitionsToTxnPartitionResult),
} as const;

export const addPartitionsToTxn = api({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: [0, 5],
  flexibleFrom: 3,
  request: {
    transactions: structs('4+', {
      transactionalId: string('4+'),
      producerId: int64('4+'),
      producerEpoch: int16('4+'),
      verifyOnly: bool('4+'),
      topics: structs('4+', addPartitionsToTxnTopic),
    }),
    v3AndBelowTransactionalId: string('0-3'),
    v3AndBelowProducerId: int64('0-3'),
    v3AndBelowProducerEpoch: int16('0-3'),
    v3AndBelowTopics: structs('0-3', addPartitionsToTxnTopic),
  },
  response: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('4+'),
    resultsByTransaction: structs('4+', {
      transactionalId: string('4+'),
      topicResults: structs('4+', addPartitionsToTxnTopicResult),
    }),
    resultsByTopicV3AndBelow: structs('0-3', addPartitionsToTxnTopicResult),
  },
});
