import { encodeMarker } from '../../../protocol/kafka/encode-batch.js';
import type { ErrorName } from '../../../protocol/kafka/errors.js';
import type { Clock } from '../../../support/clock.js';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import type { GroupCoordinator } from '../groups/coordinator.js';
import type { PartitionOffset } from '../groups/offset-store.js';
import type { TopicCatalog } from '../topics/catalog.js';
import type { BrokerSettings } from '../topics/settings.js';
import { StateTopic } from '../topics/state-topic.js';
import { CONSUMER_OFFSETS, TRANSACTION_STATE } from '../topics/topic.js';
import type { ProducerIds } from './producer-ids.js';
import type { Transaction } from './transaction.js';
import { readTransactions, transactionRecord, transactionTombstone } from './transaction-records.js';

/** A producer as it introduces itself. */
export interface Producer {
  readonly producerId: number;
  readonly epoch: number;
}

interface Context {
  readonly clock: Clock;
  readonly settings: BrokerSettings;
  readonly topics: TopicCatalog;
  readonly groups: GroupCoordinator;
  readonly producerIds: ProducerIds;
  readonly log: Log;
}

/** One below the greatest: the last epoch is for the coordinator alone, to fence a producer for good. */
const EPOCH_MAX = 32766;

const COORDINATOR_EPOCH = 0;

const NOTHING = { partitions: {}, startMs: -1 } as const;

/**
 * Transactions (KIP-98, KIP-360, KIP-890). States of a transactional id:
 *
 * - Empty: it has a producer id and no transaction.
 * - Ongoing: partitions or groups were added.
 * - PrepareCommit, PrepareAbort: the decision is on disk; the markers are being written to the partitions, where offsets
 *   of groups begin to count. That happens at once on one node, so only a crash or a full disk leaves a transaction here: the
 *   next start, the next request of its producer or the upkeep finishes it.
 * - CompleteCommit, CompleteAbort: done; what is added next begins a new one.
 *
 * Every change is on disk before it is answered. A transaction that outlives its timeout is aborted with the epoch
 * bumped, so that its producer is fenced; so is one whose transactional id is initialised anew.
 */
export class TransactionCoordinator {
  readonly state: StateTopic;
  private readonly transactions: Map<string, Transaction>;

  constructor(private readonly context: Context) {
    this.state = new StateTopic(TRANSACTION_STATE, context);
    this.transactions = readTransactions(this.state);
  }

  /** Finishes what was decided before a crash. Called once the topics can be written to. */
  recover(): void {
    for (const id of [...this.transactions.keys()]) this.attempt(id, () => this.finish(id));
  }

  /** What fails here (a full disk) is tried again by the next `expire`. */
  private attempt(id: string, work: () => void): void {
    try {
      work();
    } catch (failure) {
      this.context.log.error('could not end a transaction', { transactionalId: id, failure: messageOf(failure) });
    }
  }

  /** Carries out what was decided and could not be written then. Throws where it still cannot be. */
  private finish(id: string): Transaction | undefined {
    const transaction = this.get(id);
    if (transaction?.state === 'PrepareCommit') return this.complete(id, transaction, 'commit', true);
    if (transaction?.state === 'PrepareAbort') return this.complete(id, transaction, 'abort', true);
    return transaction;
  }

  get(id: string): Transaction | undefined {
    return this.transactions.get(id);
  }

  all(): ReadonlyMap<string, Transaction> {
    return this.transactions;
  }

