import { Differences, joinedMarks, referenceMark, versionMark } from './differences.js';
import type { Entry, SideName } from './side.js';

/** Rows of one side by slot; numbers in typed arrays, as objects for each of 100,000 rows would keep the collector busy. */
class Held {
  private entries = new Int32Array(SLOTS_MIN);
  private counts = new Int32Array(SLOTS_MIN);
  private digests = new BigInt64Array(SLOTS_MIN);
  private marks = new Float64Array(SLOTS_MIN);

  add(slot: number, { digest, version, outside }: Entry): void {
    if (slot >= this.entries.length) this.grow();
    const before = this.entries[slot] ?? 0;
    this.entries[slot] = before + 1;
    this.counts[slot] = this.countAt(slot) + (outside === true ? 0 : 1);
    // Sums, whatever the order: the array keeps 64 bits of them.
    this.digests[slot] = (this.digests[slot] ?? 0n) + BigInt(digest);
    this.marks[slot] = before === 0 ? versionMark(version) : joinedMarks(this.markAt(slot), versionMark(version));
  }

  clear(slot: number): void {
    this.entries[slot] = 0;
    this.counts[slot] = 0;
    this.digests[slot] = 0n;
  }

  countAt(slot: number): number {
    return this.counts[slot] ?? 0;
  }

  /** `versionMark` of the row, or of all of them together. */
  markAt(slot: number): number {
    return this.marks[slot] ?? 0;
  }

  holdsAt(slot: number): boolean {
    return (this.entries[slot] ?? 0) > 0;
  }

  agreesWith(other: Held, slot: number): boolean {
    return (
      this.holdsAt(slot) === other.holdsAt(slot) &&
      this.countAt(slot) === other.countAt(slot) &&
      (this.digests[slot] ?? 0n) === (other.digests[slot] ?? 0n)
    );
  }

  private grow(): void {
    const size = this.entries.length * 2;
    const { entries, counts, digests, marks } = this;
    this.entries = new Int32Array(size);
    this.counts = new Int32Array(size);
    this.digests = new BigInt64Array(size);
    this.marks = new Float64Array(size);
    this.entries.set(entries);
    this.counts.set(counts);
    this.digests.set(digests);
    this.marks.set(marks);
  }
}

const SLOTS_MIN = 1_024;

/**
 * Rows of both sides by key, in any order. Where no side has a key twice, what agrees is dropped at once: sides that come
 * in about the same order take little memory, however many rows they have.
 */
export class Join {
  /** Rows that count. */
  readonly rows = { source: 0, replica: 0 };
  private readonly slots = new Map<string, number>();
  private readonly free: number[] = [];
  private readonly held = { source: new Held(), replica: new Held() };

  constructor(
    private readonly unique: boolean,
    private readonly sourceIsVersioned: boolean,
  ) {}

  add(side: SideName, entries: readonly Entry[]): void {
    for (const entry of entries) {
      const slot = this.slotOf(entry.text);
      this.held[side].add(slot, entry);
      if (entry.outside !== true) this.rows[side] += 1;
      if (this.unique && this.agreesAt(slot)) this.drop(entry.text, slot);
    }
  }

  countOf(side: SideName, key: string): number {
    const slot = this.slots.get(key);
    return slot === undefined ? 0 : this.held[side].countAt(slot);
  }

  differences(): Differences {
    const differences = new Differences();
    const { source, replica } = this.held;
    for (const [key, slot] of this.slots) {
      if (this.agreesAt(slot)) continue;
      const marks = [source, replica].map((held) => (held.holdsAt(slot) ? held.markAt(slot) : undefined));
      const version = referenceMark(marks[0], marks[1], this.sourceIsVersioned);
      differences.set(key, { source: source.countAt(slot), replica: replica.countAt(slot), version });
    }
    return differences;
  }

  private agreesAt(slot: number): boolean {
    return this.held.source.agreesWith(this.held.replica, slot);
  }

  private slotOf(key: string): number {
    const known = this.slots.get(key);
    if (known !== undefined) return known;
    const slot = this.free.pop() ?? this.slots.size;
    this.slots.set(key, slot);
    return slot;
  }

  private drop(key: string, slot: number): void {
    this.slots.delete(key);
    this.free.push(slot);
    this.held.source.clear(slot);
    this.held.replica.clear(slot);
  }
}
