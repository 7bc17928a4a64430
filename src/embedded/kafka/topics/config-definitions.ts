/** One setting of topics or of the broker: what DescribeConfigs tells of it and what is accepted for it. */
export interface ConfigDefinition {
  readonly name: string;
  readonly type: 'boolean' | 'string' | 'int' | 'long' | 'double' | 'list' | 'password';
  readonly default: string;
  /** Bounds of a number. */
  readonly min?: number;
  readonly max?: number;
  /** What a string or each element of a list has to be. */
  readonly oneOf?: readonly string[];
  /** The broker setting that gives topics their default. */
  readonly brokerName?: string;
  readonly documentation: string;
}

const LONG_MAX = '9223372036854775807';

/** The topic settings of Kafka 4.1. Those that only matter with several brokers or tiered storage are kept and have no effect. */
export const TOPIC_CONFIGS: readonly ConfigDefinition[] = [
  {
    name: 'cleanup.policy',
    type: 'list',
    default: 'delete',
    oneOf: ['delete', 'compact'],
    brokerName: 'log.cleanup.policy',
    documentation: 'What happens to old data: delete by time and size, compact by key, or both.',
  },
  {
    name: 'compression.gzip.level',
    type: 'int',
    default: '-1',
    min: -1,
    max: 9,
    brokerName: 'compression.gzip.level',
    documentation: 'Level for compression.type gzip.',
  },
  {
    name: 'compression.lz4.level',
    type: 'int',
    default: '9',
    min: 1,
    max: 17,
    brokerName: 'compression.lz4.level',
    documentation: 'Level for compression.type lz4.',
  },
  {
    name: 'compression.type',
    type: 'string',
    default: 'producer',
    oneOf: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
    brokerName: 'compression.type',
    documentation: 'How batches are stored; producer keeps what the producer sent.',
  },
  {
    name: 'compression.zstd.level',
    type: 'int',
    default: '3',
    min: -131072,
    max: 22,
    brokerName: 'compression.zstd.level',
    documentation: 'Level for compression.type zstd.',
  },
  {
    name: 'delete.retention.ms',
    type: 'long',
    default: '86400000',
    min: 0,
    brokerName: 'log.cleaner.delete.retention.ms',
    documentation: 'How long tombstones and transaction markers stay in a compacted topic.',
  },
  {
    name: 'file.delete.delay.ms',
    type: 'long',
    default: '60000',
    min: 0,
    brokerName: 'log.segment.delete.delay.ms',
    documentation: 'No effect here: a file that is still being read stays readable until that ends.',
  },
  {
    name: 'flush.messages',
    type: 'long',
    default: LONG_MAX,
    min: 1,
    brokerName: 'log.flush.interval.messages',
    documentation: 'No effect here: writing to disk is left to the operating system.',
  },
  {
    name: 'flush.ms',
    type: 'long',
    default: LONG_MAX,
    min: 0,
    brokerName: 'log.flush.interval.ms',
    documentation: 'No effect here: writing to disk is left to the operating system.',
  },
  {
    name: 'follower.replication.throttled.replicas',
    type: 'list',
    default: '',
    documentation: 'No effect on a single broker.',
  },
  {
    name: 'index.interval.bytes',
    type: 'int',
    default: '4096',
    min: 0,
    brokerName: 'log.index.interval.bytes',
    documentation: 'No effect here: the index has an entry every 32 KiB.',
  },
  {
    name: 'leader.replication.throttled.replicas',
    type: 'list',
    default: '',
    documentation: 'No effect on a single broker.',
  },
  {
    name: 'local.retention.bytes',
    type: 'long',
    default: '-2',
    min: -2,
    brokerName: 'log.local.retention.bytes',
    documentation: 'No effect without tiered storage.',
  },
  {
    name: 'local.retention.ms',
    type: 'long',
    default: '-2',
    min: -2,
    brokerName: 'log.local.retention.ms',
    documentation: 'No effect without tiered storage.',
  },
  {
    name: 'max.compaction.lag.ms',
    type: 'long',
    default: LONG_MAX,
    min: 1,
    brokerName: 'log.cleaner.max.compaction.lag.ms',
    documentation: 'A compacted topic is compacted after this time even where little of it is dirty.',
  },
  {
    name: 'max.message.bytes',
    type: 'int',
    default: '1048588',
    min: 0,
    brokerName: 'message.max.bytes',
    documentation: 'The largest record batch, after compression, that is accepted.',
  },
  {
    name: 'message.timestamp.after.max.ms',
    type: 'long',
    default: '3600000',
    min: 0,
    brokerName: 'log.message.timestamp.after.max.ms',
    documentation: 'How far ahead of the broker the timestamp of a record may be.',
  },
  {
    name: 'message.timestamp.before.max.ms',
    type: 'long',
    default: LONG_MAX,
    min: 0,
    brokerName: 'log.message.timestamp.before.max.ms',
    documentation: 'How far behind the broker the timestamp of a record may be.',
  },
  {
    name: 'message.timestamp.type',
    type: 'string',
    default: 'CreateTime',
    oneOf: ['CreateTime', 'LogAppendTime'],
    brokerName: 'log.message.timestamp.type',
    documentation: 'Whether records keep the producer’s time or get the time of their arrival.',
  },
  {
    name: 'min.cleanable.dirty.ratio',
    type: 'double',
    default: '0.5',
    min: 0,
    max: 1,
    brokerName: 'log.cleaner.min.cleanable.ratio',
    documentation: 'The part of a compacted log that has to be uncompacted before it is compacted again.',
  },
  {
    name: 'min.compaction.lag.ms',
    type: 'long',
    default: '0',
    min: 0,
    brokerName: 'log.cleaner.min.compaction.lag.ms',
    documentation: 'Records younger than this are not compacted.',
  },
  {
    name: 'min.insync.replicas',
    type: 'int',
    default: '1',
    min: 1,
    brokerName: 'min.insync.replicas',
    documentation: 'With acks=all, produces are refused where this is more than the one replica there is.',
  },
  {
    name: 'preallocate',
    type: 'boolean',
    default: 'false',
    brokerName: 'log.preallocate',
    documentation: 'No effect here: files grow as they are written.',
  },
  {
    name: 'remote.log.copy.disable',
    type: 'boolean',
    default: 'false',
    documentation: 'No effect without tiered storage.',
  },
  {
    name: 'remote.log.delete.on.disable',
    type: 'boolean',
    default: 'false',
    documentation: 'No effect without tiered storage.',
  },
  {
    name: 'remote.storage.enable',
    type: 'boolean',
    default: 'false',
    documentation: 'There is no tiered storage here.',
  },
  {
    name: 'retention.bytes',
    type: 'long',
    default: '-1',
    brokerName: 'log.retention.bytes',
    documentation: 'The size a partition may have before its oldest segments go; -1 is unlimited.',
  },
  {
    name: 'retention.ms',
    type: 'long',
    default: '604800000',
    min: -1,
    brokerName: 'log.retention.ms',
    documentation: 'The age at which segments go; -1 is never.',
  },
  {
    name: 'segment.bytes',
    type: 'int',
    default: '1073741824',
    min: 1048576,
    brokerName: 'log.segment.bytes',
    documentation: 'The size of one file of a partition’s log.',
  },
  {
    name: 'segment.index.bytes',
    type: 'int',
    default: '10485760',
    min: 4,
    brokerName: 'log.index.size.max.bytes',
    documentation: 'No effect here: indexes are as large as they need to be.',
  },
  {
    name: 'segment.jitter.ms',
    type: 'long',
    default: '0',
    min: 0,
    brokerName: 'log.roll.jitter.ms',
    documentation: 'No effect here: segments roll exactly at segment.ms.',
  },
  {
    name: 'segment.ms',
    type: 'long',
    default: '604800000',
    min: 1,
    brokerName: 'log.roll.ms',
    documentation: 'The span of record time after which a new file is begun.',
  },
  {
    name: 'unclean.leader.election.enable',
    type: 'boolean',
    default: 'false',
    brokerName: 'unclean.leader.election.enable',
    documentation: 'No effect on a single broker.',
  },
];

