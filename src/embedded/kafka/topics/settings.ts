import { BROKER_CONFIG_BY_NAME, type ConfigDefinition, elements, TOPIC_CONFIG_BY_NAME } from './config-definitions.js';

/** The values of a broker's own settings: what was altered, then what it was started with, then the defaults. */
export class BrokerSettings {
  constructor(
    /** From the options of `startKafka`; read only through the protocol. */
    readonly fixed: ReadonlyMap<string, string>,
    /** Set through the protocol; kept on disk. */
    readonly altered: Map<string, string>,
    /** The same for all brokers, which is what the resource without a name means. */
    readonly alteredDefaults: Map<string, string>,
  ) {}

  private given(name: string): string | undefined {
    return this.altered.get(name) ?? this.alteredDefaults.get(name) ?? this.fixed.get(name);
  }

  text(name: string): string {
    return this.given(name) ?? BROKER_CONFIG_BY_NAME.get(name)?.default ?? '';
  }

  number(name: string): number {
    return Number(this.text(name));
  }

  flag(name: string): boolean {
    return this.text(name).toLowerCase() === 'true';
  }

  /** The default that this broker gives to topics. */
  topicDefault(definition: ConfigDefinition): string {
    const { brokerName } = definition;
    if (brokerName === undefined) return definition.default;
    return this.given(brokerName) ?? definition.default;
  }
}

/** A topic's settings as the log needs them: parsed once, and again when they change. */
export interface TopicSettings {
  readonly maxMessageBytes: number;
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly deletes: boolean;
  readonly compacts: boolean;
  readonly deleteRetentionMs: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  readonly minCleanableRatio: number;
  readonly compressionType: string;
  readonly logAppendTime: boolean;
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  readonly minInsyncReplicas: number;
}

export function topicSettings(overrides: ReadonlyMap<string, string>, broker: BrokerSettings): TopicSettings {
  const text = (name: string): string => {
    const definition = TOPIC_CONFIG_BY_NAME.get(name);
    if (definition === undefined) throw new TypeError(`${name} is not a topic setting`);
    return (overrides.get(name) ?? broker.topicDefault(definition)).trim();
  };
  const number = (name: string): number => Number(text(name));
  const policy = elements(text('cleanup.policy'));
  return {
    maxMessageBytes: number('max.message.bytes'),
    segmentBytes: number('segment.bytes'),
    // A record that is due for compaction must not wait in the active segment.
    segmentMs: policy.includes('compact')
      ? Math.min(number('segment.ms'), Math.max(1, number('max.compaction.lag.ms')))
      : number('segment.ms'),
    retentionMs: number('retention.ms'),
    retentionBytes: number('retention.bytes'),
    deletes: policy.includes('delete'),
    compacts: policy.includes('compact'),
    deleteRetentionMs: number('delete.retention.ms'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    maxCompactionLagMs: number('max.compaction.lag.ms'),
    minCleanableRatio: number('min.cleanable.dirty.ratio'),
    compressionType: text('compression.type'),
    logAppendTime: text('message.timestamp.type') === 'LogAppendTime',
    timestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    timestampAfterMaxMs: number('message.timestamp.after.max.ms'),
    minInsyncReplicas: number('min.insync.replicas'),
  };
}
