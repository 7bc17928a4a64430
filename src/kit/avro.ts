import confluent from '@kafkajs/confluent-schema-registry';
import avsc from 'avsc';

/** Avro in Confluent's framing: a zero byte, the schema's id in 4 bytes, the value. */
export interface Avro {
  /**
   * Encodes a record's value by the latest schema of the subject `<topic>-value`. The subject must exist: it is
   * declared in the pipeline file. A version registered later counts from the service's next start.
   */
  encode(topic: string, value: unknown): Promise<Buffer>;
  /** Decodes by the schema that the value names. A long that a number can't hold exactly is a bigint. */
  decode<Value>(value: Buffer): Promise<Value>;
}

export function openAvro(registryUrl: string): Avro {
  const registry = new confluent.SchemaRegistry(
    { host: registryUrl },
    { [confluent.SchemaType.AVRO]: { typeHook: (schema: unknown) => (isLong(schema) ? exactLong : undefined) } },
  );
  const latest = new Map<string, Promise<number>>();

  const latestId = (subject: string): Promise<number> => {
    const known = latest.get(subject);
    if (known !== undefined) return known;
    const asked = registry.getLatestSchemaId(subject);
    latest.set(subject, asked);
    asked.catch(() => latest.delete(subject)); // asked again by the next event
    return asked;
  };

  return {
    encode: async (topic, value) => registry.encode(await latestId(`${topic}-value`), value),
    decode: (value) => registry.decode(value),
  };
}

const isLong = (schema: unknown): boolean =>
  schema === 'long' || (typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'long');

/** avsc refuses a long beyond 2^53 by default; a row must not be held back because a number in it is large. */
const exactLong = avsc.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => exactNumber(buffer.readBigInt64LE()),
  toBuffer: (value: number | bigint) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(BigInt(value));
    return buffer;
  },
  fromJSON: Number,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint' || Number.isSafeInteger(value),
  compare: (a: number | bigint, b: number | bigint) => (a === b ? 0 : a < b ? -1 : 1),
});

function exactNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