export const TOPIC_CONFIG_BY_NAME: ReadonlyMap<string, ConfigDefinition> = new Map(
  TOPIC_CONFIGS.map((definition) => [definition.name, definition]),
);

/** Settings of the broker itself that have an effect here, beside the defaults of the topic settings. */
const OWN_BROKER_CONFIGS: readonly ConfigDefinition[] = [
  {
    name: 'auto.create.topics.enable',
    type: 'boolean',
    default: 'true',
    documentation: 'Whether metadata requests of clients that allow it create topics.',
  },
  { name: 'broker.id', type: 'int', default: '1', documentation: 'The id of this broker.' },
  {
    name: 'compression.type',
    type: 'string',
    default: 'producer',
    oneOf: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
    documentation: 'Default of the topic setting.',
  },
  {
    name: 'connections.max.idle.ms',
    type: 'long',
    default: '600000',
    documentation: 'Connections on which nothing happens for so long are closed.',
  },
  {
    name: 'default.replication.factor',
    type: 'int',
    default: '1',
    min: 1,
    documentation: 'Of topics that are created without one; there is one broker.',
  },
  {
    name: 'delete.topic.enable',
    type: 'boolean',
    default: 'true',
    documentation: 'Whether topics can be deleted.',
  },
  {
    name: 'group.initial.rebalance.delay.ms',
    type: 'int',
    default: '0',
    min: 0,
    documentation: 'How long the first rebalance of an empty group waits for more members.',
  },
  {
    name: 'group.max.session.timeout.ms',
    type: 'int',
    default: '1800000',
    min: 1,
    documentation: 'The longest session timeout a member may ask for.',
  },
  {
    name: 'group.min.session.timeout.ms',
    type: 'int',
    default: '6000',
    min: 1,
    documentation: 'The shortest session timeout a member may ask for.',
  },
  {
    name: 'group.max.size',
    type: 'int',
    default: '2147483647',
    min: 1,
    documentation: 'The number of members a group may have.',
  },
  {
    name: 'group.consumer.heartbeat.interval.ms',
    type: 'int',
    default: '5000',
    min: 1,
    documentation: 'How often members of the consumer protocol (KIP-848) heartbeat.',
  },
  {
    name: 'group.consumer.session.timeout.ms',
    type: 'int',
    default: '45000',
    min: 1,
    documentation: 'After how long members of the consumer protocol (KIP-848) are taken for gone.',
  },
  {
    name: 'log.retention.check.interval.ms',
    type: 'long',
    default: '300000',
    min: 1,
    documentation: 'How often retention looks for segments that can go.',
  },
  {
    name: 'log.cleaner.backoff.ms',
    type: 'long',
    default: '15000',
    min: 0,
    documentation: 'How often compaction looks for logs that need it.',
  },
  {
    name: 'max.incremental.fetch.session.cache.slots',
    type: 'int',
    default: '1000',
    min: 0,
    documentation: 'The number of fetch sessions that are kept.',
  },
  { name: 'node.id', type: 'int', default: '1', documentation: 'The id of this broker.' },
  {
    name: 'num.partitions',
    type: 'int',
    default: '1',
    min: 1,
    documentation: 'Partitions of topics that are created without a number.',
  },
  {
    name: 'offset.metadata.max.bytes',
    type: 'int',
    default: '4096',
    documentation: 'The longest text that may be committed with an offset.',
  },
  {
    name: 'offsets.retention.check.interval.ms',
    type: 'long',
    default: '600000',
    min: 1,
    documentation: 'How often committed offsets are looked through for those that have expired.',
  },
  {
    name: 'offsets.retention.minutes',
    type: 'int',
    default: '10080',
    min: 1,
    documentation: 'How long committed offsets of a group without members are kept.',
  },
  {
    name: 'process.roles',
    type: 'list',
    default: 'broker,controller',
    documentation: 'This broker is its own controller.',
  },
  {
    name: 'producer.id.expiration.ms',
    type: 'int',
    default: '86400000',
    min: 1,
    documentation: 'How long an idle idempotent producer is remembered.',
  },
  {
    name: 'socket.request.max.bytes',
    type: 'int',
    default: '104857600',
    min: 1,
    documentation: 'The largest request that is accepted; a larger one ends the connection.',
  },
  {
    name: 'transaction.max.timeout.ms',
    type: 'int',
    default: '900000',
    min: 1,
    documentation: 'The longest transaction timeout a producer may ask for.',
  },
  {
    name: 'transaction.abort.timed.out.transaction.cleanup.interval.ms',
    type: 'int',
    default: '10000',
    min: 1,
    documentation: 'How often transactions are looked for that outlived their timeout.',
  },
  {
    name: 'transactional.id.expiration.ms',
    type: 'int',
    default: '604800000',
    min: 1,
    documentation: 'How long an unused transactional id is remembered.',
  },
];

