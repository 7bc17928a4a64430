import { isJsonObject, parseJson } from '../../protocol/json/parse.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { type ByteWriter, byteWriter, jsonBytes } from '../formats/json-bytes.js';
import { jsonReader } from '../formats/json-reader.js';
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

/** An entry without its state, and what tells it apart. */
export interface EntryPlace extends Omit<StoreEntry, 'state'> {
  readonly identity: string;
}

const [BLANK, QUOTE, COMMA] = [32, 34, 44];
const [OPEN_BRACKET, BACKSLASH, CLOSE_BRACKET] = [91, 92, 93];
const ASCII_END = 128;
const TIME_HEAD = Buffer.from('{"t":');
/** `},"w":[` is between a key's JSON and the bounds of its window. */
const BOUNDS_HEAD_BYTES = 7;

/** Kinds of a key's only column whose JSON, without quotes, is its identity, and how that is read: most keys need not be parsed. */
const PLAIN_KINDS: { readonly [Kind in SqlType['kind']]?: (text: string) => Value } = {
  STRING: (text) => text,
  INTEGER: Number,
  BIGINT: BigInt,
  BOOLEAN: (text) => text === 'true',
  DATE: Number,
  TIMESTAMP: Number,
};

/** Tells keys of a store apart. */
export function entryIdentity(key: readonly Value[], window?: RowWindow | undefined): string {
  const [only] = key;
  const single = key.length === 1 && only !== undefined && (typeof only !== 'object' || only === null);
  const plain = single ? String(only) : String(identityOf(key));
  return window === undefined ? plain : boundsOf(window) + plain;
}

/** Neighbours mostly have one and the same window. */
let known: { readonly window: RowWindow; readonly bounds: string } | undefined;

function boundsOf(window: RowWindow): string {
  if (known?.window !== window) known = { window, bounds: `${window.startMs} ${window.endMs} ` };
  return known.bounds;
}

/** Of an identity; any 32 bits that are the same for the same text. An entry is mostly sought and put one after the other. */
export function hashOf(identity: string): number {
  if (hashed.identity === identity) return hashed.hash;
  let hash = HASH_START;
  for (let at = 0; at < identity.length; at += 1) hash = mixed(hash, identity.charCodeAt(at));
  hashed.identity = identity;
  hashed.hash = spread(hash);
  return hashed.hash;
}

/** The one that was hashed last. */
const hashed: { identity: string | undefined; hash: number } = { identity: undefined, hash: 0 };

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
  private readonly plain: PlainIdentity | undefined;
  private readonly writeKey: ByteWriter<EntryKey>;
  private readonly readKey: (json: unknown) => Value;
  private readonly writeValue: ByteWriter<StoreEntry>;
  private readonly readState: (json: unknown) => Value;

  constructor(spec: StoreSpec) {
    const key: SqlType = { kind: 'STRUCT', fields: spec.key.map((type, at) => ({ name: `K${at}`, type })) };
    const head = `{"n":${JSON.stringify(spec.name)},"k":`;
    this.head = Buffer.from(head);
    this.writeKey = keyWriter(this.head, byteWriter(key));
    this.readKey = jsonReader(key);
    this.writeValue = valueWriter(byteWriter(spec.state));
    this.readState = jsonReader(spec.state);
    const [only] = spec.key;
    const read = only && PLAIN_KINDS[only.kind];
    if (spec.key.length === 1 && read !== undefined)
      this.plain = new PlainIdentity(Buffer.from(`${head}{"K0":`), only?.kind === 'STRING', read);
  }

  /** Whether a record of a changelog is of this store. */
  owns({ bytes, keyAt, keyEnd }: Packed): boolean {
    const { head } = this;
    if (keyEnd - keyAt < head.length) return false;
    for (let at = head.length - 1; at >= 0; at -= 1) if (bytes[keyAt + at] !== head[at]) return false;
    return true;
  }

  keyBytes(entry: EntryKey): Buffer {
    return jsonBytes(this.writeKey, entry);
  }

  valueBytes(entry: StoreEntry): Buffer {
    return jsonBytes(this.writeValue, entry);
  }

  key(packed: Packed): EntryKey {
    const { plain } = this;
    if (plain?.find(packed) === true) return { key: [plain.value()], window: plain.window() };
    const { k, w } = parsed(packed.bytes, packed.keyAt, packed.keyEnd);
    const bounds = w as [number, number] | undefined;
    const window = bounds === undefined ? undefined : { startMs: bounds[0], endMs: bounds[1] };
    return { key: this.readKey(k) as readonly Value[], window };
  }

  entry(packed: Packed): StoreEntry {
    const { key, window } = this.key(packed);
    const { t, s } = parsed(packed.bytes, packed.valueAt, packed.valueEnd);
    return { key, window, state: this.readState(s), timestampMs: Number(t) };
  }

  /** Without its state, which takes longest to read. */
  place(packed: Packed): EntryPlace {
    const { key, window } = this.key(packed);
    const { bytes, valueAt, valueEnd } = packed;
    const timeAt = valueAt + TIME_HEAD.length;
    const timeEnd = bytes.indexOf(COMMA, timeAt);
    if (timeEnd < 0 || timeEnd > valueEnd) throw new TypeError('values of a changelog begin with their time');
    return {
      identity: entryIdentity(key, window),
      key,
      window,
      timestampMs: Number(bytes.toString('latin1', timeAt, timeEnd)),
    };
  }

  identity(packed: Packed): string {
    const { key, window } = this.key(packed);
    return entryIdentity(key, window);
  }

  hashIfOwned(packed: Packed): number | undefined {
    return this.owns(packed) ? this.hashOfKey(packed) : undefined;
  }

  /** Whether this is the key's identity. */
  hasIdentity(packed: Packed, identity: string): boolean {
    const { plain } = this;
    return plain?.find(packed) === true ? plain.equals(identity) : this.identity(packed) === identity;
  }

  /** The hash of the identity of a key, without parsing it where it is plain text or a number. */
  hashOfKey(packed: Packed): number {
    const { plain } = this;
    return plain?.find(packed) === true ? plain.hash() : hashOf(this.identity(packed));
  }
}

