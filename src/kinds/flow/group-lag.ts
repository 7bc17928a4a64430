import type { KafkaClient } from '../../clients/kafka/contract.js';

export interface GroupLag {
  /** Records before the topics' ends that the group has not committed. */
  readonly behind: bigint;
  /** The sum of its positions: it grows while the group works. */
  readonly handled: bigint;
}

/** How far a group is behind on these topics; one that does not exist has nothing to be behind on. */
export async function groupLag(kafka: KafkaClient, group: string, topics: readonly string[]): Promise<GroupLag> {
  const committed = new Map(
    (await kafka.committedOffsets(group, topics)).map((one) => [`${one.topic}/${one.partition}`, one.offset]),
  );
  let behind = 0n;
  let handled = 0n;
  for (const topic of topics) {
    if ((await kafka.describeTopic(topic)) === undefined) continue;
    const [starts, ends] = await Promise.all([kafka.offsets(topic, 'earliest'), kafka.offsets(topic, 'latest')]);
    for (const { partition, offset: end } of ends) {
      const start = starts.find((one) => one.partition === partition)?.offset ?? 0n;
      const known = committed.get(`${topic}/${partition}`);
      // Retention may have gone past what a group has committed.
      const position = known === undefined || known < start ? start : known;
      behind += end > position ? end - position : 0n;
      handled += position;
    }
  }
  return { behind, handled };
}

/** In which queries of ksqlDB hand rows from one of their parts to the next: of a query's group, which reads them too. */
export async function repartitionTopics(kafka: KafkaClient): Promise<(group: string) => readonly string[]> {
  const names = (await kafka.listTopics()).map(({ name }) => name).filter((name) => name.endsWith('-repartition'));
  return (group) => names.filter((name) => name.startsWith(`${group}-`));
}
