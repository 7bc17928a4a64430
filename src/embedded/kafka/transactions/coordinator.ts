import { join } from 'node:path';
import { encodeMarker } from '../../../protocol/kafka/encode-batch.js';
import type { ErrorName } from '../../../protocol/kafka/errors.js';
import type { Clock } from '../../../support/clock.js';
import { messageOf } from '../../../support/errors.js';
import { Journal } from '../../../support/journal.js';
import type { Log } from '../../../support/log.js';
import type { GroupCoordinator } from '../groups/coordinator.js';
import type { CommittedOffset } from '../groups/offset-store.js';
import type { TopicCatalog } from '../topics/catalog.js';
import type { BrokerSettings } from '../topics/settings.js';
import type { ProducerIds } from './producer-ids.js';

export type TransactionState =
  | 'Empty'
  | 'Ongoing'
  | 'PrepareCommit'
  | 'PrepareAbort'
  | 'CompleteCommit'
  | 'CompleteAbort';

export interface PendingOffset {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly value: CommittedOffset;
}

/** One transactional id, as it is kept on disk. */
export interface Transaction {
  readonly producerId: number;
  readonly epoch: number;
  readonly timeoutMs: number;
  readonly state: TransactionState;
  readonly startMs: number;
  readonly updatedMs: number;
  /** `topic` to partitions. */
  readonly partitions: Readonly<Record<string, readonly number[]>>;
  readonly groups: readonly string[];
  readonly offsets: readonly PendingOffset[];
  /** The producer before the last EndTxn bumped the epoch: its repeated EndTxn is answered like the first. */
  readonly previous: { readonly producerId: number; readonly epoch: number } | null;
}

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

const NOTHING = { partitions: {}, groups: [], offsets: [], startMs: -1 } as const;

/**
 * Transactions (KIP-98, KIP-360, KIP-890). States of a transactional id:
 *
 * - Empty: it has a producer id and no transaction.
 * - Ongoing: partitions or groups were added.
 * - PrepareCommit, PrepareAbort: the decision is on disk; the markers are being written to the partitions and the
 *   offsets to the groups. Both happen at once on one node, so only a crash or a full disk leaves a transaction here: the
 *   next start, the next request of its producer or the upkeep finishes it.
 * - CompleteCommit, CompleteAbort: done; what is added next begins a new one.
 *
 * Every change is on disk before it is answered. A transaction that outlives its timeout is aborted with the epoch
 * bumped, so that its producer is fenced; so is one whose transactional id is initialised anew.
 */
export class TransactionCoordinator {
  private readonly journal: Journal<Transaction>;

  constructor(
    dir: string,
    private readonly context: Context,
  ) {
    this.journal = new Journal(join(dir, 'transactions.jsonl'));
    for (const transaction of this.journal.entries.values()) {
      this.notePending(transaction.offsets, 1); // of an ongoing one, or one whose end a crash interrupted
    }
  }

  /** Finishes what was decided before a crash. Called once the topics can be written to. */
  recover(): void {
    for (const id of [...this.journal.entries.keys()]) this.attempt(id, () => this.finish(id));
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
    return this.journal.entries.get(id);
  }

  all(): ReadonlyMap<string, Transaction> {
    return this.journal.entries;
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
    this.finish(id);
    const error = this.check(id, producer);
    if (error !== undefined) return error;
    const current = this.get(id) as Transaction;
    const groups = current.state === 'Ongoing' ? current.groups : [];
    if (groups.includes(group)) return undefined;
    this.save(id, { ...this.ongoing(current), groups: [...groups, group] });
    return undefined;
  }

