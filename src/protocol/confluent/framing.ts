/** How Confluent's serializers mark a value: a zero byte, the schema's id (4 bytes, big-endian), then the payload. */
export interface FramedValue {
  readonly schemaId: number;
  /** A slice of the value. */
  readonly payload: Buffer;
}

const MAGIC = 0;
const HEADER_BYTES = 5;

export function frameValue(schemaId: number, payload: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  framed[0] = MAGIC;
  framed.writeInt32BE(schemaId, 1);
  framed.set(payload, HEADER_BYTES);
  return framed;
}

/** Undefined where the value is not framed. Any value may begin with a zero byte by chance: only a registry that knows the id can tell. */
export function unframeValue(value: Buffer): FramedValue | undefined {
  if (value.length < HEADER_BYTES || value[0] !== MAGIC) return undefined;
  const schemaId = value.readInt32BE(1);
  return schemaId > 0 ? { schemaId, payload: value.subarray(HEADER_BYTES) } : undefined;
}
