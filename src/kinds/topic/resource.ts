import { type KafkaClient, MIN_INSYNC, type NewTopic } from '../../clients/kafka/contract.js';
import { counted } from '../../support/counted.js';
import { EvpipeError, type SourceLocation } from '../../support/errors.js';
import { type Change, fieldChange, type ResourceKind } from '../resource.js';

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor?: number | undefined;
  /** Compared and set, with what evpipe has set before; overrides that others have set are left as they are. */
  readonly config: Readonly<Record<string, string>>;
  readonly location?: SourceLocation | undefined;
  /** Where an option of its config is in the file. */
  locationOf?(...path: string[]): SourceLocation;
}

export interface LiveTopic {
  readonly partitions: number;
  /** Of the partition that has the fewest. */
  readonly replicas: number;
  readonly config: ReadonlyMap<string, string | null>;
  /** Options that evpipe has set and that are no longer declared, with their values. */
  readonly dropped: ReadonlyMap<string, string | null>;
}

export interface TopicContext {
  readonly kafka: KafkaClient;
  /** The options of a topic that evpipe has set, which Kafka does not tell from those that others have. */
  readonly optionsSet: {
    of(topic: string): Promise<readonly string[]>;
    note(topic: string, options: readonly string[]): Promise<void>;
  };
}

export const topicResource: ResourceKind<TopicSpec, LiveTopic, TopicContext> = {
  kind: 'topic',
  name: (spec) => spec.name,
  location: (spec) => spec.location,

  async read(spec, { kafka, optionsSet }) {
    const topic = await kafka.describeTopic(spec.name);
    if (topic === undefined) return undefined;
    const undeclared = (await optionsSet.of(spec.name)).filter((name) => spec.config[name] === undefined);
    const asks = undeclared.length > 0 || Object.keys(spec.config).length > 0;
    const entries = asks ? await kafka.topicConfig(spec.name) : [];
    const dropped = entries.filter(({ name, source }) => source === 'topic' && undeclared.includes(name));
    const valuesOf = (some: typeof entries) => new Map(some.map(({ name, value }) => [name, value]));
    return {
      partitions: topic.partitions.length,
      replicas: Math.min(...topic.partitions.map(({ replicas }) => replicas.length)),
      config: valuesOf(entries),
      dropped: valuesOf(dropped),
    };
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
    const { replicationFactor = live.replicas } = spec;
    if (replicationFactor !== live.replicas) {
      const refused = {
        why: 'evpipe does not move replicas between brokers',
        todo: `Declare ${live.replicas}, or have Kafka do it first: kafka-reassign-partitions.`,
        location: spec.locationOf?.('replication'),
      };
      changes.push(fieldChange('replication', String(live.replicas), String(replicationFactor), { refused }));
    }
    for (const [name, wanted] of Object.entries(spec.config)) {
      const found = live.config.get(name);
      if (found !== wanted) changes.push(fieldChange(name, found ?? undefined, wanted));
    }
    for (const [name, found] of live.dropped) changes.push(fieldChange(name, found ?? undefined, undefined));
    return changes;
  },

  async objections(spec, live, { kafka }) {
    if (live === undefined) return objectionsToNew(spec, kafka);
    const changed = Object.entries(spec.config).filter(([name, wanted]) => live.config.get(name) !== wanted);
    const unwritable = changed.flatMap(([name, wanted]) =>
      name === MIN_INSYNC ? objectionToLeast(spec, Number(wanted), live.replicas) : [],
    );
    const found = await Promise.all(
      changed.map(([name, wanted]) =>
        objection(spec, () => kafka.alterTopicConfig(spec.name, { [name]: wanted }, { validateOnly: true })),
      ),
    );
    return [...unwritable, ...found.flat()];
  },

  async apply(spec, live, { kafka, optionsSet }) {
    const declared = Object.keys(spec.config);
    const dropped = [...(live?.dropped.keys() ?? [])];
    await optionsSet.note(spec.name, [...declared, ...dropped]);
    if (live === undefined) return create(spec, kafka);
    if (spec.partitions > live.partitions) await kafka.createPartitions(spec.name, spec.partitions);
    const changed = Object.entries(spec.config).filter(([name, wanted]) => live.config.get(name) !== wanted);
    const changes = Object.fromEntries([...changed, ...dropped.map((name) => [name, null])]);
    if (Object.keys(changes).length > 0) await kafka.alterTopicConfig(spec.name, changes);
    if (dropped.length > 0) await optionsSet.note(spec.name, declared);
  },
};

const MADE_MEANWHILE = 'EVPIPE_KAFKA_TOPIC_ALREADY_EXISTS';
/** What the brokers say against a topic that is not there yet, and what they take though nothing could be written to it then. */
export async function objectionsToNew(spec: TopicSpec, kafka: KafkaClient): Promise<readonly Change[]> {
  const found: Change[] = [];
  const refused = await objection(spec, async () => {
    const { replicas, minInsyncReplicas } = await kafka.previewTopic(newTopic(spec));
    if (replicas === undefined || minInsyncReplicas === undefined) return;
    found.push(...objectionToLeast(spec, minInsyncReplicas, replicas));
  });
  return [...refused, ...found];
}

function objectionToLeast(spec: TopicSpec, least: number, replicas: number): readonly Change[] {
  if (!(least > replicas)) return [];
  const refused = {
    code: 'EVPIPE_MIN_INSYNC_REPLICAS',
    why: `${MIN_INSYNC} ${least} with ${counted(replicas, 'replica')} rejects every write with acks=all`,
    todo: `Declare more replicas (replication), or ${MIN_INSYNC} ${replicas}.`,
    location: spec.locationOf?.('config', MIN_INSYNC),
  } as const;
  return [{ summary: MIN_INSYNC, refused }];
}

/** What the broker says against it, at the option that it names. */
async function objection(spec: TopicSpec, ask: () => Promise<void>): Promise<readonly Change[]> {
  try {
    await ask();
    return [];
  } catch (failure) {
    if (!(failure instanceof EvpipeError) || failure.kind !== 'failed') throw failure;
    if (failure.code === MADE_MEANWHILE) return [];
    const option = Object.keys(spec.config).find((name) => failure.message.includes(name));
    const isReplication = failure.code === 'EVPIPE_KAFKA_INVALID_REPLICATION_FACTOR';
    const path = isReplication ? ['replication'] : option === undefined ? undefined : ['config', option];
    const refused = {
      code: failure.code,
      why: failure.message,
      todo: failure.todo ?? (isReplication ? FEWER_REPLICAS : 'Correct it; this is why Kafka rejects it.'),
      location: path === undefined ? undefined : spec.locationOf?.(...path),
    };
    return [{ summary: path?.at(-1) ?? 'Kafka', refused }];
  }
}

export const FEWER_REPLICAS =
  'Declare at most as many replicas as there are brokers, or start the brokers that are down.';

const newTopic = ({ name, partitions, replicationFactor, config }: TopicSpec): NewTopic => ({
  name,
  partitions,
  config,
  ...(replicationFactor === undefined ? {} : { replicationFactor }),
});

async function create(spec: TopicSpec, kafka: KafkaClient): Promise<void> {
  try {
    await kafka.createTopic(newTopic(spec));
  } catch (failure) {
    // Somebody made it a moment ago (a connector, another evpipe): the next run compares it.
    if (!(failure instanceof EvpipeError && failure.code === MADE_MEANWHILE)) throw failure;
  }
}
