import { api, int16, int32, list, string, structs } from '../schema.js';

export const alterReplicaLogDirs = api({
  key: 34,
  name: 'AlterReplicaLogDirs',
  versions: [1, 2],
  flexibleFrom: 2,
  request: {
    dirs: structs('0+', {
      path: string('0+'),
      topics: structs('0+', {
        name: string('0+'),
        partitions: list('0+', int32()),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32('0+'),
    results: structs('0+', {
      topicName: string('0+'),
      partitions: structs('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
});
