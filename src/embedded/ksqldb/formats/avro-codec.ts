import type { AvroRecord, AvroSchema } from '../../../protocol/avro/schema.js';
import type { SqlType } from '../../../protocol/ksql/types.js';
import { formatType } from '../../../protocol/ksql/types.js';
import { castTo } from '../expressions/cast.js';
import { widening } from '../expressions/types.js';
import { Decimal } from '../values/decimal.js';
import type { Value } from '../values/value.js';
import type { AvroInput, AvroOutput } from './avro-bytes.js';
import { mapEntryOf, sqlTypeOf } from './avro-schema.js';

type Read = (input: AvroInput) => Value;
type Skip = (input: AvroInput) => void;
type Write = (value: Value, output: AvroOutput) => void;
interface Field {
  readonly name: string;
  readonly type: SqlType;
}

/** Reads a record written with `schema` into the places of `columns`: fields by name without regard to case, the rest skipped. */
export function recordReader(schema: AvroRecord, columns: readonly Field[]): (input: AvroInput) => Value[] {
  const steps = schema.fields.map((field) => {
    const exact = columns.findIndex(({ name }) => name === field.name);
    const place =
      exact !== -1 ? exact : columns.findIndex(({ name }) => name.toUpperCase() === field.name.toUpperCase());
    const column = columns[place];
    if (column === undefined) return { place: -1, read: skipper(field.schema) as Read };
    return { place, read: reader(field.schema, column.type) };
  });
  const width = columns.length;
  return (input) => {
    const values = new Array<Value>(width).fill(null);
    for (const { place, read } of steps) {
      const value = read(input);
      if (place >= 0) values[place] = value;
    }
    return values;
  };
}

/** A reader of what `schema` wrote, as a value of `type`. Throws where the two have nothing in common. */
export function reader(schema: AvroSchema, type: SqlType): Read {
  if (schema.type === 'union') {
    const branches = schema.branches.map(
      (branch): Read => (branch.type === 'null' ? () => null : reader(branch, type)),
    );
    return (input) => {
      const read = branches[input.int()];
      if (read === undefined) throw new RangeError('a union has no such branch');
      return read(input);
    };
  }
  if (schema.type === 'null') return () => null;
  if (type.kind === 'STRUCT' && schema.type === 'record') return recordReader(schema, type.fields);
  if (type.kind === 'MAP') {
    const map = mapReader(schema, type);
    if (map !== undefined) return map;
  }
  if (type.kind === 'ARRAY' && schema.type === 'array') {
    const element = reader(schema.items, type.element);
    return (input) => blocks(input, () => element(input));
  }
  if (type.kind === 'DECIMAL' && (schema.type === 'bytes' || schema.type === 'fixed')) {
    const scale = Number(schema.properties.scale ?? 0);
    const bytes = bytesReader(schema);
    return (input) => new Decimal(signed(bytes(input)), scale).toScale(type.scale);
  }
  const own = sqlTypeOf(schema, true);
  const plain = primitive(schema);
  if (own === undefined || plain === undefined) throw new TypeError(`Avro ${schema.type} is no ${formatType(type)}`);
  // DATE, TIME and TIMESTAMP lie in the same numbers whether or not the schema says so.
  if (type.kind === 'DATE' || type.kind === 'TIME' || type.kind === 'TIMESTAMP') {
    if (schema.type === 'int' || schema.type === 'long') return (input) => Number(plain(input));
  }
  const natural = naturalType(schema);
  const convert =
    natural === undefined
      ? undefined
      : (widening(natural, type) ?? (type.kind === 'STRING' ? castTo(natural, type) : undefined));
  if (convert === undefined) throw new TypeError(`Avro ${schema.type} is no ${formatType(type)}`);
  return natural?.kind === type.kind ? plain : (input) => convert(plain(input));
}

function naturalType(schema: AvroSchema): SqlType | undefined {
  switch (schema.type) {
    case 'int':
      return { kind: 'INTEGER' };
    case 'long':
      return { kind: 'BIGINT' };
    case 'bytes':
    case 'fixed':
      return { kind: 'BYTES' };
    default:
      return sqlTypeOf(schema, true);
  }
}