const ofTopics: readonly ConfigDefinition[] = TOPIC_CONFIGS.flatMap((definition) => {
  const { brokerName, ...rest } = definition;
  return brokerName === undefined
    ? []
    : [{ ...rest, name: brokerName, documentation: `Default of ${definition.name}.` }];
});

/** Every setting that DescribeConfigs of the broker tells, by name. */
export const BROKER_CONFIG_BY_NAME: ReadonlyMap<string, ConfigDefinition> = new Map(
  [...ofTopics, ...OWN_BROKER_CONFIGS]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((definition) => [definition.name, definition]),
);

/** Why a value is not valid, in Kafka's way of saying it; undefined where it is. */
export function invalid(definition: ConfigDefinition, value: string): string | undefined {
  const prefix = `Invalid value ${value} for configuration ${definition.name}`;
  const text = value.trim();
  switch (definition.type) {
    case 'boolean':
      return /^(true|false)$/i.test(text) ? undefined : `${prefix}: Expected value to be either true or false`;
    case 'int':
    case 'long':
      if (!/^[+-]?\d+$/.test(text)) return `${prefix}: Not a number of type ${definition.type.toUpperCase()}`;
      return outOfBounds(definition, text, prefix);
    case 'double':
      if (text === '' || Number.isNaN(Number(text))) return `${prefix}: Not a number of type DOUBLE`;
      return outOfBounds(definition, text, prefix);
    case 'list': {
      const unknown = elements(text).find((element) => definition.oneOf?.includes(element) === false);
      return unknown === undefined ? undefined : `${prefix}: String must be one of: ${definition.oneOf?.join(', ')}`;
    }
    default:
      return definition.oneOf?.includes(text) === false
        ? `${prefix}: String must be one of: ${definition.oneOf.join(', ')}`
        : undefined;
  }
}

export const elements = (value: string): string[] =>
  value
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '');

function outOfBounds(definition: ConfigDefinition, text: string, prefix: string): string | undefined {
  const value = Number(text);
  if (definition.type === 'int' && (value > 2147483647 || value < -2147483648)) {
    return `${prefix}: Not a number of type INT`;
  }
  if (definition.min !== undefined && value < definition.min)
    return `${prefix}: Value must be at least ${definition.min}`;
  if (definition.max !== undefined && value > definition.max) {
    return `${prefix}: Value must be no more than ${definition.max}`;
  }
  return undefined;
}
