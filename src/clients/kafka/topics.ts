import { ERROR_CODES } from '../../protocol/kafka/errors.js';
import { createPartitions } from '../../protocol/kafka/messages/create-partitions.js';
import { createTopics } from '../../protocol/kafka/messages/create-topics.js';
import { deleteRecords } from '../../protocol/kafka/messages/delete-records.js';
import { deleteTopics } from '../../protocol/kafka/messages/delete-topics.js';
import { describeConfigs } from '../../protocol/kafka/messages/describe-configs.js';
import { incrementalAlterConfigs } from '../../protocol/kafka/messages/incremental-alter-configs.js';
import { listOffsets } from '../../protocol/kafka/messages/list-offsets.js';
import type { ResponseOf } from '../../protocol/kafka/schema.js';
import type { Cluster, Connections, KnownTopic, Metadata } from './cluster.js';
import {
  type KafkaClient,
  MIN_INSYNC,
  type NewTopic,
  type PartitionPosition,
  type ReaderOptions,
  type TopicConfigEntry,
  type TopicDescription,
  type TopicPreview,
} from './contract.js';
import { hasCode, isRetriable, kafkaError, type Patience, persist, throwIfError } from './kafka-errors.js';

const TOPIC_RESOURCE = 2;
const SET = 0;
const DELETE = 1;
/** How long the broker that is asked may not know a topic that another one has just made. */
const NOT_FOUND_MS = 500;
const EARLIEST = -2n;
const LATEST = -1n;
/** As a replication factor (KIP-464). */
const DEFAULT_OF_BROKER = -1;
const SOURCES: Readonly<Record<number, TopicConfigEntry['source']>> = {
  1: 'topic',
  2: 'broker',
  3: 'broker',
  4: 'broker',
  5: 'default',
};

type Described = Metadata['topics'][number];
type CreateAnswer = ResponseOf<typeof createTopics>['topics'][number];

/** The calls about topics, their configuration and their offsets. */
export class Topics {
  constructor(
    private readonly cluster: Cluster,
    private readonly connections: Connections,
  ) {}

  async list(): Promise<readonly TopicDescription[]> {
    const { topics } = await persist((leftMs) => this.cluster.refresh(null, leftMs), this.cluster);
    return topics.filter(({ errorCode }) => errorCode === 0).map(descriptionOf);
  }

  describe(name: string): Promise<TopicDescription | undefined> {
    return persist(async (leftMs) => {
      const { topics } = await this.cluster.refresh([name], leftMs);
      const topic = topics.find((each) => each.name === name);
      if (topic === undefined || topic.errorCode === ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION) return undefined;
      throwIfError(topic.errorCode, undefined, `topic ${name}`);
      return descriptionOf(topic);
    }, this.cluster);
  }

  async create(spec: NewTopic): Promise<void> {
    await this.askFor(spec, false);
    await this.untilKnown(spec.name);
  }

  async preview(spec: NewTopic): Promise<TopicPreview> {
    const answer = await this.askFor(spec, true);
    const least = answer?.configs?.find(({ name }) => name === MIN_INSYNC)?.value ?? undefined;
    const replicas = answer?.replicationFactor ?? -1;
    return {
      replicas: replicas < 0 ? undefined : replicas,
      minInsyncReplicas: least === undefined ? undefined : Number(least),
    };
  }

  /** Undefined: it was made by a try whose answer was lost. */
  private async askFor(spec: NewTopic, validateOnly: boolean): Promise<CreateAnswer | undefined> {
    const { name, partitions, replicationFactor: wanted = DEFAULT_OF_BROKER } = spec;
    const { replication = DEFAULT_OF_BROKER, minInsyncReplicas } = this.cluster.topicDefaults;
    const config = { ...(minInsyncReplicas !== undefined && { [MIN_INSYNC]: `${minInsyncReplicas}` }), ...spec.config };
    const topic = {
      name,
      numPartitions: partitions,
      replicationFactor: wanted === DEFAULT_OF_BROKER ? replication : wanted,
      configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
    };
    return this.atController(async (controller, leftMs, again) => {
      const value = { topics: [topic], timeoutMs: Math.round(leftMs), validateOnly };
      const { topics } = await this.connections.call(controller, createTopics, value, { timeoutMs: leftMs });
      const [answer] = topics;
      if (answer === undefined) throw kafkaError(ERROR_CODES.UNKNOWN_SERVER_ERROR, 'no answer about it', name);
      if (again && answer.errorCode === ERROR_CODES.TOPIC_ALREADY_EXISTS) return undefined;
      throwIfError(answer.errorCode, answer.errorMessage, `topic ${name}`);
      return answer;
    });
  }

