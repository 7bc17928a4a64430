import { Decimal } from '../../protocol/decimal.js';
import { formatType, type SqlType } from '../../protocol/ksql/types.js';
import { ofForm, type ProtobufValue } from '../../protocol/protobuf/codec.js';
import {
  DATE_MESSAGE,
  DECIMAL_MESSAGE,
  dateOfDays,
  daysOfDate,
  mapEntryOf,
  msOfTime,
  msOfTimestamp,
  TIME_MESSAGE,
  TIMESTAMP_MESSAGE,
  timeOfMs,
  timestampOfMs,
  wrappedField,
} from '../../protocol/protobuf/known-messages.js';
import type { ProtobufField, ProtobufMessage, ProtobufType } from '../../protocol/protobuf/schema.js';
import { widening } from '../expressions/types.js';
import type { Column } from '../metadata/schema.js';
import { ofKind, type TypeOf, type Value, type ValueForms } from '../values/value.js';
import { type SqlField, sqlFieldsOf, sqlTypeOfField } from './protobuf-schema.js';

type Read = (value: ProtobufValue) => Value;
type Write = (value: Value) => ProtobufValue;
type Message = readonly ProtobufValue[];

/** Reads a message into the places of `columns`: fields by name without regard to case. */
export function messageReader(message: ProtobufMessage, columns: readonly Column[]): (values: Message) => Value[] {
  const fields = sqlFieldsOf(message, true);
  const reads = columns.map(({ name, type }): ((values: Message) => Value) => {
    const field = named(name, fields);
    return field === undefined ? () => null : fieldReader(message, field, type);
  });
  return (values) => reads.map((read) => read(values));
}

/** The field with the column's exact name, or else with the name in another case. */
const named = <T extends { readonly name: string }>(name: string, among: readonly T[]): T | undefined =>
  among.find((each) => each.name === name) ?? among.find((each) => each.name.toUpperCase() === name.toUpperCase());

function fieldReader(message: ProtobufMessage, { from }: SqlField, type: SqlType): (values: Message) => Value {
  if (from.kind === 'field') {
    const field = message.fields[from.at];
    const read = field && reader(field, type);
    return (values) => read?.(values[from.at] ?? null) ?? null;
  }
  if (type.kind !== 'STRUCT') throw new TypeError(`a oneof can't be read as ${formatType(type)}`);
  const members = from.places.flatMap((place) => message.fields[place] ?? []);
  const reads = type.fields.map((column) => {
    const at = members.findIndex(({ name }) => name.toUpperCase() === column.name.toUpperCase());
    const field = members[at];
    return { place: from.places[at] ?? -1, read: field === undefined ? () => null : reader(field, column.type) };
  });
  return (values) =>
    from.places.every((place) => (values[place] ?? null) === null)
      ? null
      : reads.map(({ place, read }) => read(values[place] ?? null));
}

function reader(field: ProtobufField, type: SqlType): Read {
  if (field.shape === 'map' && type.kind === 'MAP') {
    const value = valueReader(field.type, type.value, field);
    const key = valueReader({ kind: 'scalar', name: field.keyType ?? 'string' }, type.key, field);
    return ofForm(field.shape, (map) => new Map([...map].map(([k, v]) => [key(k), value(v)])));
  }
  if (field.shape === 'repeated' && type.kind === 'MAP') {
    const entry = mapEntryOf(field);
    if (entry === undefined) throw unreadable(field, type);
    const [key, value] = [reader(entry.key, type.key), reader(entry.value, type.value)];
    const pair = ofForm('message', (values) => [key(values[0] ?? null), value(values[1] ?? null)] as const);
    return ofForm(field.shape, (entries) => new Map(entries.map((each) => pair(each))));
  }
  if (field.shape === 'repeated' && type.kind === 'ARRAY') {
    const element = valueReader(field.type, type.element, field);
    return ofForm(field.shape, (values) => values.map(element));
  }
  if (field.shape !== 'single') throw unreadable(field, type);
  return valueReader(field.type, type, field);
}

const unreadable = ({ name, shape, type: { kind } }: ProtobufField, type: SqlType): TypeError =>
  new TypeError(`the protobuf field ${name} (${shape} ${kind}) can't be read as ${formatType(type)}`);

function valueReader(from: ProtobufType, type: SqlType, field: ProtobufField): Read {
  const read = nonNullReader(from, type, field);
  return (value) => (value === null ? null : read(value));
}

function nonNullReader(from: ProtobufType, type: SqlType, field: ProtobufField): Read {
  if (from.kind === 'message') {
    const wrapped = wrappedField(from.message);
    if (wrapped !== undefined) {
      const read = reader(wrapped, type);
      return ofForm(from.kind, (values) => read(values[0] ?? null));
    }
    const known = MESSAGE_READERS.get(from.message.fullName);
    if (known?.kind === type.kind) return ofForm(from.kind, (values) => known.read(values, type));
    if (type.kind !== 'STRUCT') throw unreadable(field, type);
    return ofForm(from.kind, messageReader(from.message, type.fields));
  }
  const own = sqlTypeOfField({ ...field, shape: 'single', type: from });
  if (own?.kind === type.kind) return scalarReader(from, type);
  const widen = own && widening(own, type);
  if (own === undefined || widen === undefined) throw unreadable(field, type);
  const read = scalarReader(from, own);
  return (value) => widen(read(value));
}

/** BIGINT is a bigint whatever its size, and BYTES are a copy. */
function scalarReader(from: Exclude<ProtobufType, { kind: 'message' }>, { kind }: SqlType): Read {
  if (from.kind === 'scalar') {
    if (from.name === 'bytes') return ofForm(from.name, (value) => Buffer.from(value));
    if (kind === 'BIGINT') return ofForm(from.name, (value) => BigInt.asIntN(64, BigInt(value)));
  }
  return (value) => value;
}

