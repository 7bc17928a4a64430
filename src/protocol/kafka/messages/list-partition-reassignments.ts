import { api, int16, int32, list, string, structs } from '../schema.js';

export const listPartitionReassignments = api({
  key: 46,
  name: 'ListPartitionReassignments',
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    timeoutMs: int32('0+', { default: 60000 }),
    topics: structs(
      '0+',
      {
        name: string('0+'),
        partitionIndexes: list('0+', int32()),
      },
      { nullable: '0+', default: null },
    ),
  },
  response: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
    topics: structs('0+', {
      name: string('0+'),
      partitions: structs('0+', {
        partitionIndex: int32('0+'),
        replicas: list('0+', int32()),
        addingReplicas: list('0+', int32()),
        removingReplicas: list('0+', int32()),
      }),
    }),
  },
});