  /** The controller has made it; the broker that answers for metadata learns of it a moment later, on a busy cluster seconds. */
  private untilKnown(name: string): Promise<void> {
    return persist(async () => {
      if ((await this.describe(name)) === undefined) throw absent(name);
    }, this.cluster).catch((failure: unknown) => {
      if (!hasCode(failure, 'TOPIC_AUTHORIZATION_FAILED')) throw failure; // who may create it need not be able to see it
    });
  }

  createPartitions(name: string, count: number): Promise<void> {
    return this.atController(async (controller, leftMs) => {
      const value = { topics: [{ name, count, assignments: null }], timeoutMs: Math.round(leftMs) };
      const answer = await this.connections.call(controller, createPartitions, value, { timeoutMs: leftMs });
      for (const { errorCode, errorMessage } of answer.results) throwIfError(errorCode, errorMessage, `topic ${name}`);
    });
  }

  delete(name: string): Promise<void> {
    return this.atController(async (controller, leftMs, again) => {
      const value = { topicNames: [name], timeoutMs: Math.round(leftMs) };
      const answer = await this.connections.call(controller, deleteTopics, value, { timeoutMs: leftMs, newest: 5 });
      for (const { errorCode, errorMessage } of answer.responses) {
        if (again && errorCode === ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION) continue; // gone by the try before
        throwIfError(errorCode, errorMessage, `topic ${name}`);
      }
    });
  }

