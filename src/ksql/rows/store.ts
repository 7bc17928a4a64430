import type { Value } from '../values/value.js';
import {
  EntryCodec,
  type EntryKey,
  type EntryPlace,
  entryIdentity,
  hashOf,
  isOfWindow,
  type StoreEntry,
  type StoreSpec,
} from './entry-codec.js';
import type { Packed } from './entry-pieces.js';
import { compareKeyed, compareToPlace, type KeyRange } from './key-range.js';
import { OrderedIndex } from './ordered-index.js';
import { PackedEntries } from './packed-entries.js';
import type { RowWindow } from './row.js';
import type { StateMemory } from './state-memory.js';

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

/**
 * So many entries are objects from the beginning. Beyond them a new one stays the bytes that the changelog got until it is asked for:
 * of so many keys most are not soon, and objects that stay are copied and visited by the garbage collector.
 */
const OBJECTS_MAX = 20_000;

/** What an entry takes besides its bytes: objects for it, its key and its values, and its place in the map. */
const ENTRY_BYTES = 300;
/** What an entry takes in the index of ranges: an object, its identity and the values of its key. */
const PLACE_BYTES = 200;
/** The mean size of an entry is that of about so many that were changed last. */
const MEAN_OF = 256;
/** So many are packed at once, and one of so many parts. */
const PACKED_AT_ONCE = 64;

/**
 * A state store, every change of which goes to its changelog topic. With a memory that it shares it packs what was not asked for
 * since long, and moves that to a file, where there is no room for it.
 */
export class Store {
  private readonly entries = new Map<string, StoreEntry>();
  /**
   * The others, as bytes: what came when there were many, or what the changelog gave, and nothing has asked for since, and what there
   * was no room for among the entries.
   */
  private readonly packed: PackedEntries;
  private readonly codec: EntryCodec;
  private meanBytes = 0;
  /** What was asked for last and is not there: who puts it next need not look for it again. */
  private missed: string | undefined;
  /** The entries in the order of their keys, once a range has been asked for. */
  private ordered: OrderedIndex<Ordered> | undefined;
  private changelog: Changelog | undefined;
  private isWindowed = false;
  private isClosed = false;
  /** Keys of entries as the changelog has them. */
  private readonly logKeys = new Map<string, Buffer>();

  constructor(
    readonly spec: StoreSpec,
    private readonly memory?: StateMemory | undefined,
  ) {
    this.codec = new EntryCodec(spec);
    this.packed = new PackedEntries((entry) => this.codec.hashIfOwned(entry), memory?.file);
    memory?.add(this);
  }

  /** Nothing may be asked of it any more. */
  close(): void {
    this.isClosed = true;
    this.memory?.delete(this);
    this.packed.clear();
  }

  private checkOpen(): void {
    if (this.isClosed) throw new Error(`the state ${this.spec.name} is closed: its query ends or begins again`);
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
    return entry === undefined && this.packed.size > 0 ? this.unpack(identity) : entry;
  }

  private unpack(identity: string): StoreEntry | undefined {
    let bytes = 0;
    const entry = this.take(identity, (packed) => {
      bytes = entryBytes(packed);
      return this.codec.entry(packed);
    });
    if (entry === undefined) {
      this.missed = identity;
      return undefined;
    }
    this.entries.set(identity, entry);
    this.grew(bytes);
    return entry;
  }

  private take<T>(identity: string, read: (packed: Packed) => T): T | undefined {
    return this.packed.take(hashOf(identity), (key) => this.codec.hasIdentity(key, identity), read);
  }

  put(identity: string, entry: StoreEntry): void {
    this.isWindowed = entry.window !== undefined;
    this.ordered?.add({ identity, key: entry.key, window: entry.window });
    const isObject = this.entries.has(identity);
    const isNew = !isObject && (this.packed.size === 0 || this.missed === identity);
    this.missed = undefined;
    if (this.changelog !== undefined && !isObject && this.entries.size >= OBJECTS_MAX) {
      this.putBytes(identity, entry, isNew, this.changelog);
      return;
    }
    if (!isObject && !isNew) this.take(identity, () => undefined);
    this.entries.set(identity, entry);
    if (this.changelog === undefined) return;
    const [key, value] = [this.keyBytes(identity, entry), this.codec.valueBytes(entry)];
    this.changelog(key, value);
    this.grew(key.length + value.length);
  }

  private putBytes(identity: string, entry: StoreEntry, isNew: boolean, changelog: Changelog): void {
    const [key, value] = [this.codec.keyBytes(entry), this.codec.valueBytes(entry)];
    changelog(key, value);
    const hash = hashOf(identity);
    if (isNew) this.packed.add(hash, key, value);
    else this.packed.replace(hash, key, value);
    this.memory?.grew(key.length + value.length);
  }

