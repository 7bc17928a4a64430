/**
 * The messages of PostgreSQL's logical decoding plug-in pgoutput, protocol version 1
 * (https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html), column values in text form.
 */

/** Text, null, or undefined: a TOASTed value that did not change and was not sent. */
export type TupleValue = string | null | undefined;
export type Tuple = readonly TupleValue[];

export interface RelationColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
  /** Part of the replica identity. */
  readonly isKey: boolean;
}

export interface Relation {
  readonly kind: 'relation';
  readonly id: number;
  readonly namespace: string;
  readonly name: string;
  /** d: default (primary key), n: nothing, f: all columns, i: an index. */
  readonly replicaIdentity: string;
  readonly columns: readonly RelationColumn[];
}

export type PgoutputMessage =
  | { readonly kind: 'begin'; readonly finalLsn: bigint; readonly commitTimeUs: number; readonly xid: number }
  | { readonly kind: 'commit'; readonly commitLsn: bigint; readonly endLsn: bigint; readonly commitTimeUs: number }
  | Relation
  | { readonly kind: 'insert'; readonly relationId: number; readonly after: Tuple }
  | {
      readonly kind: 'update';
      readonly relationId: number;
      /** key: only the replica identity's columns are set. */
      readonly beforeHolds: 'nothing' | 'key' | 'row';
      readonly before: Tuple | undefined;
      readonly after: Tuple;
    }
  | {
      readonly kind: 'delete';
      readonly relationId: number;
      readonly beforeHolds: 'key' | 'row';
      readonly before: Tuple;
    }
  | { readonly kind: 'truncate'; readonly relationIds: readonly number[] }
  | {
      readonly kind: 'message';
      readonly transactional: boolean;
      readonly lsn: bigint;
      readonly prefix: string;
      readonly content: Buffer;
    }
  | { readonly kind: 'origin' }
  | { readonly kind: 'type' };

/** Microseconds between the epochs of Unix and PostgreSQL (2000-01-01). */
const EPOCH_GAP_US = 946_684_800_000_000;

/** A signed 64-bit number of microseconds since 2000 as microseconds since 1970; exact until the year 2255. */
function timeUs(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 4294967296 + bytes.readUInt32BE(at + 4) + EPOCH_GAP_US;
}

/** Decodes one message; throws a RangeError where it ends early, an Error where it is none. Copies what it keeps. */
export function decodePgoutput(bytes: Buffer): PgoutputMessage {
  const tag = bytes[0];
  switch (tag) {
    case 0x42: // B
      return {
        kind: 'begin',
        finalLsn: bytes.readBigUInt64BE(1),
        commitTimeUs: timeUs(bytes, 9),
        xid: bytes.readUInt32BE(17),
      };
    case 0x43: // C
      return {
        kind: 'commit',
        commitLsn: bytes.readBigUInt64BE(2),
        endLsn: bytes.readBigUInt64BE(10),
        commitTimeUs: timeUs(bytes, 18),
      };
    case 0x52: // R
      return decodeRelation(new Cursor(bytes, 1));
    case 0x49: {
      // I
      const cursor = new Cursor(bytes, 6);
      return { kind: 'insert', relationId: bytes.readUInt32BE(1), after: cursor.tuple() };
    }
    case 0x55: // U
      return decodeUpdate(bytes);
    case 0x44: {
      // D
      const beforeHolds = bytes[5] === 0x4b ? 'key' : 'row';
      return { kind: 'delete', relationId: bytes.readUInt32BE(1), beforeHolds, before: new Cursor(bytes, 6).tuple() };
    }
    case 0x54: {
      // T
      const count = bytes.readUInt32BE(1);
      if (6 + count * 4 > bytes.length) throw new RangeError('a truncate names more relations than it holds');
      const relationIds = Array.from({ length: count }, (_, index) => bytes.readUInt32BE(6 + index * 4));
      return { kind: 'truncate', relationIds };
    }
    case 0x4d:
      return decodeMessage(bytes);
    case 0x4f:
      return { kind: 'origin' };
    case 0x59:
      return { kind: 'type' };
    default:
      throw new Error(`not a pgoutput message: it begins with byte ${tag}`);
  }
}

function decodeUpdate(bytes: Buffer): PgoutputMessage {
  const relationId = bytes.readUInt32BE(1);
  const cursor = new Cursor(bytes, 6);
  const marker = bytes[5];
  if (marker === 0x4e)
    return { kind: 'update', relationId, beforeHolds: 'nothing', before: undefined, after: cursor.tuple() };
  const before = cursor.tuple();
  cursor.at++; // the N before the new tuple
  return { kind: 'update', relationId, beforeHolds: marker === 0x4b ? 'key' : 'row', before, after: cursor.tuple() };
}

function decodeMessage(bytes: Buffer): PgoutputMessage {
  const cursor = new Cursor(bytes, 10);
  const prefix = cursor.text();
  const length = bytes.readUInt32BE(cursor.at);
  const start = cursor.at + 4;
  if (start + length > bytes.length) throw new RangeError('a logical message ends early');
  return {
    kind: 'message',
    transactional: (bytes.readUInt8(1) & 1) === 1,
    lsn: bytes.readBigUInt64BE(2),
    prefix,
    content: Buffer.from(bytes.subarray(start, start + length)),
  };
}

function decodeRelation(cursor: Cursor): Relation {
  const id = cursor.uint32();
  const namespace = cursor.text();
  const name = cursor.text();
  const replicaIdentity = String.fromCharCode(cursor.uint8());
  const count = cursor.uint16();
  const columns: RelationColumn[] = [];
  for (let index = 0; index < count; index++) {
    const isKey = (cursor.uint8() & 1) === 1;
    const column = cursor.text();
    columns.push({ isKey, name: column, typeOid: cursor.uint32(), typeModifier: cursor.int32() });
  }
  return {
    kind: 'relation',
    id,
    namespace: namespace === '' ? 'pg_catalog' : namespace,
    name,
    replicaIdentity,
    columns,
  };
}

class Cursor {
  constructor(
    private readonly bytes: Buffer,
    public at: number,
  ) {}

  uint8(): number {
    return this.bytes.readUInt8(this.at++);
  }

  uint16(): number {
    this.at += 2;
    return this.bytes.readUInt16BE(this.at - 2);
  }

  uint32(): number {
    this.at += 4;
    return this.bytes.readUInt32BE(this.at - 4);
  }

  int32(): number {
    this.at += 4;
    return this.bytes.readInt32BE(this.at - 4);
  }

  /** Up to the next zero byte. */
  text(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end === -1) throw new RangeError('a text does not end');
    const text = this.bytes.toString('utf8', this.at, end);
    this.at = end + 1;
    return text;
  }

  tuple(): TupleValue[] {
    const { bytes } = this;
    const count = this.uint16();
    const values: TupleValue[] = [];
    for (let index = 0; index < count; index++) {
      const kind = this.uint8();
      if (kind === 0x74) {
        const length = bytes.readUInt32BE(this.at);
        const start = this.at + 4;
        this.at = start + length;
        if (this.at > bytes.length) throw new RangeError('a column value ends early');
        values.push(bytes.toString('utf8', start, this.at));
      } else if (kind === 0x6e) values.push(null);
      else if (kind === 0x75) values.push(undefined);
      else throw new Error(`a column value of kind ${String.fromCharCode(kind)} was not asked for`);
    }
    return values;
  }
}
