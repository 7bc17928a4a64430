import * as z from 'zod';
import { MIN_INSYNC, type TopicDefaults } from '../../clients/kafka/contract.js';
import { section } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { mapping, settings, whole } from '../../pipeline/spec-words.js';
import type { SourceLocation } from '../../support/errors.js';
import type { Placed } from '../../targets/component.js';
import type { KafkaEndpoint } from './component.js';

export interface TopicSection extends Located {
  readonly partitions: number;
  /** As its own entry says; where it does not, the target's default counts when the topic is made. */
  readonly replicationFactor: number | undefined;
  readonly config: Readonly<Record<string, string>>;
}

declare module '../../pipeline/pipeline.js' {
  interface Pipeline {
    readonly topics: readonly TopicSection[];
    /** Where the target says what topics get that say nothing themselves. */
    readonly topicDefaults: Pick<Located, 'location' | 'locationOf'>;
  }

  interface TargetSection {
    readonly kafka?: Placed<KafkaEndpoint> | undefined;
  }
}

export const replicas = whole(1, 100, 'a topic has 1 to 100 replicas');

const topic = mapping({
  partitions: whole(1, 10_000, 'a topic has 1 to 10000 partitions').default(1).describe('How many partitions'),
  replication: replicas.optional().describe('Replication factor; absent: the target’s, else that of the brokers'),
  config: settings
    .optional()
    .describe('Topic configuration')
    .meta({ examples: [{ 'retention.ms': 604_800_000, 'cleanup.policy': 'compact' }] }),
}).nullable();

export const topics = section(
  'topics',
  z.record(z.string(), topic).default({}).describe('Kafka topics'),
  (declared, { each, shared, target, locate }) => {
    const defaults: TopicDefaults = typeof target.kafka === 'object' ? target.kafka : {};
    const least = defaults.minInsyncReplicas;
    const atTarget = (option: string): SourceLocation =>
      locate('targets', target.name, 'kafka', option === MIN_INSYNC ? 'minInsyncReplicas' : option);
    return {
      topicDefaults: { location: atTarget('replication'), locationOf: (...path) => atTarget(path.at(-1) ?? '') },
      topics: each('topics', declared, (one, at) => {
        const inherits = new Set([
          ...(one?.replication === undefined && defaults.replication !== undefined ? ['replication'] : []),
          ...(one?.config?.[MIN_INSYNC] === undefined && least !== undefined ? [MIN_INSYNC] : []),
        ]);
        return {
          ...at,
          name: shared(at.name),
          partitions: one?.partitions ?? 1,
          replicationFactor: one?.replication,
          config: { ...(least !== undefined && { [MIN_INSYNC]: String(least) }), ...one?.config },
          locationOf: (...path) => {
            const option = path.at(-1) ?? '';
            return inherits.has(option) ? atTarget(option) : at.locationOf(...path);
          },
        };
      }),
    };
  },
);
