/** How Confluent's serializers mark a value: a zero byte, the schema's id (4 bytes, big-endian), then the payload. */
export interface FramedValue {
  readonly schemaId: number;
  /** A slice of the value. */
  readonly payload: Buffer;
}

const MAGIC = 0;
/** Ids are positive 32-bit integers. */
const ID_MAX = 0x7fff_ffff;
export const FRAME_BYTES = 5;

export function frameValue(schemaId: number, payload: Uint8Array): Buffer {
  return Buffer.concat([frameHead(schemaId), payload]);
}

/** What stands before the payload. */
export function frameHead(schemaId: number): Buffer {
  const head = Buffer.alloc(FRAME_BYTES);
  head.writeUInt32BE(schemaId, 1);
  return head;
}

/** The id in a framed value; undefined where it is none. */
export const framedId = (value: Buffer): number | undefined =>
  value.length < FRAME_BYTES || value[0] !== MAGIC ? undefined : value.readUInt32BE(1);

/** Undefined where the value is not framed. Any value may begin with a zero byte by chance: only a registry that knows the id can tell. */
export function unframeValue(value: Buffer): FramedValue | undefined {
  const schemaId = framedId(value);
  return schemaId !== undefined && schemaId > 0 && schemaId <= ID_MAX
    ? { schemaId, payload: value.subarray(FRAME_BYTES) }
    : undefined;
}

/** No schema nests deeper, and a length that is read is believed only up to here. */
const MESSAGE_INDEXES_MAX = 100;

/**
 * Behind a Protobuf schema's id stands which of its messages follows: their number, then each place, as zigzag
 * varints. The first message of a file, by far the most common one, is a single zero.
 */
export function messageIndexes(indexes: readonly number[]): Buffer {
  if (indexes.length === 1 && indexes[0] === 0) return Buffer.from([0]);
  return Buffer.from([indexes.length, ...indexes].flatMap(varint));
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value * 2; // Zigzag: none of these is negative.
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}

/** What is behind the schema's id, taken apart. Throws RangeError for anything else. */
export function splitMessageIndexes(bytes: Buffer): { readonly indexes: readonly number[]; readonly payload: Buffer } {
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[at];
      if (byte === undefined) break;
      at += 1;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 1;
    }
    throw new RangeError('the message indexes of a Protobuf value are cut off');
  };
  const count = next();
  if (count > MESSAGE_INDEXES_MAX) throw new RangeError(`a Protobuf value names ${count} message indexes`);
  const indexes = count === 0 ? [0] : Array.from({ length: count }, next);
  return { indexes, payload: bytes.subarray(at) };
}
