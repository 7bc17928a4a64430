import { statfsSync } from 'node:fs';
import { describeLogDirs } from '../../../protocol/kafka/messages/describe-log-dirs.js';
import { handler } from './handler.js';

/** Supports: versions 1 to 4. Behaviour: one log directory; sizes are those of the segments. */
export const describeLogDirsHandler = handler(
  describeLogDirs,
  { supports: 'The one directory, its partitions’ sizes, the disk’s size.' },
  (request, { broker }) => {
    const wanted =
      request.topics ??
      broker.topics.all().map(({ name, partitions }) => ({
        topic: name,
        partitions: Array.from({ length: partitions }, (_, at) => at),
      }));
    const topics = wanted.flatMap(({ topic: name, partitions }) => {
      const topic = broker.topics.get(name);
      if (topic === undefined) return [];
      const known = partitions.flatMap((partitionIndex) => {
        const log = topic.log(partitionIndex);
        return log === undefined ? [] : [{ partitionIndex, partitionSize: BigInt(log.size), offsetLag: 0n }];
      });
      return known.length === 0 ? [] : [{ name, partitions: known }];
    });
    const disk = statfsSync(broker.dataDir, { bigint: true });
    return {
      results: [
        {
          logDir: broker.dataDir,
          topics,
          totalBytes: disk.blocks * disk.bsize,
          usableBytes: disk.bavail * disk.bsize,
        },
      ],
    };
  },
);
