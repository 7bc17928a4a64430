import { AvroInput } from '../../../protocol/avro/input.js';
import {
  type Read,
  readArray,
  readBytes,
  readEntries,
  readLeaf,
  readRecord,
  readUnion,
} from '../../../protocol/avro/read.js';
import { type AvroRecord, type AvroSchema, parseAvroSchema } from '../../../protocol/avro/schema.js';
import { messageOf } from '../../../support/errors.js';
import { ConnectFailure, dataFailure } from '../data/failure.js';
import { type Schema, Struct, type Value } from '../data/schema.js';
import { ConnectSchemas } from './avro-to-connect.js';
import type { SchemaAndValue } from './converter.js';
import type { RegistryClient } from './registry.js';

interface Known {
  readonly schema: Schema;
  readonly read: Read<Value>;
}

const FRAME_BYTES = 5;

/** Records of Confluent's framing as Connect data, by the schema that they were written with. */
export class AvroReader {
  private readonly known = new Map<number, Known>();

  constructor(private readonly registry: RegistryClient) {}

  read(topic: string, bytes: Buffer | null): SchemaAndValue | Promise<SchemaAndValue> {
    if (bytes === null) return { schema: undefined, value: null };
    if (bytes.length < FRAME_BYTES || bytes[0] !== 0)
      throw dataFailure(`Failed to deserialize data for topic ${topic} to Avro: Unknown magic byte!`);
    const id = bytes.readUInt32BE(1);
    const known = this.known.get(id);
    return known === undefined
      ? this.fetch(id).then((fetched) => decode(topic, bytes, fetched))
      : decode(topic, bytes, known);
  }

  private async fetch(id: number): Promise<Known> {
    const avro = parseAvroSchema(await this.registry.schema(id));
    const schemas = new ConnectSchemas();
    const known = { schema: schemas.of(avro), read: new Compiler(schemas).compile(avro) };
    this.known.set(id, known);
    return known;
  }
}

function decode(topic: string, bytes: Buffer, { schema, read }: Known): SchemaAndValue {
  try {
    return { schema, value: read(new AvroInput(bytes, FRAME_BYTES)) };
  } catch (failure) {
    if (failure instanceof ConnectFailure) throw failure;
    throw dataFailure(`Failed to deserialize data for topic ${topic} to Avro: ${messageOf(failure)}`);
  }
}

/** Records that contain themselves have no Connect schema, so none gets here. */
class Compiler {
  private readonly records = new Map<Schema, Read<Value>>();

  constructor(private readonly schemas: ConnectSchemas) {}

  /** `schema` is that of the place where the value is: an optional struct's own schema is optional. */
  compile(avro: AvroSchema, schema: Schema = this.schemas.of(avro)): Read<Value> {
    switch (avro.type) {
      case 'union':
        return readUnion(avro.branches.map((branch) => this.compile(branch, schema)));
      case 'array':
        return readArray(this.compile(avro.items));
      case 'map': {
        const entries = readEntries(this.compile(avro.values));
        return (input) => new Map(entries(input));
      }
      case 'record':
        return this.record(avro, schema);
      case 'bytes':
      case 'fixed': {
        const read = readBytes(avro);
        return (input) => Buffer.from(read(input)); // a copy: the message's buffer may be large
      }
      default:
        return readLeaf(avro);
    }
  }

  private record(avro: AvroRecord, schema: Schema): Read<Value> {
    let read = this.records.get(schema);
    if (read === undefined) {
      const fields = avro.fields.map((field) => this.compile(field.schema));
      read = readRecord(fields, (values) => new Struct(schema, values));
      this.records.set(schema, read);
    }
    return read;
  }
}
