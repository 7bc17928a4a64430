import type { KafkaClient } from '../../clients/kafka/contract.js';
import { EvpipeError, type SourceLocation } from '../../support/errors.js';
import { type Change, fieldChange, type ResourceKind } from '../resource.js';

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor?: number | undefined;
  /** Only what is declared is compared and set; other overrides are left as they are. */
  readonly config: Readonly<Record<string, string>>;
  readonly location?: SourceLocation | undefined;
}

export interface LiveTopic {
  readonly partitions: number;
  readonly config: ReadonlyMap<string, string | null>;
}

export const topicResource: ResourceKind<TopicSpec, LiveTopic, { readonly kafka: KafkaClient }> = {
  kind: 'topic',
  name: (spec) => spec.name,
  location: (spec) => spec.location,

  async read(spec, { kafka }) {
    const topic = await kafka.describeTopic(spec.name);
    if (topic === undefined) return undefined;
    const entries = Object.keys(spec.config).length === 0 ? [] : await kafka.topicConfig(spec.name);
    return { partitions: topic.partitions.length, config: new Map(entries.map((entry) => [entry.name, entry.value])) };
  },

  diff(spec, live) {
    if (live === undefined) return [{ summary: 'new' }];
    const changes: Change[] = [];
    if (spec.partitions !== live.partitions) {
      const shrinks = {
        why: "partitions can't shrink",
        todo: `Declare ${live.partitions} partitions, or delete the topic and its data first.`,
      };
      const grows = { implies: 'keys move to other partitions', irreversible: true } as const;
      const more = spec.partitions > live.partitions ? grows : { refused: shrinks };
      changes.push(fieldChange('partitions', String(live.partitions), String(spec.partitions), more));
    }
    for (const [name, wanted] of Object.entries(spec.config)) {
      const found = live.config.get(name);
      if (found !== wanted) changes.push(fieldChange(name, found ?? undefined, wanted));
    }
    return changes;
  },

  async apply(spec, live, { kafka }) {
    if (live === undefined) return create(spec, kafka);
    if (spec.partitions > live.partitions) await kafka.createPartitions(spec.name, spec.partitions);
    const changed = Object.entries(spec.config).filter(([name, wanted]) => live.config.get(name) !== wanted);
    if (changed.length > 0) await kafka.alterTopicConfig(spec.name, Object.fromEntries(changed));
  },
};

async function create(spec: TopicSpec, kafka: KafkaClient): Promise<void> {
  const { name, partitions, replicationFactor, config } = spec;
  try {
    await kafka.createTopic({
      name,
      partitions,
      config,
      ...(replicationFactor === undefined ? {} : { replicationFactor }),
    });
  } catch (failure) {
    // Somebody made it a moment ago (a connector, another evpipe): the next run compares it.
    if (!(failure instanceof EvpipeError && failure.code === 'EVPIPE_KAFKA_TOPIC_ALREADY_EXISTS')) throw failure;
  }
}