  /** Offsets that count when the transaction commits. */
  addOffsets(id: string, producer: Producer, offsets: readonly PendingOffset[]): ErrorName | undefined {
    this.finish(id);
    const error = this.check(id, producer);
    if (error !== undefined) return error;
    const current = this.get(id) as Transaction;
    if (current.state !== 'Ongoing') return 'INVALID_TXN_STATE';
    const same = (a: PendingOffset, b: PendingOffset) =>
      a.group === b.group && a.topic === b.topic && a.partition === b.partition;
    const replaced = current.offsets.filter((old) => offsets.some((fresh) => same(old, fresh)));
    const kept = current.offsets.filter((old) => !replaced.includes(old));
    this.save(id, { ...current, offsets: [...kept, ...offsets], updatedMs: this.context.clock.now() });
    this.notePending(replaced, -1);
    this.notePending(offsets, 1);
    return undefined;
  }

  private ongoing(current: Transaction): Transaction {
    const now = this.context.clock.now();
    if (current.state === 'Ongoing') return { ...current, updatedMs: now };
    return { ...current, ...NOTHING, state: 'Ongoing', startMs: now, updatedMs: now };
  }

  private notePending(offsets: readonly PendingOffset[], difference: 1 | -1): void {
    for (const { group, topic, partition } of offsets) {
      this.context.groups.offsets.notePending(group, topic, partition, difference);
    }
  }

  /**
   * Commits or aborts. With `bump` (EndTxn from version 5 on, KIP-890) the producer goes on with the next epoch, which
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
    const { topics, groups, clock } = this.context;
    for (const [name, partitions] of Object.entries(prepared.partitions)) {
      const topic = topics.get(name);
      for (const partition of partitions) {
        const log = topic?.log(partition);
        if (topic === undefined || log === undefined) continue; // deleted meanwhile
        const open = log.producers.entries.get(prepared.producerId)?.transactionStart !== undefined;
        if (again && !open) continue; // its marker was written before the crash
        const producer = { producerId: prepared.producerId, producerEpoch: prepared.epoch };
        log.append(encodeMarker(result, producer, COORDINATOR_EPOCH, clock.now()), topic.settings);
      }
    }
    if (result === 'commit') {
      for (const group of new Set(prepared.offsets.map((offset) => offset.group))) {
        const own = prepared.offsets.filter((offset) => offset.group === group);
        groups.touch(group);
        groups.offsets.commit(group, own);
      }
    }
    const fresh = prepared.epoch >= EPOCH_MAX ? { producerId: this.context.producerIds.take(), epoch: 0 } : {};
    const complete: Transaction = {
      ...prepared,
      ...NOTHING,
      ...fresh,
      startMs: prepared.startMs,
      state: result === 'commit' ? 'CompleteCommit' : 'CompleteAbort',
      updatedMs: clock.now(),
    };
    this.save(id, complete);
    this.notePending(prepared.offsets, -1);
    return complete;
  }

  private save(id: string, transaction: Transaction): void {
    this.journal.set(id, transaction);
  }

  /** Aborts transactions that outlived their timeout; forgets ids that nobody used for long. */
  expire(): void {
    const now = this.context.clock.now();
    const forgottenMs = this.context.settings.number('transactional.id.expiration.ms');
    for (const [id, transaction] of [...this.journal.entries]) {
      const { state, epoch, startMs, timeoutMs, updatedMs } = transaction;
      const work = (): void => {
        if (state.startsWith('Prepare')) this.finish(id);
        else if (state !== 'Ongoing') this.journal.delete(id);
        else this.end(id, { ...transaction, epoch: epoch + 1, previous: null }, 'abort');
      };
      const due = state === 'Ongoing' ? now - startMs > timeoutMs : now - updatedMs > forgottenMs;
      if (due || state.startsWith('Prepare')) this.attempt(id, work);
    }
  }

  close(): void {
    this.journal.close();
  }
}

/** Whether this is what the producer was before the transaction's end bumped it. */
const isBefore = (producer: Producer, { previous, ...current }: Transaction): boolean =>
  (producer.producerId === current.producerId && producer.epoch === current.epoch - 1) ||
  (previous !== null && isCurrent(previous, producer));

const isCurrent = (current: Producer, producer: Producer): boolean =>
  current.producerId === producer.producerId && current.epoch === producer.epoch;
