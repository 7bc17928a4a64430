import type { ResolvedSchema } from '../../../clients/schema-registry/questions.js';
import { AvroInput } from '../../../protocol/avro/input.js';
import { parseAvroWithReferences } from '../../../protocol/avro/parse-schema.js';
import {
  type Read as ReadAvro,
  readArray,
  readBytes,
  readEntries,
  readLeaf,
  readRecord,
  readUnion,
} from '../../../protocol/avro/read.js';
import type { AvroRecord, AvroSchema } from '../../../protocol/avro/schema.js';
import { FRAME_BYTES } from '../../../protocol/confluent/framing.js';
import { type Schema, Struct, type Value } from '../data/schema.js';
import { ConnectSchemas } from './avro-to-connect.js';
import type { Read } from './registered.js';

/** Records of Confluent's framing as Connect data, by the schema that they were written with. */
export function avroReader({ schema: text, references }: Pick<ResolvedSchema, 'schema' | 'references'>): Read {
  const avro = parseAvroWithReferences(text, references.values());
  const schemas = new ConnectSchemas();
  const schema = schemas.of(avro);
  const read = new Compiler(schemas).compile(avro);
  return (bytes) => ({ schema, value: read(new AvroInput(bytes, FRAME_BYTES)) });
}

/** Records that contain themselves have no Connect schema, so none gets here. */
class Compiler {
  private readonly records = new Map<Schema, ReadAvro<Value>>();

  constructor(private readonly schemas: ConnectSchemas) {}

  /** `schema` is that of the place where the value is: an optional struct's own schema is optional. */
  compile(avro: AvroSchema, schema: Schema = this.schemas.of(avro)): ReadAvro<Value> {
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

  private record(avro: AvroRecord, schema: Schema): ReadAvro<Value> {
    let read = this.records.get(schema);
    if (read === undefined) {
      const fields = avro.fields.map((field) => this.compile(field.schema));
      read = readRecord(fields, (values) => new Struct(schema, values));
      this.records.set(schema, read);
    }
    return read;
  }
}
