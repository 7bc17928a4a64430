import { isJsonObject, type JsonObject, parseJson } from '../../protocol/json/parse.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { jsonReader } from '../formats/json-reader.js';
import { jsonWriter } from '../formats/json-writer.js';
import { identityOf, type Value } from '../values/value.js';
import type { RowWindow } from './row.js';

/** What a store holds, for its changelog: key and state are written as JSON of these types. */
export interface StoreSpec {
  readonly name: string;
  readonly key: readonly SqlType[];
  readonly state: SqlType;
  /** Made again from other stores at a restart, so it needs no changelog. */
  readonly derived?: boolean;
}

export interface StoreEntry {
  readonly key: readonly Value[];
  readonly window: RowWindow | undefined;
  readonly state: Value;
  readonly timestampMs: number;
}

export type Changelog = (key: Buffer, value: Buffer | null) => void;

/** A state store in memory, every change of which goes to its changelog topic. */
export class Store {
  private readonly entries = new Map<string, StoreEntry>();
  /** Windows of each key, once they have been asked for. */
  private byKey: Map<string, Set<string>> | undefined;
  private changelog: Changelog | undefined;
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
    if (this.spec.derived !== true) this.changelog = changelog;
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
    if (this.byKey !== undefined) this.index(this.byKey, identity, entry);
    this.changelog?.(this.keyBytes(entry), this.valueBytes(entry));
  }

  delete(identity: string): void {
    const entry = this.entries.get(identity);
    if (entry === undefined) return;
    this.entries.delete(identity);
    if (this.byKey !== undefined && entry.window !== undefined) {
      const key = Store.identity(entry.key);
      const windows = this.byKey.get(key);
      windows?.delete(identity);
      if (windows?.size === 0) this.byKey.delete(key);
    }
    this.changelog?.(this.keyBytes(entry), null);
  }

  private index(byKey: Map<string, Set<string>>, identity: string, { key, window }: StoreEntry): void {
    if (window === undefined) return;
    const plain = Store.identity(key);
    const windows = byKey.get(plain);
    if (windows === undefined) byKey.set(plain, new Set([identity]));
    else windows.add(identity);
  }

  /** The entry of a key, or those of all its windows. */
  *ofKey(key: readonly Value[]): Iterable<StoreEntry> {
    const identity = Store.identity(key);
    const plain = this.entries.get(identity);
    if (plain !== undefined) yield plain;
    if (this.byKey === undefined) {
      const byKey = new Map<string, Set<string>>();
      for (const [each, entry] of this.entries) this.index(byKey, each, entry);
      this.byKey = byKey;
    }
    for (const each of this.byKey.get(identity) ?? []) {
      const entry = this.entries.get(each);
      if (entry !== undefined) yield entry;
    }
  }

  all(): IterableIterator<[string, StoreEntry]> {
    return this.entries.entries();
  }

  get size(): number {
    return this.entries.size;
  }

  private keyBytes({ key, window }: StoreEntry): Buffer {
    const bounds = window === undefined ? '' : `,"w":[${window.startMs},${window.endMs}]`;
    return Buffer.from(`{"n":${JSON.stringify(this.spec.name)},"k":${this.writeKey(key)}${bounds}}`);
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