  async deleteRecords(positions: readonly PartitionPosition[]): Promise<void> {
    for (const { topic, partition, offset } of positions) {
      await this.atLeader(topic, partition, async (leader, leftMs) => {
        const value = {
          topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset }] }],
          timeoutMs: Math.round(leftMs),
        };
        const answer = await this.connections.call(leader, deleteRecords, value, { timeoutMs: leftMs });
        for (const { errorCode } of answer.topics.flatMap((each) => each.partitions)) {
          throwIfError(errorCode, undefined, `${topic}-${partition} up to ${offset}`);
        }
      });
    }
  }

  config(topic: string): Promise<readonly TopicConfigEntry[]> {
    return persist(async (leftMs) => {
      const value = {
        resources: [{ resourceType: TOPIC_RESOURCE, resourceName: topic, configurationKeys: null }],
        includeSynonyms: false,
      };
      const { results } = await this.connections.callAny(describeConfigs, value, { timeoutMs: leftMs });
      const [result] = results;
      if (result === undefined) throw kafkaError(ERROR_CODES.UNKNOWN_SERVER_ERROR, 'no answer about its config', topic);
      throwIfError(result.errorCode, result.errorMessage, `topic ${topic}`);
      return result.configs.map(({ name, value: text, configSource, readOnly, isSensitive }) => ({
        name,
        value: text,
        source: SOURCES[configSource] ?? 'other',
        readOnly,
        sensitive: isSensitive,
      }));
    }, this.briefly());
  }

  alterConfig(
    topic: string,
    changes: Readonly<Record<string, string | null>>,
    { validateOnly = false }: { readonly validateOnly?: boolean } = {},
  ): Promise<void> {
    const configs = Object.entries(changes).map(([name, value]) => ({
      name,
      configOperation: value === null ? DELETE : SET,
      value,
    }));
    return this.atController(async (controller, leftMs) => {
      const value = { resources: [{ resourceType: TOPIC_RESOURCE, resourceName: topic, configs }], validateOnly };
      const answer = await this.connections.call(controller, incrementalAlterConfigs, value, { timeoutMs: leftMs });
      for (const { errorCode, errorMessage } of answer.responses)
        throwIfError(errorCode, errorMessage, `topic ${topic}`);
    });
  }

  /** Of all partitions, in order; throws UNKNOWN_TOPIC_OR_PARTITION where the topic does not exist. */
  offsets(
    topic: string,
    at: Parameters<KafkaClient['offsets']>[1],
    isolation: NonNullable<ReaderOptions['isolation']> = 'read_committed',
  ): Promise<readonly PartitionPosition[]> {
    return persist(async (leftMs) => {
      await this.cluster.refresh([topic], leftMs);
      const known = this.cluster.known(topic);
      if (known === undefined) throw absent(topic);
      const partitions = known.leaders.map((_, partition) => partition);
      const found = await this.askOffsets(topic, known, partitions, at, isolation, leftMs);
      if (typeof at === 'string') return found;
      const beyond = found.filter(({ offset }) => offset < 0n).map(({ partition }) => partition);
      const ends = await this.askOffsets(topic, known, beyond, 'latest', isolation, leftMs);
      return found.map((position) => ends.find(({ partition }) => partition === position.partition) ?? position);
    }, this.briefly());
  }

  /** A topic that was just made may not be known to all brokers yet, but who asks for one that isn't there waits for nothing. */
  private briefly(notFoundMs = NOT_FOUND_MS): Patience {
    return { timeoutMs: this.cluster.timeoutMs, notFoundMs, signal: this.cluster.signal };
  }

  private async askOffsets(
    topic: string,
    known: KnownTopic,
    partitions: readonly number[],
    at: Parameters<KafkaClient['offsets']>[1],
    isolation: NonNullable<ReaderOptions['isolation']>,
    timeoutMs: number,
  ): Promise<readonly PartitionPosition[]> {
    const timestamp = at === 'earliest' ? EARLIEST : at === 'latest' ? LATEST : BigInt(at.timestampMs);
    const byLeader = new Map<number, number[]>();
    for (const partition of partitions) {
      const leader = known.leaders[partition];
      if (leader === undefined) throw kafkaError(ERROR_CODES.LEADER_NOT_AVAILABLE, undefined, `${topic}-${partition}`);
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), partition]);
    }
    const asked = [...byLeader].map(async ([leader, led]) => {
      const value = {
        replicaId: -1,
        isolationLevel: isolation === 'read_committed' ? 1 : 0,
        topics: [{ name: topic, partitions: led.map((partitionIndex) => ({ partitionIndex, timestamp })) }],
        timeoutMs: Math.round(timeoutMs),
      };
      const answer = await this.connections.call(leader, listOffsets, value, { timeoutMs });
      return answer.topics.flatMap((each) => each.partitions);
    });
    return (await Promise.all(asked))
      .flat()
      .map(({ partitionIndex: partition, errorCode, offset }) => {
        throwIfError(errorCode, undefined, `${topic}-${partition}`);
        return { topic, partition, offset };
      })
      .sort((a, b) => a.partition - b.partition);
  }

  private atController<T>(attempt: (controller: number, leftMs: number, again: boolean) => Promise<T>): Promise<T> {
    return persist(async (leftMs, again) => {
      if (again) await this.cluster.refresh([], leftMs);
      return attempt(await this.cluster.controller(leftMs), leftMs, again);
    }, this.briefly(0));
  }

  private atLeader(topic: string, partition: number, attempt: (leader: number, leftMs: number) => Promise<void>) {
    return persist(async (leftMs) => {
      try {
        const leader = this.cluster.known(topic)?.leaders[partition];
        if (leader === undefined)
          throw kafkaError(ERROR_CODES.LEADER_NOT_AVAILABLE, undefined, `${topic}-${partition}`);
        await attempt(leader, leftMs);
      } catch (failure) {
        if (isRetriable(failure)) await this.cluster.refresh([topic], leftMs).catch(() => {});
        throw failure;
      }
    }, this.briefly());
  }
}

const absent = (topic: string) => kafkaError(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, undefined, `topic ${topic}`);

function descriptionOf({ name, topicId, isInternal, partitions }: Described): TopicDescription {
  return {
    name: name ?? '',
    topicId,
    internal: isInternal,
    partitions: partitions
      .map(({ partitionIndex, leaderId, replicaNodes, isrNodes }) => ({
        partition: partitionIndex,
        leader: leaderId,
        replicas: replicaNodes,
        isr: isrNodes,
      }))
      .sort((a, b) => a.partition - b.partition),
  };
}
