import { type ConfigDefinition, elements, TOPIC_CONFIG_BY_NAME } from '../../../protocol/kafka/topic-configs.js';
import { BROKER_CONFIG_BY_NAME } from './broker-config-definitions.js';

/** Older settings in coarser units, best first; they count where the finer one is not given. */
const COARSER: Readonly<Record<string, ReadonlyArray<readonly [name: string, ms: number]>>> = {
  'log.retention.ms': [
    ['log.retention.minutes', 60_000],
    ['log.retention.hours', 3_600_000],
  ],
  'log.roll.ms': [['log.roll.hours', 3_600_000]],
  'log.roll.jitter.ms': [['log.roll.jitter.hours', 3_600_000]],
};

/** The values of a broker's own settings: what was altered, then what it was started with, then the defaults. */
export class BrokerSettings {
  constructor(
    /** What a node's file has, and the options of `startKafka`. */
    readonly fixed: Map<string, string>,
    /** Set through the protocol; kept on disk. */
    readonly altered: Map<string, string>,
    /** The same for all brokers, which is what the resource without a name means. */
    readonly alteredDefaults: Map<string, string>,
  ) {}

  private given(name: string): string | undefined {
    return this.altered.get(name) ?? this.alteredDefaults.get(name) ?? this.fixed.get(name) ?? this.coarser(name);
  }

  private coarser(name: string): string | undefined {
    for (const [coarse, ms] of COARSER[name] ?? []) {
      const value = this.fixed.get(coarse);
      if (value !== undefined) return Number(value) < 0 ? value : String(Number(value) * ms);
    }
    return undefined;
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
    const given = brokerName === undefined ? undefined : this.given(brokerName);
    return given ?? definition.default ?? '';
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