function keyWriter(head: Buffer, writeKey: ByteWriter): ByteWriter<EntryKey> {
  return ({ key, window }, into) => {
    into.raw(head);
    writeKey(key, into);
    if (window !== undefined) {
      into.ascii(',"w":[');
      into.whole(window.startMs);
      into.ascii(',');
      into.whole(window.endMs);
      into.ascii(']');
    }
    into.ascii('}');
  };
}

function valueWriter(writeState: ByteWriter): ByteWriter<StoreEntry> {
  return ({ state, timestampMs }, into) => {
    into.raw(TIME_HEAD);
    into.whole(timestampMs);
    into.ascii(',"s":');
    writeState(state, into);
    into.ascii('}');
  };
}

/** The identity of a key of one column, as it stands in the key's bytes: the bounds of its window, if it has one, and its plain JSON. */
class PlainIdentity {
  private bytes: Buffer = Buffer.alloc(0);
  /** Where the bounds begin, and how long they are with the blank behind them; 0 without a window. */
  private boundsAt = 0;
  private boundsBytes = 0;
  private textAt = 0;
  private textEnd = 0;
  /** Of the key before: neighbours mostly have one and the same. */
  private lastWindow: RowWindow = { startMs: 0, endMs: 0 };

  constructor(
    private readonly head: Buffer,
    private readonly isText: boolean,
    private readonly read: (text: string) => Value,
  ) {}

  /** False: the key has to be parsed. What was found is there until the next is looked for. */
  find(packed: Packed): boolean {
    const { bytes, keyAt, keyEnd } = packed;
    const { isText } = this;
    this.bytes = bytes;
    let end = keyEnd - 2;
    this.boundsBytes = 0;
    if (isOfWindow(packed)) {
      const boundsEnd = end;
      while (bytes[end - 1] !== OPEN_BRACKET) end -= 1;
      this.boundsAt = end;
      this.boundsBytes = boundsEnd - end + 1;
      end -= BOUNDS_HEAD_BYTES;
    }
    this.textAt = keyAt + this.head.length;
    if (isText) {
      if (bytes[this.textAt] !== QUOTE) return false;
      this.textAt += 1;
      end -= 1;
    }
    for (let at = this.textAt; at < end; at += 1) {
      const code = bytes[at] ?? 0;
      if (code === BACKSLASH || code >= ASCII_END) return false;
    }
    this.textEnd = end;
    return true;
  }

  value(): Value {
    const text = this.bytes.toString('latin1', this.textAt, this.textEnd);
    return text === 'null' && !this.isText ? null : this.read(text);
  }

  window(): RowWindow | undefined {
    if (this.boundsBytes === 0) return undefined;
    const end = this.boundsAt + this.boundsBytes - 1;
    const comma = this.bytes.indexOf(COMMA, this.boundsAt);
    const startMs = Number(this.bytes.toString('latin1', this.boundsAt, comma));
    const endMs = Number(this.bytes.toString('latin1', comma + 1, end));
    const { lastWindow: last } = this;
    if (last.startMs !== startMs || last.endMs !== endMs) this.lastWindow = { startMs, endMs };
    return this.lastWindow;
  }

  hash(): number {
    const { bytes, textEnd, boundsBytes } = this;
    let hash = HASH_START;
    for (let at = 0; at < boundsBytes; at += 1) hash = mixed(hash, this.boundsCode(at));
    for (let at = this.textAt; at < textEnd; at += 1) hash = mixed(hash, bytes[at] ?? 0);
    return spread(hash);
  }

  equals(identity: string): boolean {
    const { bytes, textAt, textEnd, boundsBytes } = this;
    if (identity.length !== boundsBytes + textEnd - textAt) return false;
    for (let at = 0; at < boundsBytes; at += 1) if (this.boundsCode(at) !== identity.charCodeAt(at)) return false;
    for (let at = textAt; at < textEnd; at += 1)
      if (bytes[at] !== identity.charCodeAt(boundsBytes + at - textAt)) return false;
    return true;
  }

  /** Of "start end ", which is "start,end]" in the key. */
  private boundsCode(at: number): number {
    const code = this.bytes[this.boundsAt + at] ?? 0;
    return code === COMMA || code === CLOSE_BRACKET ? BLANK : code;
  }
}

/** Whether a key of a changelog is that of a window: it ends with its bounds then. */
export const isOfWindow = ({ bytes, keyEnd }: Packed): boolean => bytes[keyEnd - 2] === CLOSE_BRACKET;

function parsed(bytes: Buffer, from: number, to: number) {
  const json = parseJson(bytes.toString('utf8', from, to));
  if (!isJsonObject(json)) throw new TypeError('keys and values of a changelog are objects');
  return json;
}
