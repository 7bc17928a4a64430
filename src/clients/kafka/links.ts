import { ERROR_CODES } from '../../protocol/kafka/errors.js';
import { fetch } from '../../protocol/kafka/messages/fetch.js';
import { initProducerId } from '../../protocol/kafka/messages/init-producer-id.js';
import { produce } from '../../protocol/kafka/messages/produce.js';
import { ZERO_UUID } from '../../protocol/kafka/schema.js';
import { byTopic } from './by-topic.js';
import { type Cluster, Connections } from './cluster.js';
import { kafkaError, persist, throwIfError } from './kafka-errors.js';
import type { ProduceResult, ProducerLink } from './producer-link.js';
import type { FetchRequest, FetchResult, ReaderLink } from './reader.js';
import type { Topics } from './topics.js';
import type { Transaction } from './transaction.js';

/** From this version on topics are named by their id, so that one made again under its name is another one. */
const FETCH_BY_ID = 13;
const EMPTY = Buffer.alloc(0);

/** From this version on topics are named by their id here. */
const PRODUCE_BY_ID = 13;

/** What one producer needs, on connections of its own. */
export function producerLink(
  cluster: Cluster,
  connections = new Connections(cluster),
  transaction?: Transaction,
): ProducerLink {
  const { timeoutMs } = cluster;
  return {
    timeoutMs,
    topic: (name) => cluster.topic(name),
    known: (name) => cluster.known(name),
    lookAgain: async (topics) => {
      await cluster.refresh(topics);
    },
    newIdentity: () =>
      transaction?.identify() ??
      persist(async (leftMs) => {
        const value = { transactionalId: null, transactionTimeoutMs: 60_000 };
        const { errorCode, producerId, producerEpoch } = await connections.callAny(initProducerId, value, {
          timeoutMs: leftMs,
          newest: 5,
        });
        throwIfError(errorCode, undefined, 'a new producer id');
        return { producerId, producerEpoch };
      }, cluster),
    produce: async (broker, batches) => {
      const topicData = [...byTopic(batches)].map(([name, ofTopic]) => ({
        name,
        partitionData: ofTopic.map(({ partition, bytes }) => ({ index: partition, records: bytes })),
      }));
      await transaction?.add(batches);
      const value = { transactionalId: transaction?.id ?? null, acks: -1, timeoutMs, topicData };
      const newest = transaction?.newestProduce ?? PRODUCE_BY_ID - 1;
      const { responses } = await connections.call(broker, produce, value, { timeoutMs, newest });
      return responses.flatMap(({ name, partitionResponses }) =>
        partitionResponses.map(
          ({ index, errorCode, errorMessage, baseOffset, recordErrors }): ProduceResult => ({
            topic: name,
            partition: index,
            errorCode,
            errorMessage: recordErrors[0]?.batchIndexErrorMessage ?? errorMessage,
            baseOffset,
          }),
        ),
      );
    },
    close: () => connections.close(),
  };
}

/** What one reader needs, on connections of its own: its fetches linger at the brokers. */
export function readerLink(cluster: Cluster, topics: Topics): ReaderLink {
  const connections = new Connections(cluster);
  return {
    timeoutMs: cluster.timeoutMs,
    known: (name) => cluster.known(name),
    lookAgain: async (names) => {
      await cluster.refresh(names);
    },
    fetch: (broker, request) => fetchOnce(cluster, connections, broker, request),
    offset: async (topic, partition, at) => {
      const found = (await topics.offsets(topic, at)).find((each) => each.partition === partition);
      if (found !== undefined) return found.offset;
      throw kafkaError(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, undefined, `${topic}-${partition}`);
    },
    close: () => connections.close(),
  };
}

async function fetchOnce(
  cluster: Cluster,
  connections: Connections,
  broker: number,
  { maxWaitMs, maxBytes, readCommitted, partitions }: FetchRequest,
): Promise<readonly FetchResult[]> {
  const connection = await connections.to(broker, cluster.timeoutMs);
  const withIds = partitions.every(({ topicId }) => topicId !== ZERO_UUID);
  const version = connection.version(fetch, withIds ? undefined : FETCH_BY_ID - 1);
  const nameOf = new Map(partitions.map(({ topic, topicId }) => [version >= FETCH_BY_ID ? topicId : topic, topic]));
  const topics = [...byTopic(partitions)].map(([topic, ofTopic]) => ({
    topic,
    topicId: ofTopic[0]?.topicId ?? ZERO_UUID,
    partitions: ofTopic.map(({ partition, offset, maxBytes: partitionMaxBytes }) => ({
      partition,
      fetchOffset: offset,
      partitionMaxBytes,
    })),
  }));
  const value = { maxWaitMs, minBytes: 1, maxBytes, isolationLevel: readCommitted ? 1 : 0, topics, rackId: '' };
  const answer = await connection.call(fetch, value, { timeoutMs: maxWaitMs + cluster.timeoutMs, newest: version });
  throwIfError(answer.errorCode, undefined, `fetch from broker ${broker}`);
  return answer.responses.flatMap(({ topic, topicId, partitions: results }) =>
    results.map((result) => ({
      topic: nameOf.get(version >= FETCH_BY_ID ? topicId : topic) ?? topic,
      partition: result.partitionIndex,
      errorCode: result.errorCode,
      highWatermark: result.highWatermark,
      lastStableOffset: result.lastStableOffset,
      aborted: result.abortedTransactions ?? [],
      records: result.records ?? EMPTY,
    })),
  );
}
