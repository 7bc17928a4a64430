import * as z from 'zod';
import { section } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { mapping, settings, whole } from '../../pipeline/spec-words.js';
import type { Placed } from '../../targets/component.js';
import type { KafkaEndpoint } from './component.js';

export interface TopicSection extends Located {
  readonly partitions: number;
  readonly replicationFactor: number | undefined;
  readonly config: Readonly<Record<string, string>>;
}

declare module '../../pipeline/pipeline.js' {
  interface Pipeline {
    readonly topics: readonly TopicSection[];
  }

  interface TargetSection {
    readonly kafka?: Placed<KafkaEndpoint> | undefined;
  }
}

const topic = mapping({
  partitions: whole(1, 10_000, 'a topic has 1 to 10000 partitions').default(1).describe('How many partitions'),
  replication: whole(1, 100, 'a topic has 1 to 100 replicas')
    .optional()
    .describe('Replication factor; absent: the default of the cluster'),
  config: settings
    .optional()
    .describe('Topic configuration')
    .meta({ examples: [{ 'retention.ms': 604_800_000, 'cleanup.policy': 'compact' }] }),
}).nullable();

export const topics = section(
  'topics',
  z.record(z.string(), topic).default({}).describe('Kafka topics'),
  (declared, { each, shared }) => ({
    topics: each('topics', declared, (one, at) => ({
      ...at,
      name: shared(at.name),
      partitions: one?.partitions ?? 1,
      replicationFactor: one?.replication,
      config: one?.config ?? {},
    })),
  }),
);
