import type { AvroInput } from './input.js';
import {
  type AvroEnum,
  type AvroFixed,
  type AvroPrimitive,
  type AvroRecord,
  type AvroSchema,
  SchemaNesting,
} from './schema.js';

/**
 * The parts of decoders. Each is made once per schema and knows no schema at run time; what the values look like is up
 * to the parts that a user of Avro passes in.
 */
export type Read<Value> = (input: AvroInput) => Value;

export function readUnion<Value>(branches: ReadonlyArray<Read<Value>>): Read<Value> {
  return (input) => {
    const index = input.int();
    const read = branches[index];
    if (read === undefined) throw new RangeError(`a union of ${branches.length} has no branch ${index}`);
    return read(input);
  };
}

export function readArray<Item>(readItem: Read<Item>): Read<Item[]> {
  return (input) => {
    const items: Item[] = [];
    input.blocks(() => items.push(readItem(input)));
    return items;
  };
}

/** A map's entries, in order. */
export const readEntries = <Value>(readValue: Read<Value>): Read<Array<[string, Value]>> =>
  readArray((input) => [input.text(), readValue(input)]);

export function readEnum({ name, symbols }: AvroEnum): Read<string> {
  return (input) => {
    const index = input.int();
    const symbol = symbols[index];
    if (symbol === undefined) throw new RangeError(`the enum ${name} has no symbol ${index}`);
    return symbol;
  };
}

/** Bytes are views of the message. */
export const readBytes = (schema: AvroFixed | AvroPrimitive): Read<Buffer> =>
  schema.type === 'fixed' ? (input) => input.slice(schema.size) : (input) => input.slice(input.int());

export type AvroLeaf = AvroPrimitive | AvroEnum | AvroFixed;

export const isLeaf = (schema: AvroSchema): schema is AvroLeaf =>
  schema.type !== 'record' && schema.type !== 'union' && schema.type !== 'array' && schema.type !== 'map';

/** Values of what has no parts: long as a number where it is a safe integer, bytes as a view of the message. */
export function readLeaf(schema: AvroLeaf): Read<null | boolean | number | bigint | string | Buffer> {
  switch (schema.type) {
    case 'null':
      return () => null;
    case 'boolean':
      return (input) => input.boolean();
    case 'int':
      return (input) => input.int();
    case 'long':
      return (input) => input.long();
    case 'float':
      return (input) => input.float();
    case 'double':
      return (input) => input.double();
    case 'string':
      return (input) => input.text();
    case 'bytes':
    case 'fixed':
      return readBytes(schema);
    case 'enum':
      return readEnum(schema);
  }
}

/** A record from its fields' values. `fields` may be filled after this call: a record may contain itself. */
export function readRecord<Value, Built>(
  fields: ReadonlyArray<Read<Value>>,
  build: (values: Value[]) => Built,
): Read<Built> {
  return (input) => {
    const start = input.enter();
    const values: Value[] = [];
    for (const read of fields) values.push(read(input));
    input.leave(start);
    return build(values);
  };
}

/** Reads past a value: gives null. */
export function compileSkip(schema: AvroSchema): Read<null> {
  return new SkipCompiler().compile(schema);
}

const nothing = (): null => null;

const discard =
  (read: Read<unknown>): Read<null> =>
  (input) => {
    read(input);
    return null;
  };

class SkipCompiler {
  private readonly records = new Map<AvroRecord, Read<null>>();
  private readonly nesting = new SchemaNesting();

  compile(schema: AvroSchema): Read<null> {
    if (isLeaf(schema))
      return discard(schema.type === 'string' ? (input) => input.slice(input.int()) : readLeaf(schema));
    return this.nesting.within(() => {
      switch (schema.type) {
        case 'record':
          return this.record(schema);
        case 'union':
          return readUnion(schema.branches.map((branch) => this.compile(branch)));
        case 'array': {
          const skipItem = this.compile(schema.items);
          return discard((input) => input.blocks(() => skipItem(input)));
        }
        case 'map': {
          const skipValue = this.compile(schema.values);
          return discard((input) =>
            input.blocks(() => {
              input.slice(input.int());
              skipValue(input);
            }),
          );
        }
      }
    });
  }

  private record(schema: AvroRecord): Read<null> {
    const known = this.records.get(schema);
    if (known !== undefined) return known;
    const fields: Array<Read<null>> = [];
    const skip = readRecord(fields, nothing);
    this.records.set(schema, skip);
    for (const field of schema.fields) fields.push(this.compile(field.schema));
    return skip;
  }
}
