import { dataFailure } from '../data/failure.js';
import { int64, type Schema, Struct, type Value } from '../data/schema.js';
import { type AvroObject, type AvroSchema, type AvroUnion, connectSchema } from './avro-schema.js';
import type { SchemaAndValue } from './converter.js';
import type { RegistryClient } from './registry.js';

interface Known {
  readonly schema: Schema;
  readonly read: Read;
}

/** Records of Confluent's framing as Connect data, by the schema that they were written with. */
export class AvroReader {
  private readonly known = new Map<number, Known>();

  constructor(private readonly registry: RegistryClient) {}

  read(topic: string, bytes: Buffer | null): SchemaAndValue | Promise<SchemaAndValue> {
    if (bytes === null) return { schema: undefined, value: null };
    if (bytes.length < 5 || bytes[0] !== 0)
      throw dataFailure(`Failed to deserialize data for topic ${topic} to Avro: Unknown magic byte!`);
    const id = bytes.readUInt32BE(1);
    const known = this.known.get(id);
    const decode = (one: Known): SchemaAndValue => ({ schema: one.schema, value: one.read(new Source(bytes, 5)) });
    return known === undefined ? this.fetch(id).then(decode) : decode(known);
  }

  private async fetch(id: number): Promise<Known> {
    const avro = parse(await this.registry.schema(id));
    const named = new Map<string, AvroObject>();
    const schema = connectSchema(avro, false, named);
    const known = { schema, read: compile(avro, schema, named, '') };
    this.known.set(id, known);
    return known;
  }
}

function parse(text: string): AvroSchema {
  return JSON.parse(text) as AvroSchema;
}

type Read = (source: Source) => Value;

class Source {
  constructor(
    private readonly bytes: Buffer,
    private at: number,
  ) {}

  long(): number | bigint {
    let result = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.bytes.readUInt8(this.at++);
      result |= BigInt(byte & 127) << shift;
      if (byte < 128) break;
    }
    return int64((result >> 1n) ^ -(result & 1n));
  }

  raw(length = Number(this.long())): Buffer {
    const start = this.at;
    this.at += length;
    if (length < 0 || this.at > this.bytes.length) throw dataFailure('Avro data ends early');
    return Buffer.from(this.bytes.subarray(start, this.at));
  }

  byte(): number {
    return this.bytes.readUInt8(this.at++);
  }
}

const PRIMITIVES: Readonly<Record<string, Read>> = {
  null: () => null,
  boolean: (source) => source.byte() === 1,
  int: (source) => source.long(),
  long: (source) => source.long(),
  float: (source) => source.raw(4).readFloatLE(),
  double: (source) => source.raw(8).readDoubleLE(),
  bytes: (source) => source.raw(),
  string: (source) => source.raw().toString('utf8'),
};

function compile(avro: AvroSchema, schema: Schema, named: ReadonlyMap<string, AvroObject>, space: string): Read {
  if (Array.isArray(avro)) {
    const branches = (avro as AvroUnion).map((branch) =>
      branch === 'null' ? () => null : compile(branch, schema, named, space),
    );
    return (source) => {
      const branch = branches[Number(source.long())];
      if (branch === undefined) throw dataFailure('Avro data names a branch that its union does not have');
      return branch(source);
    };
  }
  if (typeof avro === 'string') {
    const known = named.get(avro) ?? named.get(`${space}.${avro}`);
    if (known !== undefined) return compile(known, schema, named, space);
    return PRIMITIVES[avro] ?? unsupported(avro);
  }
  const object = avro as AvroObject;
  switch (object.type) {
    case 'record':
      return compileRecord(object, schema, named, space);
    case 'array':
      return blocks(compile(object.items as AvroSchema, schema.values ?? schema, named, space), (all) => all);
    case 'map': {
      const value = compile(object.values as AvroSchema, schema.values ?? schema, named, space);
      const entry: Read = (source) => [source.raw().toString('utf8'), value(source)];
      return blocks(entry, (all) => new Map(all as unknown as Array<[Value, Value]>));
    }
    case 'enum': {
      const symbols = object.symbols as readonly string[];
      return (source) => symbols[Number(source.long())] ?? null;
    }
    case 'fixed': {
      const size = Number(object.size);
      return (source) => source.raw(size);
    }
    default:
      return PRIMITIVES[object.type] ?? unsupported(object.type);
  }
}

function unsupported(type: string): never {
  throw dataFailure(`Avro type ${type} is not supported`);
}

function compileRecord(
  object: AvroObject,
  schema: Schema,
  named: ReadonlyMap<string, AvroObject>,
  space: string,
): Read {
  const own = (object.namespace as string | undefined) ?? space;
  const fields = (object.fields as ReadonlyArray<{ name: string; type: AvroSchema }>).map((field, index) =>
    compile(field.type, schema.fields[index]?.schema ?? schema, named, own),
  );
  return (source) =>
    new Struct(
      schema,
      fields.map((read) => read(source)),
    );
}

function blocks(item: Read, collect: (all: Value[]) => Value): Read {
  return (source) => {
    const all: Value[] = [];
    for (let count = Number(source.long()); count !== 0; count = Number(source.long())) {
      if (count < 0) {
        source.long(); // a negative count comes with the block's size
        count = -count;
      }
      for (let index = 0; index < count; index++) all.push(item(source));
    }
    return collect(all);
  };
}
