import { api, bool, int16, int32, int64, list, string, structs } from '../schema.js';

export const describeLogDirs = api({
  key: 35,
  name: 'DescribeLogDirs',
  versions: [1, 4],
  flexibleFrom: 2,
  request: {
    topics: structs(
      '0+',
      {
        topic: string('0+'),
        partitions: list('0+', int32()),
      },
      { nullable: '0+' },
    ),
  },
  response: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('3+'),
    results: structs('0+', {
      errorCode: int16('0+'),
      logDir: string('0+'),
      topics: structs('0+', {
        name: string('0+'),
        partitions: structs('0+', {
          partitionIndex: int32('0+'),
          partitionSize: int64('0+'),
          offsetLag: int64('0+'),
          isFutureKey: bool('0+'),
        }),
      }),
      totalBytes: int64('4+', { default: -1n }),
      usableBytes: int64('4+', { default: -1n }),
    }),
  },
});