  /** Gives the id's producer with its epoch bumped; what was ongoing is aborted, its producer fenced. */
  initProducerId(id: string, timeoutMs: number, known: Producer | undefined): Producer | ErrorName {
    if (timeoutMs <= 0 || timeoutMs > this.context.settings.number('transaction.max.timeout.ms')) {
      return 'INVALID_TRANSACTION_TIMEOUT';
    }
    const now = this.context.clock.now();
    let current = this.finish(id);
    if (current === undefined) {
      const fresh = { producerId: this.context.producerIds.take(), epoch: 0 };
      this.save(id, { ...NOTHING, ...fresh, timeoutMs, state: 'Empty', updatedMs: now, previous: null });
      return fresh;
    }
    if (known !== undefined && !isCurrent(current, known)) {
      // The answer to its last bump was lost: it still says what it was before.
      const { previous } = current;
      return previous !== null && previous.producerId === known.producerId && previous.epoch === known.epoch
        ? { producerId: current.producerId, epoch: current.epoch }
        : 'PRODUCER_FENCED';
    }
    if (current.state === 'Ongoing') {
      // Asked again after a full disk, the producer is known by what it was before.
      current = this.end(id, { ...current, epoch: current.epoch + 1, previous: known ?? null }, 'abort');
    }
    const bumped =
      current.epoch >= EPOCH_MAX
        ? { producerId: this.context.producerIds.take(), epoch: 0 }
        : { producerId: current.producerId, epoch: current.epoch + 1 };
    const previous = known === undefined ? null : { producerId: known.producerId, epoch: known.epoch };
    this.save(id, { ...NOTHING, ...bumped, timeoutMs, state: 'Empty', updatedMs: now, previous });
    return bumped;
  }

  /** Why this producer may not act under this id; undefined where it may. */
  check(id: string, producer: Producer): ErrorName | undefined {
    const current = this.get(id);
    if (current === undefined || current.producerId !== producer.producerId) return 'INVALID_PRODUCER_ID_MAPPING';
    return current.epoch === producer.epoch ? undefined : 'PRODUCER_FENCED';
  }

  addPartitions(
    id: string,
    producer: Producer,
    added: ReadonlyArray<{ readonly topic: string; readonly partitions: readonly number[] }>,
  ): ErrorName | undefined {
    this.finish(id);
    const error = this.check(id, producer);
    if (error !== undefined) return error;
    const current = this.get(id) as Transaction;
    const partitions: Record<string, readonly number[]> = current.state === 'Ongoing' ? { ...current.partitions } : {};
    for (const { topic, partitions: more } of added) {
      partitions[topic] = [...new Set([...(partitions[topic] ?? []), ...more])];
    }
    this.save(id, { ...this.ongoing(current), partitions });
    return undefined;
  }

  /** Whether this partition is in the id's transaction already. */
  has(id: string, topic: string, partition: number): boolean {
    const current = this.get(id);
    return current?.state === 'Ongoing' && current.partitions[topic]?.includes(partition) === true;
  }

  addGroup(id: string, producer: Producer, group: string): ErrorName | undefined {
    const partition = this.context.groups.state.partitionOf(group);
    const isThere = this.has(id, CONSUMER_OFFSETS, partition) && this.check(id, producer) === undefined;
    if (isThere) return undefined;
    return this.addPartitions(id, producer, [{ topic: CONSUMER_OFFSETS, partitions: [partition] }]);
  }

  /** Offsets that count when the transaction commits. */
  addOffsets(
    id: string,
    producer: Producer,
    group: string,
    offsets: readonly PartitionOffset[],
  ): ErrorName | undefined {
    this.finish(id);
    const error = this.check(id, producer);
    if (error !== undefined) return error;
    const { groups } = this.context;
    if (!this.has(id, CONSUMER_OFFSETS, groups.state.partitionOf(group))) return 'INVALID_TXN_STATE';
    groups.offsets.commitPending(producer, group, offsets);
    return undefined;
  }

  private ongoing(current: Transaction): Transaction {
    const now = this.context.clock.now();
    if (current.state === 'Ongoing') return { ...current, updatedMs: now };
    return { ...current, ...NOTHING, state: 'Ongoing', startMs: now, updatedMs: now };
  }

  /**
   * Commits or aborts. With `bump` (EndTxn from version 5 on, KIP-890) the producer continues with the next epoch, which
   * fences everything that was sent late; its new identity is the answer.
   */
  endTransaction(id: string, producer: Producer, result: 'commit' | 'abort', bump: boolean): Producer | ErrorName {
    const current = this.finish(id);
    if (current === undefined) return 'INVALID_PRODUCER_ID_MAPPING';
    const completed = result === 'commit' ? 'CompleteCommit' : 'CompleteAbort';
    if (bump && current.state.startsWith('Complete') && isBefore(producer, current)) {
      // Its answer was lost, or the transaction was aborted because it took too long.
      return current.state === completed
        ? { producerId: current.producerId, epoch: current.epoch }
        : 'INVALID_TXN_STATE';
    }
    const error = this.check(id, producer);
    if (error !== undefined) return error;
    if (current.state === completed && !bump) return producer;
    const canEnd = current.state === 'Ongoing' || (bump && result === 'abort');
    if (!canEnd) return 'INVALID_TXN_STATE';
    const next = bump ? this.bumped(current) : current;
    const ended = this.end(id, next, result);
    return { producerId: ended.producerId, epoch: ended.epoch };
  }

