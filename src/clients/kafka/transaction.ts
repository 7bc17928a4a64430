import type { ProducerIdentity } from '../../protocol/kafka/batch-builder.js';
import { addOffsetsToTxn } from '../../protocol/kafka/messages/add-offsets-to-txn.js';
import { addPartitionsToTxn } from '../../protocol/kafka/messages/add-partitions-to-txn.js';
import { endTxn } from '../../protocol/kafka/messages/end-txn.js';
import { initProducerId } from '../../protocol/kafka/messages/init-producer-id.js';
import { txnOffsetCommit } from '../../protocol/kafka/messages/txn-offset-commit.js';
import { byTopic } from './by-topic.js';
import type { Cluster, Connections } from './cluster.js';
import type { PartitionPosition, TopicPartition, TransactionOptions } from './contract.js';
import { Coordinators } from './coordinators.js';
import { offsetsByTopic, throwIfNotCommitted } from './groups.js';
import { throwIfError } from './kafka-errors.js';

/** Kafka's own default for clients. */
const TIMEOUT_MS = 60_000;

/** From this level of transaction.version on, what is written joins the transaction by itself, and its end brings a new epoch (KIP-890). */
const IMPLICIT_FROM = 2;
/** The newest versions in which a broker expects partitions and groups to be added first. */
const EXPLICIT = { produce: 11, addPartitionsToTxn: 3, txnOffsetCommit: 4, endTxn: 4 } as const;
const IMPLICIT = { produce: 12, txnOffsetCommit: 5, endTxn: 5 } as const;

/**
 * The transactions of one transactional id, as its coordinator sees them. States: unknown → ready, once the coordinator
 * has fenced earlier producers → begun, with the first batch or offset → ready, when it was committed or aborted.
 */
export class Transaction {
  private identity: Promise<ProducerIdentity> | undefined;
  private implicit = false;
  private begun = false;
  /** What the coordinator was told of the one that has begun. */
  private readonly partitions = new Set<string>();
  private readonly groups = new Set<string>();
  private readonly coordinators: Coordinators;
  private readonly groupCoordinators: Coordinators;

  constructor(
    cluster: Cluster,
    private readonly connections: Connections,
    private readonly options: TransactionOptions,
  ) {
    this.coordinators = new Coordinators('transactional id', cluster, connections);
    this.groupCoordinators = new Coordinators('group', cluster, connections);
  }

  get id(): string {
    return this.options.transactionalId;
  }

  get newestProduce(): number {
    return this.implicit ? IMPLICIT.produce : EXPLICIT.produce;
  }

  /** Who writes. The first time the coordinator ends what earlier producers of this id left open, and fences them. */
  identify(): Promise<ProducerIdentity> {
    this.identity ??= this.initialise();
    return this.identity;
  }

  private initialise(): Promise<ProducerIdentity> {
    const { transactionalId, transactionTimeoutMs = TIMEOUT_MS } = this.options;
    return this.coordinators.at(transactionalId, async (broker, timeoutMs) => {
      const connection = await this.connections.to(broker, timeoutMs);
      const value = { transactionalId, transactionTimeoutMs };
      const answer = await connection.call(initProducerId, value, { timeoutMs, newest: 5 });
      throwIfError(answer.errorCode, undefined, this.title);
      this.implicit = connection.level('transaction.version') >= IMPLICIT_FROM;
      return { producerId: answer.producerId, producerEpoch: answer.producerEpoch, transactional: true };
    });
  }

  /** Before batches go to these partitions. */
  async add(partitions: readonly TopicPartition[]): Promise<void> {
    this.begun = true;
    if (this.implicit) return;
    const added = partitions.filter((each) => !this.partitions.has(nameOf(each)));
    if (added.length === 0) return;
    const { producerId, producerEpoch } = await this.identify();
    const value = {
      v3AndBelowTransactionalId: this.id,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: [...byTopic(added)].map(([name, ofTopic]) => ({
        name,
        partitions: ofTopic.map(({ partition }) => partition),
      })),
    };
    await this.coordinators.at(this.id, async (broker, timeoutMs) => {
      const options = { timeoutMs, newest: EXPLICIT.addPartitionsToTxn };
      const answer = await this.connections.call(broker, addPartitionsToTxn, value, options);
      for (const { name, resultsByPartition } of answer.resultsByTopicV3AndBelow) {
        for (const { partitionIndex, partitionErrorCode } of resultsByPartition)
          throwIfError(partitionErrorCode, undefined, `${this.title}, ${name}-${partitionIndex}`);
      }
    });
    for (const each of added) this.partitions.add(nameOf(each));
  }

  /** The group's offsets are these as soon as the transaction is committed. */
  async addOffsets(group: string, positions: readonly PartitionPosition[]): Promise<void> {
    const identity = await this.identify();
    const value = { transactionalId: this.id, ...identity, groupId: group };
    this.begun = true;
    if (!this.implicit && !this.groups.has(group)) {
      await this.coordinators.at(this.id, async (broker, timeoutMs) => {
        const answer = await this.connections.call(broker, addOffsetsToTxn, value, { timeoutMs });
        throwIfError(answer.errorCode, undefined, `${this.title}, group ${group}`);
      });
      this.groups.add(group);
    }
    const topics = offsetsByTopic(positions);
    const { txnOffsetCommit: newest } = this.implicit ? IMPLICIT : EXPLICIT;
    await this.groupCoordinators.at(group, async (broker, timeoutMs) => {
      const options = { timeoutMs, newest };
      const answer = await this.connections.call(broker, txnOffsetCommit, { ...value, topics }, options);
      throwIfNotCommitted(answer.topics, `${this.title}, group ${group}`);
    });
  }

  /** All that was written must have been acknowledged. Where nothing was, there is nothing to end. */
  async end(committed: boolean): Promise<void> {
    if (!this.begun) return;
    const identity = await this.identify();
    const value = { transactionalId: this.id, ...identity, committed };
    const { endTxn: newest } = this.implicit ? IMPLICIT : EXPLICIT;
    const next = await this.coordinators.at(this.id, async (broker, timeoutMs) => {
      const answer = await this.connections.call(broker, endTxn, value, { timeoutMs, newest });
      throwIfError(answer.errorCode, undefined, this.title);
      return answer;
    });
    this.begun = false;
    this.partitions.clear();
    this.groups.clear();
    if (next.producerId >= 0n)
      this.identity = Promise.resolve({ ...identity, producerId: next.producerId, producerEpoch: next.producerEpoch });
  }

  private get title(): string {
    return `transactional id ${this.id}`;
  }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic} ${partition}`;