function primitive(schema: AvroSchema): Read | undefined {
  switch (schema.type) {
    case 'boolean':
      return (input) => input.byte() !== 0;
    case 'int':
      return (input) => input.int();
    case 'long':
      return (input) => input.long();
    case 'float':
      return (input) => input.float();
    case 'double':
      return (input) => input.double();
    case 'string':
      return (input) => input.take(input.int()).toString('utf8');
    case 'enum':
      return (input) => schema.symbols[input.int()] ?? null;
    case 'bytes':
    case 'fixed':
      return bytesReader(schema);
    default:
      return undefined;
  }
}

function bytesReader(schema: Extract<AvroSchema, { type: 'fixed' }> | AvroSchema): (input: AvroInput) => Buffer {
  if (schema.type === 'fixed') return (input) => Buffer.from(input.take(schema.size));
  return (input) => Buffer.from(input.take(input.int()));
}

/** Big-endian two's complement, as Java's BigInteger has it. */
function signed(bytes: Buffer): bigint {
  if (bytes.length === 0) return 0n;
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
}

function unsignedBytes(value: bigint): Buffer {
  let bits = 8;
  while (BigInt.asIntN(bits, value) !== value) bits += 8;
  return Buffer.from(
    BigInt.asUintN(bits, value)
      .toString(16)
      .padStart(bits / 4, '0'),
    'hex',
  );
}

function mapReader(schema: AvroSchema, type: Extract<SqlType, { kind: 'MAP' }>): Read | undefined {
  if (schema.type === 'map') {
    const value = reader(schema.values, type.value);
    return (input) => new Map(blocks(input, () => [input.take(input.int()).toString('utf8'), value(input)] as const));
  }
  const entry = mapEntryOf(schema);
  const [key, value] = entry?.fields ?? [];
  if (schema.type !== 'array' || key === undefined || value === undefined) return undefined;
  const [readKey, readValue] = [reader(key.schema, type.key), reader(value.schema, type.value)];
  return (input) => new Map(blocks(input, () => [readKey(input), readValue(input)] as const));
}

function blocks<Item>(input: AvroInput, item: () => Item): Item[] {
  const items: Item[] = [];
  for (let count = input.int(); count !== 0; count = input.int()) {
    if (count < 0) {
      input.long();
      count = -count;
    }
    for (let at = 0; at < count; at += 1) items.push(item());
  }
  return items;
}

function skipper(schema: AvroSchema): Skip {
  switch (schema.type) {
    case 'null':
      return () => {};
    case 'union': {
      const branches = schema.branches.map(skipper);
      return (input) => {
        const skip = branches[input.int()];
        if (skip === undefined) throw new RangeError('a union has no such branch');
        skip(input);
      };
    }
    case 'array':
    case 'map': {
      const item = skipper(schema.type === 'array' ? schema.items : schema.values);
      const keyed = schema.type === 'map';
      return (input) => {
        blocks(input, () => {
          if (keyed) input.take(input.int());
          item(input);
        });
      };
    }
    case 'record': {
      // Made when first needed: a record may hold itself.
      let fields: Skip[] | undefined;
      return (input) => {
        fields ??= schema.fields.map((field) => skipper(field.schema));
        for (const skip of fields) skip(input);
      };
    }
    case 'string':
      return (input) => void input.take(input.int());
    default: {
      const read = primitive(schema);
      return (input) => void read?.(input);
    }
  }
}

/** A writer of values of `type` in `schema`, whose fields are found by name; a field that no column fills gets its default. */
export function writer(schema: AvroSchema, type: SqlType): Write {
  if (schema.type === 'union') return unionWriter(schema, type);
  if (schema.type === 'record' && type.kind === 'STRUCT') {
    const write = recordWriter(schema, type.fields);
    return (value, output) => write(value as readonly Value[], output);
  }
  if (type.kind === 'MAP') return mapWriter(schema, type);
  if (type.kind === 'ARRAY' && schema.type === 'array') {
    const element = writer(schema.items, type.element);
    return (value, output) => writeBlocks(value as readonly Value[], output, (each) => element(each, output));
  }
  if (type.kind === 'DECIMAL' && schema.type === 'bytes') {
    const scale = Number(schema.properties.scale ?? type.scale);
    return (value, output) => output.blob(unsignedBytes((value as Decimal).toScale(scale).unscaled));
  }
  const write = scalarWriter(schema, type);
  if (write === undefined) throw new TypeError(`${formatType(type)} can't be written as Avro ${schema.type}`);
  return write;
}

