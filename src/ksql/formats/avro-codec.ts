import type { AvroOutput } from '../../protocol/avro/output.js';
import {
  type Read as AvroRead,
  compileSkip,
  isLeaf,
  readArray,
  readBytes,
  readEntries,
  readLeaf,
  readRecord,
  readUnion,
} from '../../protocol/avro/read.js';
import type { AvroRecord, AvroSchema, AvroUnion } from '../../protocol/avro/schema.js';
import { Decimal } from '../../protocol/decimal.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { formatType } from '../../protocol/ksql/types.js';
import { castTo } from '../expressions/cast.js';
import { widening } from '../expressions/types.js';
import { ofKind, type Value } from '../values/value.js';
import { branchName, isStructOfUnion, mapEntryOf, sqlTypeOf } from './avro-schema.js';

type Read = AvroRead<Value>;
type Write = (value: Value, output: AvroOutput) => void;
interface Field {
  readonly name: string;
  readonly type: SqlType;
}

/** Reads a record written with `schema` into the places of `columns`: fields by name without regard to case, the rest skipped. */
export function recordReader(schema: AvroRecord, columns: readonly Field[]): AvroRead<Value[]> {
  const places = schema.fields.map((field) => placeOf(field.name, columns));
  const fields = schema.fields.map((field, at): Read => {
    const column = columns[places[at] ?? -1];
    return column === undefined ? compileSkip(field.schema) : reader(field.schema, column.type);
  });
  const width = columns.length;
  return readRecord(fields, (read) => {
    const values = new Array<Value>(width).fill(null);
    for (let at = 0; at < places.length; at += 1) {
      const place = places[at] ?? -1;
      if (place >= 0) values[place] = read[at] ?? null;
    }
    return values;
  });
}

/** The column with the field's exact name, or else with the name in another case; -1 where there is none. */
function placeOf(name: string, columns: readonly Field[]): number {
  const exact = columns.findIndex((column) => column.name === name);
  return exact !== -1 ? exact : columns.findIndex((column) => column.name.toUpperCase() === name.toUpperCase());
}

/** A reader of what `schema` wrote, as a value of `type`. Throws where the two have nothing in common. */
export function reader(schema: AvroSchema, type: SqlType): Read {
  if (schema.type === 'union') {
    if (type.kind === 'STRUCT' && isStructOfUnion(schema)) return branchReader(schema, type.fields);
    return readUnion(schema.branches.map((branch) => reader(branch, type)));
  }
  if (schema.type === 'null') return () => null;
  if (type.kind === 'STRUCT' && schema.type === 'record') return recordReader(schema, type.fields);
  if (type.kind === 'MAP') {
    const map = mapReader(schema, type);
    if (map !== undefined) return map;
  }
  if (type.kind === 'ARRAY' && schema.type === 'array') {
    return readArray(reader(schema.items, type.element));
  }
  if (type.kind === 'DECIMAL' && (schema.type === 'bytes' || schema.type === 'fixed')) {
    const scale = Number(schema.properties.scale ?? 0);
    const bytes = readBytes(schema);
    return (input) => Decimal.fromBytes(bytes(input), scale).toScale(type.scale);
  }
  const own = sqlTypeOf(schema, true);
  const plain = primitive(schema);
  if (own === undefined || plain === undefined)
    throw new TypeError(`Avro ${schema.type} can't be read as ${formatType(type)}`);
  // DATE, TIME and TIMESTAMP lie in the same numbers whether or not the schema says so.
  if (type.kind === 'DATE' || type.kind === 'TIME' || type.kind === 'TIMESTAMP') {
    if (schema.type === 'int' || schema.type === 'long') return (input) => Number(plain(input));
  }
  const natural = naturalType(schema);
  const convert =
    natural === undefined
      ? undefined
      : (widening(natural, type) ?? (type.kind === 'STRING' ? castTo(natural, type) : undefined));
  if (convert === undefined) throw new TypeError(`Avro ${schema.type} can't be read as ${formatType(type)}`);
  return natural?.kind === type.kind ? plain : (input) => convert(plain(input));
}

/** Reads a union into a struct whose other fields are null. */
export const branchReader = (schema: AvroUnion, columns: readonly Field[]): AvroRead<Value[] | null> =>
  readUnion(
    schema.branches.map((branch): AvroRead<Value[] | null> => {
      if (branch.type === 'null') return () => null;
      const place = placeOf(branchName(branch), columns);
      const column = columns[place];
      const read = column === undefined ? compileSkip(branch) : reader(branch, column.type);
      return (input) => {
        const values = new Array<Value>(columns.length).fill(null);
        const value = read(input) ?? null;
        if (column !== undefined) values[place] = value;
        return values;
      };
    }),
  );

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

/** BIGINT is a bigint whatever its size, BYTES are a copy. */
function primitive(schema: AvroSchema): Read | undefined {
  if (!isLeaf(schema)) return undefined;
  switch (schema.type) {
    case 'long':
      return (input) => input.bigint();
    case 'bytes':
    case 'fixed': {
      const bytes = readBytes(schema);
      return (input) => Buffer.from(bytes(input));
    }
    default:
      return readLeaf(schema);
  }
}