  delete(identity: string): void {
    const entry = this.entries.get(identity) ?? this.take(identity, (packed) => this.codec.entry(packed));
    if (entry === undefined) return;
    this.entries.delete(identity);
    this.ordered?.delete({ identity, key: entry.key, window: entry.window });
    this.changelog?.(this.keyBytes(identity, entry), null);
    this.logKeys.delete(identity);
  }

  /** The entries of some ranges, each once: those of a whole key at once, others by an index that is made when first needed. */
  *between(ranges: readonly KeyRange[]): Iterable<StoreEntry> {
    this.checkOpen();
    const seen = new Set<string>();
    for (const range of ranges) {
      for (const identity of this.range(range)) {
        if (ranges.length > 1 && seen.has(identity)) continue;
        seen.add(identity);
        const entry = this.get(identity);
        if (entry !== undefined) yield entry;
      }
    }
  }

  private *range({ from, to }: KeyRange): Iterable<string> {
    const identity = Store.identity(from);
    if (!this.isWindowed && from.length === this.spec.key.length && identity === Store.identity(to)) {
      yield identity;
      return;
    }
    const places = this.index().between(
      (item) => compareToPlace(item, from),
      (item) => compareToPlace(item, to),
    );
    for (const each of places) yield each.identity;
  }

  private index(): OrderedIndex<Ordered> {
    if (this.ordered !== undefined) return this.ordered;
    const made = new OrderedIndex(compareKeyed, this.keys());
    this.ordered = made;
    this.memory?.grew(this.indexBytes);
    return made;
  }

  private *keys(): Iterable<Ordered> {
    for (const [identity, { key, window }] of this.entries) yield { identity, key, window };
    for (const packed of this.packed) {
      const { key, window } = this.codec.key(packed);
      yield { identity: Store.identity(key, window), key, window };
    }
  }

  *all(): IterableIterator<[string, StoreEntry]> {
    yield* this.entries;
    for (const packed of this.packed) {
      const entry = this.codec.entry(packed);
      yield [Store.identity(entry.key, entry.window), entry];
    }
  }

  /** All entries without their states. */
  *places(): Iterable<EntryPlace> {
    for (const [identity, { key, window, timestampMs }] of this.entries) yield { identity, key, window, timestampMs };
    for (const packed of this.packed) yield this.codec.place(packed);
  }

  *values(): Iterable<StoreEntry> {
    this.checkOpen();
    yield* this.entries.values();
    for (const packed of this.packed) yield this.codec.entry(packed);
  }

  get size(): number {
    return this.entries.size + this.packed.size;
  }

  private keyBytes(identity: string, entry: StoreEntry): Buffer {
    const known = this.logKeys.get(identity);
    if (known !== undefined) return known;
    const bytes = this.codec.keyBytes(entry);
    if (this.entries.size > LOG_KEYS_MAX) this.logKeys.clear();
    else this.logKeys.set(identity, Buffer.from(bytes));
    return bytes;
  }

  /** Whether a record of the changelog is about this store. */
  owns(key: Packed): boolean {
    return this.codec.owns(key);
  }

  /** A change as the changelog holds it; without a value the entry is gone. */
  restore(change: Packed): void {
    const hash = this.codec.hashOfKey(change);
    this.isWindowed = isOfWindow(change);
    if (change.valueAt < 0) {
      this.packed.delete(hash, change);
      return;
    }
    this.packed.set(hash, change);
    this.memory?.grew(entryBytes(change));
  }

  private get entriesBytes(): number {
    return this.entries.size * (ENTRY_BYTES + this.meanBytes);
  }

  private get indexBytes(): number {
    return this.ordered === undefined ? 0 : this.size * PLACE_BYTES;
  }

  get memoryBytes(): number {
    return this.entriesBytes + this.packed.memoryBytes + this.indexBytes;
  }

  /** Entries and their bytes share what there is; an index that takes more than either goes, to be made anew for the next range. */
  release(): void {
    const { entriesBytes, packed } = this;
    if (this.indexBytes > Math.max(entriesBytes, packed.memoryBytes)) this.ordered = undefined;
    else if (entriesBytes > packed.memoryBytes || !packed.spill()) this.pack();
  }

  /** Those that have been among the entries for longest. */
  private pack(): void {
    let left = PACKED_AT_ONCE + this.entries.size / PACKED_AT_ONCE;
    for (const [identity, entry] of this.entries) {
      this.packed.add(hashOf(identity), this.codec.keyBytes(entry), this.codec.valueBytes(entry));
      this.entries.delete(identity);
      this.logKeys.delete(identity);
      left -= 1;
      if (left < 0) return;
    }
  }

  private grew(bytes: number): void {
    this.meanBytes += (bytes - this.meanBytes) / MEAN_OF;
    this.memory?.grew(bytes + ENTRY_BYTES);
  }
}

const entryBytes = ({ at, valueEnd }: Packed): number => valueEnd - at;
