import type { KafkaClient, TopicConfigEntry, TopicDescription } from '../../clients/kafka/contract.js';
import { offsetSum } from '../../clients/kafka/offset-sum.js';
import type { Session } from '../../kinds/session.js';
import { kafkaClient } from '../../kinds/topic/client.js';
import { requireTopic } from './topic-named.js';

export interface TopicReport {
  readonly topic: string;
  readonly declared: boolean;
  readonly partitions: ReadonlyArray<{
    readonly partition: number;
    readonly leader: number;
    readonly replicas: readonly number[];
    readonly isr: readonly number[];
    readonly start: string;
    readonly end: string;
  }>;
  /** Between the first and the last offset: compacted ones count as if they were there. */
  readonly records: string;
  /** What was set for this topic alone. */
  readonly config: Readonly<Record<string, string | null>>;
  /** Groups that have committed offsets of it. */
  readonly groups: readonly string[];
}

export interface TopicSize {
  readonly topic: string;
  readonly partitions: number;
  /** Between the first and the last offset. */
  readonly records: bigint;
  /** The sum of the ends: how many ever came. */
  readonly end: bigint;
}

/** How much is in each topic, internal ones left out: the cheapest look at all of them. */
export async function topicSizes(session: Session): Promise<readonly TopicSize[]> {
  const kafka = await kafkaClient(session.clients);
  const sizes = (await listedTopics(kafka)).map(async ({ name, partitions }): Promise<TopicSize> => {
    const [starts, ends] = await Promise.all([kafka.offsets(name, 'earliest'), kafka.offsets(name, 'latest')]);
    const end = offsetSum(ends);
    return { topic: name, partitions: partitions.length, records: end - offsetSum(starts), end };
  });
  return Promise.all(sizes);
}

/** Those that people have made, by name. */
const listedTopics = async (kafka: KafkaClient): Promise<readonly TopicDescription[]> =>
  (await kafka.listTopics())
    .filter(({ internal, name }) => !internal && !name.startsWith('_'))
    .sort((a, b) => a.name.localeCompare(b.name));

/** All that Kafka says of topics; none named: all but internal ones. Throws EVPIPE_TOPIC_MISSING (kind usage). */
export async function describeTopics(session: Session, names: readonly string[]): Promise<readonly TopicReport[]> {
  const kafka = await kafkaClient(session.clients);
  const wanted = names.length > 0 ? names : (await listedTopics(kafka)).map(({ name }) => name);
  const groups = await committedTopics(session);
  return Promise.all(
    wanted.map(async (topic): Promise<TopicReport> => {
      const { partitions } = await requireTopic(kafka, topic);
      const [starts, ends, config] = await Promise.all([
        kafka.offsets(topic, 'earliest'),
        kafka.offsets(topic, 'latest'),
        kafka.topicConfig(topic),
      ]);
      return {
        topic,
        declared: session.pipeline.topics.some(({ name }) => name === topic),
        partitions: partitions.map((one, index) => ({
          ...one,
          start: String(starts[index]?.offset ?? 0n),
          end: String(ends[index]?.offset ?? 0n),
        })),
        records: String(offsetSum(ends) - offsetSum(starts)),
        config: Object.fromEntries(config.filter(isOwn).map(({ name, value }) => [name, value])),
        groups: groups.flatMap(({ group, topics }) => (topics.has(topic) ? [group] : [])),
      };
    }),
  );
}

const isOwn = ({ source, sensitive }: TopicConfigEntry): boolean => source === 'topic' && !sensitive;

async function committedTopics({ clients }: Session) {
  const kafka = await kafkaClient(clients);
  return Promise.all(
    (await kafka.listGroups()).map(async ({ group }) => ({
      group,
      topics: new Set((await kafka.committedOffsets(group)).map(({ topic }) => topic)),
    })),
  );
}
