import { Journal } from '../../../support/journal.js';

export interface CommittedOffset {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly committedMs: number;
  /** Where the client asked for a retention of its own, as old ones may. */
  readonly expiresMs?: number;
}

const SEPARATOR = '\u0000';

/** The committed offsets of all groups, on disk before they are acknowledged. */
export class OffsetStore {
  private readonly journal: Journal<CommittedOffset>;
  private readonly pending = new Map<string, number>();
  private readonly groups = new Map<string, Map<string, Map<number, CommittedOffset>>>();

  constructor(file: string) {
    this.journal = new Journal(file);
    for (const [key, value] of this.journal.entries) {
      const [group = '', topic = '', partition = ''] = key.split(SEPARATOR);
      this.remember(group, topic, Number(partition), value);
    }
  }

  private remember(group: string, topic: string, partition: number, value: CommittedOffset): void {
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
    partitions.set(partition, value);
  }

  commit(
    group: string,
    offsets: ReadonlyArray<{ readonly topic: string; readonly partition: number; readonly value: CommittedOffset }>,
  ): void {
    this.journal.setAll(
      offsets.map(({ topic, partition, value }) => [[group, topic, partition].join(SEPARATOR), value] as const),
    );
    for (const { topic, partition, value } of offsets) this.remember(group, topic, partition, value);
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
    return this.pending.has([group, topic, partition].join(SEPARATOR));
  }

  /** Counts the transactions that have an offset for it: +1 when one gets it, -1 when it ends. */
  notePending(group: string, topic: string, partition: number, difference: 1 | -1): void {
    const key = [group, topic, partition].join(SEPARATOR);
    const count = (this.pending.get(key) ?? 0) + difference;
    if (count > 0) this.pending.set(key, count);
    else this.pending.delete(key);
  }

  groupIds(): IterableIterator<string> {
    return this.groups.keys();
  }

  delete(group: string, topic: string, partition: number): void {
    if (this.get(group, topic, partition) === undefined) return;
    this.journal.delete([group, topic, partition].join(SEPARATOR));
    const partitions = this.groups.get(group)?.get(topic);
    partitions?.delete(partition);
    if (partitions?.size === 0) this.groups.get(group)?.delete(topic);
    if (this.groups.get(group)?.size === 0) this.groups.delete(group);
  }

  deleteGroup(group: string): void {
    for (const [topic, partitions] of [...this.of(group)]) {
      for (const partition of [...partitions.keys()]) this.delete(group, topic, partition);
    }
  }

  /** A topic's offsets go with it. */
  deleteTopic(topic: string): void {
    for (const [group, topics] of [...this.groups]) {
      for (const partition of [...(topics.get(topic)?.keys() ?? [])]) this.delete(group, topic, partition);
    }
  }

  close(): void {
    this.journal.close();
  }
}