  private bumped(current: Transaction): Transaction {
    const previous = { producerId: current.producerId, epoch: current.epoch };
    return { ...current, epoch: current.epoch + 1, previous };
  }

  private end(id: string, transaction: Transaction, result: 'commit' | 'abort'): Transaction {
    const prepared: Transaction = {
      ...transaction,
      state: result === 'commit' ? 'PrepareCommit' : 'PrepareAbort',
      updatedMs: this.context.clock.now(),
    };
    this.save(id, prepared);
    return this.complete(id, prepared, result, false);
  }

  private complete(id: string, prepared: Transaction, result: 'commit' | 'abort', again: boolean): Transaction {
    const producer = { producerId: prepared.producerId, producerEpoch: prepared.epoch };
    for (const [topic, partitions] of Object.entries(prepared.partitions)) {
      for (const partition of partitions) this.mark(topic, partition, result, producer, again);
    }
    const fresh = prepared.epoch >= EPOCH_MAX ? { producerId: this.context.producerIds.take(), epoch: 0 } : {};
    const complete: Transaction = {
      ...prepared,
      ...NOTHING,
      ...fresh,
      startMs: prepared.startMs,
      state: result === 'commit' ? 'CompleteCommit' : 'CompleteAbort',
      updatedMs: this.context.clock.now(),
    };
    this.save(id, complete);
    return complete;
  }

  /** Writes the marker of a transaction's end. `again`: it may have been written before the crash. */
  private mark(
    name: string,
    partition: number,
    result: 'commit' | 'abort',
    producer: { readonly producerId: number; readonly producerEpoch: number },
    again: boolean,
  ): void {
    const { topics, groups, clock } = this.context;
    const topic = topics.get(name);
    const log = topic?.log(partition);
    if (topic === undefined || log === undefined) return; // deleted meanwhile
    const open = log.producers.entries.get(producer.producerId)?.transactionStart !== undefined;
    if (again && !open) return;
    log.append(encodeMarker(result, producer, COORDINATOR_EPOCH, clock.now()), topic.settings);
    if (name === CONSUMER_OFFSETS) groups.endTransaction(partition, producer.producerId, result);
  }

  private save(id: string, transaction: Transaction): void {
    this.state.append(id, [transactionRecord(id, transaction)]);
    this.transactions.set(id, transaction);
  }

  private forget(id: string): void {
    this.state.append(id, [transactionTombstone(id)]);
    this.transactions.delete(id);
  }

  /** `__transaction_state` was deleted, and with it all that was known. */
  clear(): void {
    this.transactions.clear();
  }

  /** Aborts transactions that outlived their timeout; forgets ids that were not used for long. */
  expire(): void {
    const now = this.context.clock.now();
    const forgottenMs = this.context.settings.number('transactional.id.expiration.ms');
    for (const [id, transaction] of [...this.transactions]) {
      const { state, epoch, startMs, timeoutMs, updatedMs } = transaction;
      const work = (): void => {
        if (state.startsWith('Prepare')) this.finish(id);
        else if (state !== 'Ongoing') this.forget(id);
        else this.end(id, { ...transaction, epoch: epoch + 1, previous: null }, 'abort');
      };
      const due = state === 'Ongoing' ? now - startMs > timeoutMs : now - updatedMs > forgottenMs;
      if (due || state.startsWith('Prepare')) this.attempt(id, work);
    }
  }
}

/** Whether this is what the producer was before the transaction's end bumped it. */
const isBefore = (producer: Producer, { previous, ...current }: Transaction): boolean =>
  (producer.producerId === current.producerId && producer.epoch === current.epoch - 1) ||
  (previous !== null && isCurrent(previous, producer));

const isCurrent = (current: Producer, producer: Producer): boolean =>
  current.producerId === producer.producerId && current.epoch === producer.epoch;