function scalarWriter(schema: AvroSchema, type: SqlType): Write | undefined {
  const number = ['INTEGER', 'BIGINT', 'DOUBLE', 'DATE', 'TIME', 'TIMESTAMP'].includes(type.kind);
  switch (schema.type) {
    case 'boolean':
      return type.kind === 'BOOLEAN' ? (value, output) => output.byte(value === true ? 1 : 0) : undefined;
    case 'int':
      return number && type.kind !== 'DOUBLE' ? (value, output) => output.int(Number(value)) : undefined;
    case 'long':
      return number && type.kind !== 'DOUBLE' ? (value, output) => output.long(BigInt(value as number)) : undefined;
    case 'float':
      return number ? (value, output) => output.float(Number(value)) : undefined;
    case 'double':
      return number ? (value, output) => output.double(Number(value)) : undefined;
    case 'string':
      return type.kind === 'STRING' ? (value, output) => output.text(value as string) : undefined;
    case 'bytes':
      return type.kind === 'BYTES' ? (value, output) => output.blob(value as Uint8Array) : undefined;
    case 'enum': {
      if (type.kind !== 'STRING') return undefined;
      return (value, output) => {
        const at = schema.symbols.indexOf(value as string);
        if (at === -1) throw new RangeError(`'${String(value)}' is no symbol of ${schema.name}`);
        output.int(at);
      };
    }
    default:
      return undefined;
  }
}

function unionWriter(schema: Extract<AvroSchema, { type: 'union' }>, type: SqlType): Write {
  const nullAt = schema.branches.findIndex((branch) => branch.type === 'null');
  const at = schema.branches.findIndex((branch) => branch.type !== 'null');
  const branch = schema.branches[at];
  if (branch === undefined) throw new TypeError(`${formatType(type)} can't be written as null`);
  const write = writer(branch, type);
  return (value, output) => {
    if (value === null) {
      if (nullAt === -1) throw new TypeError('null is not allowed here');
      output.int(nullAt);
    } else {
      output.int(at);
      write(value, output);
    }
  };
}

export function recordWriter(
  schema: AvroRecord,
  columns: readonly Field[],
): (values: readonly Value[], output: AvroOutput) => void {
  const steps = schema.fields.map((field) => {
    const exact = columns.findIndex(({ name }) => name === field.name);
    const place =
      exact !== -1 ? exact : columns.findIndex(({ name }) => name.toUpperCase() === field.name.toUpperCase());
    const column = columns[place];
    const nullable = field.schema.type === 'union';
    if (column !== undefined) return { place, write: writer(field.schema, column.type), nullable, name: field.name };
    if (!nullable) throw new TypeError(`field ${field.name} of ${schema.name} has no column and can't be null`);
    return {
      place: -1,
      write: writer(field.schema, sqlTypeOf(field.schema, true) ?? { kind: 'STRING' }),
      nullable,
      name: field.name,
    };
  });
  return (values, output) => {
    for (const { place, write, nullable, name } of steps) {
      const value = place === -1 ? null : (values[place] ?? null);
      if (value === null && !nullable) throw new TypeError(`null for required field ${name}`);
      write(value, output);
    }
  };
}

function mapWriter(schema: AvroSchema, type: Extract<SqlType, { kind: 'MAP' }>): Write {
  if (schema.type === 'map') {
    const each = writer(schema.values, type.value);
    return (value, output) =>
      writeBlocks([...(value as ReadonlyMap<Value, Value>)], output, ([key, item]) => {
        output.text(String(key));
        each(item, output);
      });
  }
  const [key, item] = mapEntryOf(schema)?.fields ?? [];
  if (key === undefined || item === undefined) throw new TypeError(`a MAP can't be written as Avro ${schema.type}`);
  const [writeKey, writeItem] = [writer(key.schema, type.key), writer(item.schema, type.value)];
  return (value, output) =>
    writeBlocks([...(value as ReadonlyMap<Value, Value>)], output, ([k, v]) => {
      writeKey(k, output);
      writeItem(v, output);
    });
}

function writeBlocks<Item>(items: readonly Item[], output: AvroOutput, write: (item: Item) => void): void {
  if (items.length > 0) output.int(items.length);
  for (const item of items) write(item);
  output.int(0);
}
