import { OFFSET_COMMIT, type StateRecord } from '../../../protocol/kafka/state-records.js';
import type { StateTopic, TransactionalProducer } from '../topics/state-topic.js';

export interface CommittedOffset {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly committedMs: number;
  /** Where the client asked for a retention of its own, as old ones may. */
  readonly expiresMs?: number;
}

export interface PartitionOffset {
  readonly topic: string;
  readonly partition: number;
  readonly value: CommittedOffset;
}

/** With the place of its record: what a transaction wrote earlier does not overtake what was committed since. */
interface Entry extends CommittedOffset {
  readonly recordOffset: number;
}

interface PendingOffset {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly entry: Entry;
}

/** A commit with an end of its own is written in the version that has one. */
const WITH_EXPIRY = 1;

const SEPARATOR = '\u0000';

const keyOf = (group: string, topic: string, partition: number): string => [group, topic, partition].join(SEPARATOR);

/** The committed offsets of all groups: records of `__consumer_offsets`, there before they are acknowledged. */
export class OffsetStore {
  private readonly groups = new Map<string, Map<string, Map<number, Entry>>>();
  /** Offsets of open transactions, by the partition of `__consumer_offsets` and the producer. */
  private readonly open = new Map<string, Map<string, PendingOffset>>();
  /** In how many open transactions there is an offset for a group's partition. */
  private readonly pending = new Map<string, number>();

  constructor(private readonly state: StateTopic) {}

  /** Takes a record over that was read back. */
  replay(key: Buffer, value: Buffer | null, recordOffset: number, producerId: number | undefined): void {
    const { group, topic, partition } = OFFSET_COMMIT.keyOf(key);
    if (value === null) {
      this.forget(group, topic, partition);
      return;
    }
    const { offset, leaderEpoch, metadata, commitTimestamp, expireTimestamp } = OFFSET_COMMIT.valueOf(value);
    const expires = expireTimestamp < 0n ? {} : { expiresMs: Number(expireTimestamp) };
    const committedMs = Number(commitTimestamp);
    const entry = { offset: Number(offset), leaderEpoch, metadata, committedMs, ...expires, recordOffset };
    if (producerId === undefined) this.remember(group, topic, partition, entry);
    else this.rememberPending(producerId, { group, topic, partition, entry });
  }

  private remember(group: string, topic: string, partition: number, entry: Entry): void {
    let topics = this.groups.get(group);
    if (topics === undefined) {
      topics = new Map();
      this.groups.set(group, topics);
    }
    let partitions = topics.get(topic);
    if (partitions === undefined) {
      partitions = new Map();
      topics.set(topic, partitions);
    }
    partitions.set(partition, entry);
  }

  commit(group: string, offsets: readonly PartitionOffset[]): void {
    const first = this.state.append(group, offsetRecords(group, offsets));
    for (const [at, { topic, partition, value }] of offsets.entries()) {
      this.remember(group, topic, partition, { ...value, recordOffset: first + at });
    }
  }

  /** Offsets that count once the producer's transaction commits. */
  commitPending(producer: TransactionalProducer, group: string, offsets: readonly PartitionOffset[]): void {
    const first = this.state.append(group, offsetRecords(group, offsets), producer);
    for (const [at, { topic, partition, value }] of offsets.entries()) {
      const entry = { ...value, recordOffset: first + at };
      this.rememberPending(producer.producerId, { group, topic, partition, entry });
    }
  }

  private rememberPending(producerId: number, offset: PendingOffset): void {
    const transaction = `${this.state.partitionOf(offset.group)}:${producerId}`;
    const offsets = this.open.get(transaction) ?? new Map<string, PendingOffset>();
    const key = keyOf(offset.group, offset.topic, offset.partition);
    if (!offsets.has(key)) this.pending.set(key, (this.pending.get(key) ?? 0) + 1);
    this.open.set(transaction, offsets.set(key, offset));
  }

  /** The producer's transaction was ended in this partition of `__consumer_offsets`; gives the groups that have new offsets. */
  ended(partition: number, producerId: number, type: 'commit' | 'abort'): ReadonlySet<string> {
    const transaction = `${partition}:${producerId}`;
    const groups = new Set<string>();
    for (const [key, { group, topic, partition: of, entry }] of this.open.get(transaction) ?? []) {
      const count = (this.pending.get(key) ?? 1) - 1;
      if (count > 0) this.pending.set(key, count);
      else this.pending.delete(key);
      const known = this.groups.get(group)?.get(topic)?.get(of);
      if (type === 'abort' || (known !== undefined && known.recordOffset > entry.recordOffset)) continue;
      this.remember(group, topic, of, entry);
      groups.add(group);
    }
    this.open.delete(transaction);
    return groups;
  }

  get(group: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.groups.get(group)?.get(topic)?.get(partition);
  }

  /** Topic by topic; empty where the group never committed. */
  of(group: string): ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> {
    return this.groups.get(group) ?? new Map();
  }

  /** Whether an open transaction has an offset for it. */
  hasPending(group: string, topic: string, partition: number): boolean {
    return this.pending.has(keyOf(group, topic, partition));
  }

  groupIds(): IterableIterator<string> {
    return this.groups.keys();
  }

  /** Takes back those that are there, all at once. */
  delete(group: string, partitions: ReadonlyArray<{ readonly topic: string; readonly partition: number }>): void {
    const known = partitions.filter(({ topic, partition }) => this.get(group, topic, partition) !== undefined);
    if (known.length === 0) return;
    this.state.append(
      group,
      known.map(({ topic, partition }) => OFFSET_COMMIT.record({ group, topic, partition }, null)),
    );
    for (const { topic, partition } of known) this.forget(group, topic, partition);
  }

  private forget(group: string, topic: string, partition: number): void {
    const topics = this.groups.get(group);
    const partitions = topics?.get(topic);
    partitions?.delete(partition);
    if (partitions?.size === 0) topics?.delete(topic);
    if (topics?.size === 0) this.groups.delete(group);
  }

  deleteGroup(group: string): void {
    const all = [...this.of(group)].flatMap(([topic, partitions]) =>
      [...partitions.keys()].map((partition) => ({ topic, partition })),
    );
    this.delete(group, all);
  }

  /** A topic's offsets go with it. */
  deleteTopic(topic: string): void {
    for (const [group, topics] of [...this.groups]) {
      const partitions = [...(topics.get(topic)?.keys() ?? [])];
      this.delete(
        group,
        partitions.map((partition) => ({ topic, partition })),
      );
    }
  }

  /** `__consumer_offsets` itself was deleted. */
  clear(): void {
    this.groups.clear();
    this.open.clear();
    this.pending.clear();
  }
}

export function offsetRecords(group: string, offsets: readonly PartitionOffset[]): StateRecord[] {
  return offsets.map(({ topic, partition, value: { offset, leaderEpoch, metadata, committedMs, expiresMs } }) => {
    const value = { offset: BigInt(offset), leaderEpoch, metadata, commitTimestamp: BigInt(committedMs) };
    const key = { group, topic, partition };
    return expiresMs === undefined
      ? OFFSET_COMMIT.record(key, value)
      : OFFSET_COMMIT.record(key, { ...value, expireTimestamp: BigInt(expiresMs) }, WITH_EXPIRY);
  });
}
