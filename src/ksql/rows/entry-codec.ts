import { isJsonObject, parseJson } from '../../protocol/json/parse.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { jsonReader } from '../formats/json-reader.js';
import { jsonWriter } from '../formats/json-writer.js';
import { identityOf, type Value } from '../values/value.js';
import type { Packed } from './entry-pieces.js';
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

export type EntryKey = Pick<StoreEntry, 'key' | 'window'>;

const QUOTE = 34;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const ASCII_END = 128;

/** Kinds of a key's only column whose JSON, without quotes, is its identity: most keys need not be parsed to be hashed. */
const PLAIN_KINDS: ReadonlySet<SqlType['kind']> = new Set([
  'STRING',
  'INTEGER',
  'BIGINT',
  'BOOLEAN',
  'DATE',
  'TIMESTAMP',
]);

/** Tells keys of a store apart. */
export function entryIdentity(key: readonly Value[], window?: RowWindow | undefined): string {
  const [only] = key;
  const single = key.length === 1 && only !== undefined && (typeof only !== 'object' || only === null);
  const plain = single ? String(only) : String(identityOf(key));
  return window === undefined ? plain : `${window.startMs} ${window.endMs} ${plain}`;
}

/** Of an identity; any 32 bits that are the same for the same text. */
export function hashOf(identity: string): number {
  let hash = HASH_START;
  for (let at = 0; at < identity.length; at += 1) hash = mixed(hash, identity.charCodeAt(at));
  return spread(hash);
}

/** FNV-1a, its bits spread, since a table takes the lowest ones. */
const HASH_START = 0x811c9dc5;
const mixed = (hash: number, code: number): number => Math.imul(hash ^ code, 0x01000193);
const spread = (hash: number): number => hash ^ (hash >>> 15);

/**
 * Entries of a store as its changelog has them. A record's key is {"n":store,"k":{"K0":…},"w":[start,end]}, "w" only of windows;
 * its value {"t":time,"s":state}.
 */
export class EntryCodec {
  private readonly head: Buffer;
  private readonly plainHead: Buffer;
  private readonly plainKind: SqlType['kind'] | undefined;
  private readonly writeKey: (value: Value) => string;
  private readonly readKey: (json: unknown) => Value;
  private readonly writeState: (value: Value) => string;
  private readonly readState: (json: unknown) => Value;

  constructor(spec: StoreSpec) {
    const key: SqlType = { kind: 'STRUCT', fields: spec.key.map((type, at) => ({ name: `K${at}`, type })) };
    this.writeKey = jsonWriter(key);
    this.readKey = jsonReader(key);
    this.writeState = jsonWriter(spec.state);
    this.readState = jsonReader(spec.state);
    const head = `{"n":${JSON.stringify(spec.name)},"k":`;
    this.head = Buffer.from(head);
    this.plainHead = Buffer.from(`${head}{"K0":`);
    const [only] = spec.key;
    this.plainKind = spec.key.length === 1 && only !== undefined && PLAIN_KINDS.has(only.kind) ? only.kind : undefined;
  }

  /** Whether a record of a changelog is of this store. */
  owns({ bytes, keyAt, keyEnd }: Packed): boolean {
    const { head } = this;
    if (keyEnd - keyAt < head.length) return false;
    for (let at = head.length - 1; at >= 0; at -= 1) if (bytes[keyAt + at] !== head[at]) return false;
    return true;
  }

  keyBytes({ key, window }: EntryKey): Buffer {
    const bounds = window === undefined ? '' : `,"w":[${window.startMs},${window.endMs}]`;
    return Buffer.from(`${this.head.toString()}${this.writeKey(key)}${bounds}}`);
  }

  valueBytes({ state, timestampMs }: StoreEntry): Buffer {
    return Buffer.from(`{"t":${timestampMs},"s":${this.writeState(state)}}`);
  }

  key({ bytes, keyAt, keyEnd }: Packed): EntryKey {
    const { k, w } = parsed(bytes, keyAt, keyEnd);
    const bounds = w as [number, number] | undefined;
    const window = bounds === undefined ? undefined : { startMs: bounds[0], endMs: bounds[1] };
    return { key: this.readKey(k) as readonly Value[], window };
  }

  entry(packed: Packed): StoreEntry {
    const { key, window } = this.key(packed);
    const { t, s } = parsed(packed.bytes, packed.valueAt, packed.valueEnd);
    return { key, window, state: this.readState(s), timestampMs: Number(t) };
  }

  identity(packed: Packed): string {
    const { key, window } = this.key(packed);
    return entryIdentity(key, window);
  }

  hashIfOwned(packed: Packed): number | undefined {
    return this.owns(packed) ? this.hashOfKey(packed) : undefined;
  }

  /** The hash of the identity of a key, without parsing it where it is plain text or a number. */
  hashOfKey(packed: Packed): number {
    return (this.plainKind === undefined ? undefined : this.plainHash(packed)) ?? hashOf(this.identity(packed));
  }

  private plainHash(packed: Packed): number | undefined {
    if (isOfWindow(packed)) return undefined;
    const { bytes, keyAt, keyEnd } = packed;
    const isText = this.plainKind === 'STRING';
    let at = keyAt + this.plainHead.length;
    if (isText && bytes[at] !== QUOTE) return undefined;
    const end = keyEnd - (isText ? 3 : 2);
    let hash = HASH_START;
    for (at += isText ? 1 : 0; at < end; at += 1) {
      const code = bytes[at] ?? 0;
      if (code === BACKSLASH || code >= ASCII_END) return undefined;
      hash = mixed(hash, code);
    }
    return spread(hash);
  }
}

/** Whether a key of a changelog is that of a window: it ends with its bounds then. */
export const isOfWindow = ({ bytes, keyEnd }: Packed): boolean => bytes[keyEnd - 2] === CLOSE_BRACKET;

function parsed(bytes: Buffer, from: number, to: number) {
  const json = parseJson(bytes.toString('utf8', from, to));
  if (!isJsonObject(json)) throw new TypeError('keys and values of a changelog are objects');
  return json;
}
