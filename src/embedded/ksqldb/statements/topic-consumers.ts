import type { GroupDescription } from '../../../clients/kafka/contract.js';
import type { Engine } from '../engine.js';
import { topicsOf } from '../runtime/plan-run.js';

/** A cluster may have thousands, and each is a request. */
const GROUPS_AT_ONCE = 16;

export interface Consumers {
  readonly consumerCount: number;
  readonly consumerGroupCount: number;
}

/** Who reads each topic now: members of groups by what they are assigned, and queries, which read without membership. */
export async function topicConsumers({ queries, parts: { kafka } }: Engine): Promise<(topic: string) => Consumers> {
  const groups = (await kafka.listGroups()).filter(({ protocolType }) => protocolType === 'consumer');
  const described: GroupDescription[] = [];
  for (let at = 0; at < groups.length; at += GROUPS_AT_ONCE) {
    const some = groups.slice(at, at + GROUPS_AT_ONCE);
    described.push(...(await Promise.all(some.map(({ group }) => kafka.describeGroup(group)))));
  }
  const members = described.flatMap(({ group, members }) =>
    members.map(({ partitions }) => ({ group, topics: new Set(partitions.map(({ topic }) => topic)) })),
  );
  const own = [...queries.values()].map(({ options, parts }) => ({
    group: options.group,
    topics: new Set(parts.flatMap(topicsOf)),
  }));
  const reading = [...members, ...own];
  return (topic) => {
    const readers = reading.filter(({ topics }) => topics.has(topic));
    return { consumerCount: readers.length, consumerGroupCount: new Set(readers.map(({ group }) => group)).size };
  };
}
