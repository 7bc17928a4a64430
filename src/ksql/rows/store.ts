import { isJsonObject, type JsonObject, parseJson } from '../../protocol/json/parse.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { jsonReader } from '../formats/json-reader.js';
import { jsonWriter } from '../formats/json-writer.js';
import { identityOf, type Value } from '../values/value.js';
import { compareKeyed, compareToPlace, type KeyRange } from './key-range.js';
import { OrderedIndex } from './ordered-index.js';
import type { RowWindow } from './row.js';

/** What a store holds, for its changelog: key and state are written as JSON of these types. */
export interface StoreSpec {
  readonly name: string;
  readonly key: readonly SqlType[];
  readonly state: SqlType;
}

export interface StoreEntry {
  readonly key: readonly Value[];
  readonly window: RowWindow | undefined;
  readonly state: Value;
  readonly timestampMs: number;
}

type Ordered = Pick<StoreEntry, 'key' | 'window'> & { readonly identity: string };

export type Changelog = (key: Buffer, value: Buffer | null) => void;

/** Up to so many entries, keys are kept as the bytes that the changelog gets, a hundred each: beyond, most would be made anew. */
const LOG_KEYS_MAX = 50_000;

/** A state store in memory, every change of which goes to its changelog topic. */
export class Store {
  private readonly entries = new Map<string, StoreEntry>();
  /** The entries in the order of their keys, once a range has been asked for. */
  private ordered: OrderedIndex<Ordered> | undefined;
  private changelog: Changelog | undefined;
  /** Keys of entries as the changelog has them. */
  private readonly logKeys = new Map<string, Buffer>();
  private readonly writeKey: (value: Value) => string;
  private readonly readKey: (json: unknown) => Value;
  private readonly writeState: (value: Value) => string;
  private readonly readState: (json: unknown) => Value;

  constructor(readonly spec: StoreSpec) {
    const key: SqlType = { kind: 'STRUCT', fields: spec.key.map((type, at) => ({ name: `K${at}`, type })) };
    this.writeKey = jsonWriter(key);
    this.readKey = jsonReader(key);
    this.writeState = jsonWriter(spec.state);
    this.readState = jsonReader(spec.state);
  }

  /** From now on changes are logged. */
  logTo(changelog: Changelog): void {
    this.changelog = changelog;
  }

  static identity(key: readonly Value[], window?: RowWindow | undefined): string {
    const [only] = key;
    const single = key.length === 1 && only !== undefined && (typeof only !== 'object' || only === null);
    const plain = single ? String(only) : String(identityOf(key));
    return window === undefined ? plain : `${window.startMs} ${window.endMs} ${plain}`;
  }

  get(identity: string): StoreEntry | undefined {
    return this.entries.get(identity);
  }

  put(identity: string, entry: StoreEntry): void {
    this.entries.set(identity, entry);
    this.ordered?.add({ identity, key: entry.key, window: entry.window });
    this.changelog?.(this.keyBytes(identity, entry), this.valueBytes(entry));
  }

  delete(identity: string): void {
    const entry = this.entries.get(identity);
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
    const windowed = this.entries.values().next().value?.window !== undefined;
    if (!windowed && from.length === this.spec.key.length && identity === Store.identity(to)) {
      const plain = this.entries.get(identity);
      if (plain !== undefined) yield plain;
      return;
    }
    this.ordered ??= new OrderedIndex(
      compareKeyed,
      [...this.entries].map(([each, { key, window }]) => ({ identity: each, key, window })),
    );
    const places = this.ordered.between(
      (item) => compareToPlace(item, from),
      (item) => compareToPlace(item, to),
    );
    for (const each of places) {
      const entry = this.entries.get(each.identity);
      if (entry !== undefined) yield entry;
    }
  }

  all(): IterableIterator<[string, StoreEntry]> {
    return this.entries.entries();
  }

  values(): Iterable<StoreEntry> {
    return this.entries.values();
  }

  get size(): number {
    return this.entries.size;
  }

  private keyBytes(identity: string, { key, window }: StoreEntry): Buffer {
    const known = this.logKeys.get(identity);
    if (known !== undefined) return known;
    const bounds = window === undefined ? '' : `,"w":[${window.startMs},${window.endMs}]`;
    const bytes = Buffer.from(`{"n":${JSON.stringify(this.spec.name)},"k":${this.writeKey(key)}${bounds}}`);
    if (this.entries.size > LOG_KEYS_MAX) this.logKeys.clear();
    else this.logKeys.set(identity, bytes);
    return bytes;
  }

  private valueBytes({ state, timestampMs }: StoreEntry): Buffer {
    return Buffer.from(`{"t":${timestampMs},"s":${this.writeState(state)}}`);
  }

  /** One entry as the changelog holds it. */
  restore(key: JsonObject, valueBytes: Buffer): void {
    const values = this.readKey(key.k) as readonly Value[];
    const bounds = key.w as [number, number] | undefined;
    const window = bounds === undefined ? undefined : { startMs: bounds[0], endMs: bounds[1] };
    const value = parseJson(valueBytes.toString('utf8'));
    if (!isJsonObject(value)) throw new TypeError('a changelog value is an object');
    const entry = { key: values, window, state: this.readState(value.s), timestampMs: Number(value.t) };
    this.entries.set(Store.identity(values, window), entry);
  }
}
