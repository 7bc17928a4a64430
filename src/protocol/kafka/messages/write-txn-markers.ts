import { api, bool, int16, int32, int64, list, string, structs } from '../schema.js';

export const writeTxnMarkers = api({
  key: 27,
  name: 'WriteTxnMarkers',
  versions: [1, 1],
  flexibleFrom: 1,
  request: {
    markers: structs('0+', {
      producerId: int64('0+'),
      producerEpoch: int16('0+'),
      transactionResult: bool('0+'),
      topics: structs('0+', {
        name: string('0+'),
        partitionIndexes: list('0+', int32()),
      }),
      coordinatorEpoch: int32('0+'),
    }),
  },
  response: {
    markers: structs('0+', {
      producerId: int64('0+'),
      topics: structs('0+', {
        name: string('0+'),
        partitions: structs('0+', {
          partitionIndex: int32('0+'),
          errorCode: int16('0+'),
        }),
      }),
    }),
  },
});
