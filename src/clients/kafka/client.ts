import { Cluster, Connections } from './cluster.js';
import type { ConnectKafka, KafkaClient, KafkaClientOptions } from './contract.js';
import { ClassicGroupMember } from './group-member.js';
import { ClassicGroupSession } from './group-session.js';
import { Groups } from './groups.js';
import { persist } from './kafka-errors.js';
import { producerLink, readerLink } from './links.js';
import { Producer } from './producer.js';
import { Reader } from './reader.js';
import { Topics } from './topics.js';
import { Transaction } from './transaction.js';
import { TransactionProducer } from './transactional-producer.js';

export const connectKafka: ConnectKafka = (options: KafkaClientOptions): KafkaClient => {
  const cluster = new Cluster(options);
  const connections = new Connections(cluster);
  const topics = new Topics(cluster, connections);
  const groups = new Groups(cluster, connections);
  const parts = new Set<{ close(): Promise<void> }>();
  return {
    async describeCluster() {
      const answer = await persist((leftMs) => cluster.refresh([], leftMs), cluster);
      return {
        clusterId: answer.clusterId ?? '',
        controllerId: answer.controllerId,
        brokers: answer.brokers.map(({ nodeId, host, port }) => ({ id: nodeId, host, port })),
      };
    },
    listTopics: () => topics.list(),
    describeTopic: (name) => topics.describe(name),
    createTopic: (spec) => topics.create(spec),
    previewTopic: (spec) => topics.preview(spec),
    createPartitions: (topic, total) => topics.createPartitions(topic, total),
    deleteTopic: (name) => topics.delete(name),
    deleteRecords: (positions) => topics.deleteRecords(positions),
    topicConfig: (topic) => topics.config(topic),
    alterTopicConfig: (topic, changes, options) => topics.alterConfig(topic, changes, options),
    offsets: (topic, at, isolation) => topics.offsets(topic, at, isolation),
    listGroups: () => groups.list(),
    describeGroup: (group) => groups.describe(group),
    committedOffsets: (group, names) => groups.committed(group, names),
    commitOffsets: (group, positions) => groups.commit(group, positions),
    deleteOffsets: (group, partitions) => groups.deleteOffsets(group, partitions),
    deleteGroup: (group) => groups.delete(group),
    groupMember(memberOptions) {
      const own = new Connections(cluster);
      const coordinated = new Groups(cluster, own);
      const part = { close: () => member.leave() };
      const member = new ClassicGroupMember(own, coordinated, topics, memberOptions, () => parts.delete(part));
      parts.add(part);
      return member;
    },
    groupSession(sessionOptions) {
      const own = new Connections(cluster);
      const part = { close: () => session.leave() };
      const session = new ClassicGroupSession(own, new Groups(cluster, own), sessionOptions, () => parts.delete(part));
      parts.add(part);
      return session;
    },
    reader(readerOptions) {
      const reader = new Reader(readerLink(cluster, topics), readerOptions, () => parts.delete(reader));
      parts.add(reader);
      return reader;
    },
    producer(producerOptions = {}) {
      const producer = new Producer(producerLink(cluster), producerOptions, () => parts.delete(producer));
      parts.add(producer);
      return producer;
    },
    transactionalProducer(producerOptions) {
      const own = new Connections(cluster);
      const transaction = new Transaction(cluster, own, producerOptions);
      const link = producerLink(cluster, own, transaction);
      const producer = new TransactionProducer(link, transaction, producerOptions, () => parts.delete(producer));
      parts.add(producer);
      return producer;
    },
    async close() {
      const failures = (await Promise.allSettled([...parts].map((part) => part.close()))).filter(isRejected);
      connections.close();
      cluster.close();
      if (failures[0] !== undefined) throw failures[0].reason;
    },
  };
};

const isRejected = (result: PromiseSettledResult<unknown>): result is PromiseRejectedResult =>
  result.status === 'rejected';
