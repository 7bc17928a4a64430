/** One setting of topics or of the broker: what DescribeConfigs says of it and which values it accepts. */
export interface ConfigDefinition {
  readonly name: string;
  readonly type: 'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list' | 'class' | 'password';
  /** Null where there is no value unless one is set. */
  readonly default: string | null;
  /** Bounds of a number. */
  readonly min?: number;
  readonly max?: number;
  /** What a string or each element of a list has to be. */
  readonly oneOf?: readonly string[];
  /** The broker setting that gives topics their default. */
  readonly brokerName?: string;
  /** Of a broker setting that can be altered while the broker runs: where; it is read only where this is absent. */
  readonly update?: ConfigUpdate;
  readonly documentation: string;
}

/** For all brokers and for one; for one only; or only under a listener's prefix (`listener.name.ssl.ssl.key.password`). */
export type ConfigUpdate = 'cluster' | 'broker' | 'listener';

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
    documentation: 'The size a partition may have before its oldest segments are deleted; -1 is unlimited.',
  },
  {
    name: 'retention.ms',
    type: 'long',
    default: '604800000',
    min: -1,
    brokerName: 'log.retention.ms',
    documentation: 'The age at which segments are deleted; -1 is never.',
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

/** Why a value is not valid, in Kafka's way of saying it; undefined where it is. */
export function invalid(definition: ConfigDefinition, value: string): string | undefined {
  const prefix = `Invalid value ${value} for configuration ${definition.name}`;
  const text = value.trim();
  switch (definition.type) {
    case 'boolean':
      return /^(true|false)$/i.test(text) ? undefined : `${prefix}: Expected value to be either true or false`;
    case 'int':
    case 'short':
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
  const bits = definition.type === 'int' ? 31 : definition.type === 'short' ? 15 : 63;
  if (value >= 2 ** bits || value < -(2 ** bits)) {
    return `${prefix}: Not a number of type ${definition.type.toUpperCase()}`;
  }
  if (definition.min !== undefined && value < definition.min)
    return `${prefix}: Value must be at least ${definition.min}`;
  if (definition.max !== undefined && value > definition.max) {
    return `${prefix}: Value must be no more than ${definition.max}`;
  }
  return undefined;
}