function mapReader(schema: AvroSchema, type: Extract<SqlType, { kind: 'MAP' }>): Read | undefined {
  if (schema.type === 'map') {
    const entries = readEntries(reader(schema.values, type.value));
    return (input) => new Map(entries(input));
  }
  const entry = mapEntryOf(schema);
  const [key, value] = entry?.fields ?? [];
  if (schema.type !== 'array' || key === undefined || value === undefined) return undefined;
  const [readKey, readValue] = [reader(key.schema, type.key), reader(value.schema, type.value)];
  const entries = readArray((input) => [readKey(input), readValue(input)] as const);
  return (input) => new Map(entries(input));
}

/** A writer of values of `type` in `schema`, whose fields are found by name; a field that no column fills gets its default. */
export function writer(schema: AvroSchema, type: SqlType): Write {
  if (schema.type === 'union') return unionWriter(schema, type);
  if (schema.type === 'record' && type.kind === 'STRUCT') {
    return ofKind(type.kind, recordWriter(schema, type.fields));
  }
  if (type.kind === 'MAP') return mapWriter(schema, type);
  if (type.kind === 'ARRAY' && schema.type === 'array') {
    const element = writer(schema.items, type.element);
    return ofKind(type.kind, (value, output: AvroOutput) => output.block(value, (each) => element(each, output)));
  }
  if (type.kind === 'DECIMAL' && schema.type === 'bytes') {
    const scale = Number(schema.properties.scale ?? type.scale);
    return ofKind(type.kind, (value, output: AvroOutput) => output.blob(value.toScale(scale).toBytes()));
  }
  const write = scalarWriter(schema, type);
  if (write === undefined) throw new TypeError(`${formatType(type)} can't be written as Avro ${schema.type}`);
  return write;
}

const WHOLE = ['INTEGER', 'BIGINT', 'DATE', 'TIME', 'TIMESTAMP'] as const;

function scalarWriter(schema: AvroSchema, type: SqlType): Write | undefined {
  const whole = WHOLE.find((kind) => kind === type.kind);
  const number = whole !== undefined || type.kind === 'DOUBLE';
  switch (schema.type) {
    case 'boolean':
      return type.kind === 'BOOLEAN' ? (value, output) => output.boolean(value === true) : undefined;
    case 'int':
      return whole ? (value, output) => output.long(Number(value)) : undefined;
    case 'long':
      return whole ? ofKind(whole, (value, output: AvroOutput) => output.long(value)) : undefined;
    case 'float':
      return number ? (value, output) => output.float(Number(value)) : undefined;
    case 'double':
      return number ? (value, output) => output.double(Number(value)) : undefined;
    case 'string':
      return type.kind === 'STRING' ? ofKind(type.kind, (value, output: AvroOutput) => output.text(value)) : undefined;
    case 'bytes':
      return type.kind === 'BYTES' ? ofKind(type.kind, (value, output: AvroOutput) => output.blob(value)) : undefined;
    case 'enum': {
      if (type.kind !== 'STRING') return undefined;
      return ofKind(type.kind, (value, output: AvroOutput) => {
        const at = schema.symbols.indexOf(value);
        if (at === -1) throw new RangeError(`'${value}' is not a symbol of ${schema.name}`);
        output.long(at);
      });
    }
    default:
      return undefined;
  }
}

function unionWriter(schema: AvroUnion, type: SqlType): Write {
  const nullAt = schema.branches.findIndex((branch) => branch.type === 'null');
  const write =
    type.kind === 'STRUCT' && isStructOfUnion(schema)
      ? fieldWriter(schema, type.fields)
      : firstBranchWriter(schema, type);
  return (value, output) => {
    if (value !== null) return write(value, output);
    if (nullAt === -1) throw new TypeError('null is not allowed here');
    output.long(nullAt);
  };
}

function firstBranchWriter(schema: AvroUnion, type: SqlType): Write {
  const at = schema.branches.findIndex((branch) => branch.type !== 'null');
  const branch = schema.branches[at];
  if (branch === undefined) throw new TypeError(`${formatType(type)} can't be written as null`);
  const write = writer(branch, type);
  return (value, output) => {
    output.long(at);
    write(value, output);
  };
}

/** Writes the one field of a struct that is not null, in its branch. */
function fieldWriter(schema: AvroUnion, columns: readonly Field[]): Write {
  const branches = schema.branches.flatMap((branch, at) => {
    const place = branch.type === 'null' ? -1 : placeOf(branchName(branch), columns);
    const column = columns[place];
    return column === undefined ? [] : [{ at, place, write: writer(branch, column.type) }];
  });
  return ofKind('STRUCT', (values, output: AvroOutput) => {
    const branch = branches.find(({ place }) => (values[place] ?? null) !== null);
    if (branch === undefined) throw new TypeError('no field of the struct has a value for the union');
    output.long(branch.at);
    branch.write(values[branch.place] ?? null, output);
  });
}

export function recordWriter(
  schema: AvroRecord,
  columns: readonly Field[],
): (values: readonly Value[], output: AvroOutput) => void {
  const steps = schema.fields.map((field) => {
    const place = placeOf(field.name, columns);
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
    return ofKind(type.kind, (value, output: AvroOutput) =>
      output.block(value, ([key, item]) => {
        output.text(String(key));
        each(item, output);
      }),
    );
  }
  const [key, item] = mapEntryOf(schema)?.fields ?? [];
  if (key === undefined || item === undefined) throw new TypeError(`a MAP can't be written as Avro ${schema.type}`);
  const [writeKey, writeItem] = [writer(key.schema, type.key), writer(item.schema, type.value)];
  return ofKind(type.kind, (value, output: AvroOutput) =>
    output.block(value, ([k, v]) => {
      writeKey(k, output);
      writeItem(v, output);
    }),
  );
}
