import { connectSchemaRegistry, type RegisteredSchema } from '../clients/schema-registry/client.js';
import { parseRegistered } from '../clients/schema-registry/registered-avro.js';
import type { HttpAddress } from '../http/client.js';
import { compilePlainEncoder } from '../protocol/avro/encode.js';
import { compilePlainDecoder } from '../protocol/avro/plain.js';
import { frameValue, unframeValue } from '../protocol/confluent/framing.js';
import { EvpipeError } from '../support/errors.js';

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

export function openAvro(address: HttpAddress): Avro {
  const registry = connectSchemaRegistry(address);

  const encoderOf = remembered(async (subject: string) => {
    const latest = await registry.version(subject, 'latest');
    if (latest === undefined) {
      throw new EvpipeError('EVPIPE_SUBJECT_MISSING', `the schema registry has no subject ${subject}`, {
        todo: 'Declare it under schemas in the pipeline file.',
      });
    }
    const encode = compilePlainEncoder(await parseRegistered(avroOnly(latest), registry));
    return (value: unknown) => frameValue(latest.id, encode(value));
  });

  const decoderOf = remembered(async (id: number) => {
    const schema = await registry.schemaById(id);
    if (schema === undefined) {
      throw new EvpipeError('EVPIPE_SCHEMA_MISSING', `the schema registry does not know schema ${id}`);
    }
    return compilePlainDecoder(await parseRegistered(avroOnly(schema), registry));
  });

  return {
    encode: async (topic, value) => (await encoderOf(`${topic}-value`))(value),
    async decode<Value>(value: Buffer) {
      const framed = unframeValue(value);
      if (framed === undefined) {
        throw new EvpipeError('EVPIPE_AVRO_FRAME', 'the value does not begin with a zero byte and the id of a schema');
      }
      return (await decoderOf(framed.schemaId))(framed.payload) as Value;
    },
  };
}

function avroOnly(schema: RegisteredSchema): RegisteredSchema {
  if (schema.schemaType === 'AVRO') return schema;
  throw new EvpipeError('EVPIPE_SCHEMA_TYPE', `schema ${schema.id} is ${schema.schemaType}, not AVRO`);
}

/** Each key is asked for once; after a failure, again by the next event. */
function remembered<Key, Answer>(ask: (key: Key) => Promise<Answer>): (key: Key) => Promise<Answer> {
  const known = new Map<Key, Promise<Answer>>();
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const answer = ask(key);
    known.set(key, answer);
    answer.catch(() => known.delete(key));
    return answer;
  };
}
