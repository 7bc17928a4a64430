import { api, int16, int32, int64, list, string, structs } from '../schema.js';

export const describeTransactions = api({
  key: 65,
  name: 'DescribeTransactions',
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    transactionalIds: list('0+', string()),
  },
  response: {
    throttleTimeMs: int32('0+'),
    transactionStates: structs('0+', {
      errorCode: int16('0+'),
      transactionalId: string('0+'),
      transactionState: string('0+'),
      transactionTimeoutMs: int32('0+'),
      transactionStartTimeMs: int64('0+'),
      producerId: int64('0+'),
      producerEpoch: int16('0+'),
      topics: structs('0+', {
        topic: string('0+'),
        partitions: list('0+', int32()),
      }),
    }),
  },
});