const number = (value: ProtobufValue | undefined): number => Number(value ?? 0);

interface MessageReader {
  readonly kind: SqlType['kind'];
  readonly read: (values: Message, type: SqlType) => Value;
}

const MESSAGE_READERS: ReadonlyMap<string, MessageReader> = new Map<string, MessageReader>([
  [TIMESTAMP_MESSAGE, { kind: 'TIMESTAMP', read: msOfTimestamp }],
  [DATE_MESSAGE, { kind: 'DATE', read: daysOfDate }],
  [TIME_MESSAGE, { kind: 'TIME', read: msOfTime }],
  [
    DECIMAL_MESSAGE,
    {
      kind: 'DECIMAL',
      read: ([bytes, , scale], type) => {
        const value = Decimal.fromBytes(Buffer.from(bytes instanceof Uint8Array ? bytes : []), number(scale));
        return type.kind === 'DECIMAL' ? value.toScale(type.scale) : value;
      },
    },
  ],
]);

/** Writes values of `columns` as the message's fields, found by name; a field that no column fills is not set. */
export function messageWriter(
  message: ProtobufMessage,
  columns: readonly Column[],
): (values: readonly Value[]) => Message {
  const writes = message.fields.map((field): ((values: readonly Value[]) => ProtobufValue) => {
    const column = named(field.name, columns);
    const at = column === undefined ? -1 : columns.indexOf(column);
    if (column === undefined) return () => null;
    const write = writer(field, column.type);
    return (values) => write(values[at] ?? null);
  });
  return (values) => writes.map((write) => write(values));
}

function writer(field: ProtobufField, type: SqlType): Write {
  const write = shapeWriter(field, type);
  return (value) => (value === null ? null : write(value));
}

function shapeWriter(field: ProtobufField, type: SqlType): Write {
  if (type.kind === 'MAP' && field.shape === 'map') {
    const key = valueWriter({ kind: 'scalar', name: field.keyType ?? 'string' }, type.key, field);
    const value = valueWriter(field.type, type.value, field);
    return ofKind(type.kind, (map) => new Map([...map].map(([k, v]) => [key(k), value(v)])));
  }
  if (type.kind === 'MAP') {
    const entry = mapEntryOf(field);
    if (entry === undefined) throw unwritable(field, type);
    const [key, value] = [writer(entry.key, type.key), writer(entry.value, type.value)];
    return ofKind(type.kind, (map) => [...map].map(([k, v]) => [key(k), value(v)]));
  }
  if (type.kind === 'ARRAY' && field.shape === 'repeated') {
    const element = orNull(valueWriter(field.type, type.element, field));
    return ofKind(type.kind, (values) => values.map(element));
  }
  if (field.shape !== 'single') throw unwritable(field, type);
  return valueWriter(field.type, type, field);
}

const orNull =
  (write: Write): Write =>
  (value) =>
    value === null ? null : write(value);

const unwritable = ({ name, shape, type: { kind } }: ProtobufField, type: SqlType): TypeError =>
  new TypeError(`${formatType(type)} can't be written as the protobuf field ${name} (${shape} ${kind})`);

const isWhole = (type: SqlType): type is TypeOf<'INTEGER' | 'BIGINT'> =>
  type.kind === 'INTEGER' || type.kind === 'BIGINT';

/** What scalars hold as it is. */
const PLAIN = ['BOOLEAN', 'INTEGER', 'BIGINT', 'DOUBLE', 'STRING', 'BYTES'] as const;

function valueWriter(to: ProtobufType, type: SqlType, field: ProtobufField): Write {
  if (to.kind === 'message') {
    const wrapped = wrappedField(to.message);
    if (wrapped !== undefined) {
      const write = writer(wrapped, type);
      return (value) => [write(value)];
    }
    const known: MessageWriter | undefined = MESSAGE_WRITERS[type.kind];
    if (known?.message === to.message.fullName) return ofKind(type.kind, (value) => known.write(value, type));
    if (type.kind !== 'STRUCT') throw unwritable(field, type);
    return ofKind(type.kind, messageWriter(to.message, type.fields));
  }
  if (to.kind === 'enum') {
    if (type.kind !== 'STRING') throw unwritable(field, type);
    return ofKind(type.kind, (value) => {
      if (!to.numbers.has(value)) throw new TypeError(`the enum of ${field.name} has no symbol ${value}`);
      return value;
    });
  }
  const own = sqlTypeOfField({ ...field, shape: 'single', type: to });
  const kind = PLAIN.find((each) => each === own?.kind);
  const plain = kind && ofKind(kind, (value): ProtobufValue => value);
  if (kind === type.kind && plain !== undefined) return plain;
  if (own !== undefined && isWhole(own) && isWhole(type)) {
    return own.kind === 'BIGINT' ? ofKind(type.kind, BigInt) : Number;
  }
  const widen = own && widening(type, own);
  if (widen === undefined || plain === undefined) throw unwritable(field, type);
  return (value) => plain(widen(value));
}

interface MessageWriter<Kind extends SqlType['kind'] = SqlType['kind']> {
  readonly message: string;
  write(value: ValueForms[Kind], type: TypeOf<Kind>): Message;
}

const MESSAGE_WRITERS: { readonly [Kind in SqlType['kind']]?: MessageWriter<Kind> } = {
  TIMESTAMP: { message: TIMESTAMP_MESSAGE, write: timestampOfMs },
  DATE: { message: DATE_MESSAGE, write: dateOfDays },
  TIME: { message: TIME_MESSAGE, write: timeOfMs },
  DECIMAL: {
    message: DECIMAL_MESSAGE,
    write: (value: Decimal, type) => [value.toBytes(), type.precision, value.scale],
  },
};
