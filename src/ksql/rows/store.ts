import { keyAndValueAt } from '../../protocol/kafka/key-and-value.js';
import type { Value } from '../values/value.js';
import {
  EntryCodec,
  type EntryKey,
  entryIdentity,
  hashOf,
  isOfWindow,
  type StoreEntry,
  type StoreSpec,
} from './entry-codec.js';
import { compareKeyed, compareToPlace, type KeyRange } from './key-range.js';
import { OrderedIndex } from './ordered-index.js';
import { type Packed, PackedEntries } from './packed-entries.js';
import type { RowWindow } from './row.js';

export type { StoreEntry, StoreSpec } from './entry-codec.js';

interface Ordered extends EntryKey {
  readonly identity: string;
}

export type Changelog = (key: Buffer, value: Buffer | null) => void;

/**
 * Up to so many entries, keys are kept as the bytes that the changelog gets, a hundred each. Of many more entries most keys would
 * be made anew all the same, and those that are kept only be copied by the garbage collector.
 */
const LOG_KEYS_MAX = 50_000;

/** A state store in memory, every change of which goes to its changelog topic. */
export class Store {
  private readonly entries = new Map<string, StoreEntry>();
  /** What the changelog gave and nothing has asked for since, as bytes: a restart need not parse all that it reads. */
  private readonly restored = new PackedEntries();
  private readonly codec: EntryCodec;
  /** The entries in the order of their keys, once a range has been asked for. */
  private ordered: OrderedIndex<Ordered> | undefined;
  private changelog: Changelog | undefined;
  private isWindowed = false;
  /** Keys of entries as the changelog has them. */
  private readonly logKeys = new Map<string, Buffer>();

  constructor(readonly spec: StoreSpec) {
    this.codec = new EntryCodec(spec);
  }

  /** From now on changes are logged. */
  logTo(changelog: Changelog): void {
    this.changelog = changelog;
  }

  static identity(key: readonly Value[], window?: RowWindow | undefined): string {
    return entryIdentity(key, window);
  }

  get(identity: string): StoreEntry | undefined {
    const entry = this.entries.get(identity);
    return entry === undefined && this.restored.size > 0 ? this.unpack(identity) : entry;
  }

  private unpack(identity: string): StoreEntry | undefined {
    const packed = this.restored.take(hashOf(identity), (key) => this.codec.identity(key) === identity);
    if (packed === undefined) return undefined;
    const entry = this.codec.entry(packed);
    this.entries.set(identity, entry);
    return entry;
  }

  put(identity: string, entry: StoreEntry): void {
    if (this.restored.size > 0) this.get(identity); // its place is among the entries then
    this.entries.set(identity, entry);
    this.isWindowed = entry.window !== undefined;
    this.ordered?.add({ identity, key: entry.key, window: entry.window });
    this.changelog?.(this.keyBytes(identity, entry), this.codec.valueBytes(entry));
  }

  delete(identity: string): void {
    const entry = this.get(identity);
    if (entry === undefined) return;
    this.entries.delete(identity);
    this.ordered?.delete({ identity, key: entry.key, window: entry.window });
    this.changelog?.(this.keyBytes(identity, entry), null);
    this.logKeys.delete(identity);
  }

  /** The entries of some ranges, each once: those of a whole key at once, others by an index that is made when first needed. */
  *between(ranges: readonly KeyRange[]): Iterable<StoreEntry> {
    const seen = new Set<StoreEntry>();
    for (const range of ranges) {
      for (const entry of this.range(range)) {
        if (ranges.length > 1 && seen.has(entry)) continue;
        seen.add(entry);
        yield entry;
      }
    }
  }

  private *range({ from, to }: KeyRange): Iterable<StoreEntry> {
    const identity = Store.identity(from);
    if (!this.isWindowed && from.length === this.spec.key.length && identity === Store.identity(to)) {
      const plain = this.get(identity);
      if (plain !== undefined) yield plain;
      return;
    }
    this.ordered ??= new OrderedIndex(compareKeyed, this.keys());
    const places = this.ordered.between(
      (item) => compareToPlace(item, from),
      (item) => compareToPlace(item, to),
    );
    for (const each of places) {
      const entry = this.get(each.identity);
      if (entry !== undefined) yield entry;
    }
  }

  private *keys(): Iterable<Ordered> {
    for (const [identity, { key, window }] of this.entries) yield { identity, key, window };
    for (const packed of this.restored) {
      const { key, window } = this.codec.key(packed);
      yield { identity: Store.identity(key, window), key, window };
    }
  }

  *all(): IterableIterator<[string, StoreEntry]> {
    yield* this.entries;
    for (const packed of this.restored) {
      const entry = this.codec.entry(packed);
      yield [Store.identity(entry.key, entry.window), entry];
    }
  }

  *values(): Iterable<StoreEntry> {
    yield* this.entries.values();
    for (const packed of this.restored) yield this.codec.entry(packed);
  }

  get size(): number {
    return this.entries.size + this.restored.size;
  }

  private keyBytes(identity: string, entry: StoreEntry): Buffer {
    const known = this.logKeys.get(identity);
    if (known !== undefined) return known;
    const bytes = this.codec.keyBytes(entry);
    if (this.entries.size > LOG_KEYS_MAX) this.logKeys.clear();
    else this.logKeys.set(identity, bytes);
    return bytes;
  }

  /** Whether a record of the changelog is about this store. */
  owns(key: Packed): boolean {
    return this.codec.owns(key);
  }

  /** A change as the changelog holds it; without a value the entry is gone. */
  restore(change: Packed): void {
    const { bytes, at } = change;
    const hash = this.codec.hashOfKey(change);
    this.isWindowed = isOfWindow(change);
    if (keyAndValueAt(bytes, at).valueAt < 0) this.restored.delete(hash, change);
    else this.restored.set(hash, change);
  }
}
