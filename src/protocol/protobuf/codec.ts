import protobuf from 'protobufjs';
import { byForm } from '../../support/by-form.js';
import type { ProtobufField, ProtobufMessage, ProtobufType, ScalarName } from './schema.js';

/**
 * Messages as arrays in the order of their fields. 64-bit numbers are bigint, enums their names (an unknown one is its
 * number), messages arrays, repeated fields arrays, maps Map. Null: not set, where that differs from the default.
 */
export type ProtobufValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly ProtobufValue[]
  | ReadonlyMap<ProtobufValue, ProtobufValue>;

type Names32 = 'int32' | 'uint32' | 'sint32' | 'fixed32' | 'sfixed32';
type Names64 = 'int64' | 'uint64' | 'sint64' | 'fixed64' | 'sfixed64';

/** What values are that are not null: by the shape of their field, of a single one by its type. */
export interface ProtobufForms extends Record<Names32 | 'double' | 'float', number>, Record<Names64, bigint> {
  map: ReadonlyMap<ProtobufValue, ProtobufValue>;
  repeated: readonly ProtobufValue[];
  message: readonly ProtobufValue[];
  enum: string;
  string: string;
  bytes: Uint8Array;
  bool: boolean;
}

/** A function of such values: `ofForm(field.shape, (value) => …)` where `field.shape` is known. */
export const ofForm = byForm<ProtobufValue, ProtobufForms>();

const WIRE_TYPE: { readonly [Name in ScalarName]: number } = {
  double: 1,
  float: 5,
  int32: 0,
  uint32: 0,
  sint32: 0,
  fixed32: 5,
  sfixed32: 5,
  int64: 0,
  uint64: 0,
  sint64: 0,
  fixed64: 1,
  sfixed64: 1,
  bool: 0,
  string: 2,
  bytes: 2,
};
const LENGTH_DELIMITED = 2;
/** A message within itself, again and again, is no data. */
const DEPTH_MAX = 100;

const SIGNED_64: ReadonlySet<string> = new Set(['int64', 'sint64', 'sfixed64']);
const UNSIGNED_64: ReadonlySet<string> = new Set(['uint64', 'fixed64']);

/** Throws for bytes that are no such message. */
export function decodeMessage(message: ProtobufMessage, bytes: Uint8Array): ProtobufValue[] {
  return readMessage(message, protobuf.Reader.create(bytes), bytes.length, 0);
}

function readMessage(message: ProtobufMessage, reader: protobuf.Reader, end: number, depth: number): ProtobufValue[] {
  if (depth > DEPTH_MAX) throw new RangeError(`the message is nested more than ${DEPTH_MAX} deep`);
  const places = placesOf(message);
  const values = message.fields.map(defaultOf);
  while (reader.pos < end) {
    const tag = reader.uint32();
    const at = places.get(tag >>> 3);
    const field = at === undefined ? undefined : message.fields[at];
    if (at === undefined || field === undefined) reader.skipType(tag & 7);
    else values[at] = readField(field, tag & 7, reader, values[at] ?? null, depth);
  }
  if (reader.pos !== end) throw new RangeError('the message ends within a field');
  return values;
}

/** Field number → place; kept, since every record of a topic asks for it. */
const placesByMessage = new WeakMap<ProtobufMessage, ReadonlyMap<number, number>>();

function placesOf(message: ProtobufMessage): ReadonlyMap<number, number> {
  let places = placesByMessage.get(message);
  if (places === undefined) {
    places = new Map(message.fields.map(({ number }, at) => [number, at]));
    placesByMessage.set(message, places);
  }
  return places;
}

function readField(
  field: ProtobufField,
  wireType: number,
  reader: protobuf.Reader,
  before: ProtobufValue,
  depth: number,
): ProtobufValue {
  const { type, shape } = field;
  if (shape === 'map') {
    const [key, value] = readEntry(field, reader, depth);
    return new Map([...(before as ReadonlyMap<ProtobufValue, ProtobufValue>), [key, value]]);
  }
  if (shape === 'single') return readValue(type, reader, depth);
  const all = before as ProtobufValue[];
  // Both forms of repeated numbers are read, whatever the schema says.
  if (wireType === LENGTH_DELIMITED && type.kind !== 'message' && wireTypeOf(type) !== LENGTH_DELIMITED) {
    const length = reader.uint32();
    for (const end = reader.pos + length; reader.pos < end; ) all.push(readValue(type, reader, depth));
  } else all.push(readValue(type, reader, depth));
  return all;
}

function readEntry(field: ProtobufField, reader: protobuf.Reader, depth: number): [ProtobufValue, ProtobufValue] {
  const keyType: ProtobufType = { kind: 'scalar', name: field.keyType ?? 'string' };
  let key = zeroOf(keyType);
  let value = zeroOf(field.type);
  const length = reader.uint32();
  for (const end = reader.pos + length; reader.pos < end; ) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1) key = readValue(keyType, reader, depth);
    else if (tag >>> 3 === 2) value = readValue(field.type, reader, depth);
    else reader.skipType(tag & 7);
  }
  return [key, value];
}

function readValue(type: ProtobufType, reader: protobuf.Reader, depth: number): ProtobufValue {
  if (type.kind === 'message') {
    const length = reader.uint32();
    return readMessage(type.message, reader, reader.pos + length, depth + 1);
  }
  if (type.kind === 'enum') {
    const number = reader.int32();
    return type.symbols.get(number) ?? String(number);
  }
  const value: unknown = reader[type.name]();
  if (SIGNED_64.has(type.name)) return BigInt.asIntN(64, BigInt(String(value)));
  if (UNSIGNED_64.has(type.name)) return BigInt.asUintN(64, BigInt(String(value)));
  return value as ProtobufValue;
}

const wireTypeOf = (type: ProtobufType): number =>
  type.kind === 'message' ? LENGTH_DELIMITED : type.kind === 'enum' ? 0 : WIRE_TYPE[type.name];

function defaultOf(field: ProtobufField): ProtobufValue {
  if (field.shape === 'repeated') return [];
  if (field.shape === 'map') return new Map();
  return field.presence ? null : zeroOf(field.type);
}

function zeroOf(type: ProtobufType): ProtobufValue {
  if (type.kind === 'message') return type.message.fields.map(defaultOf);
  if (type.kind === 'enum') return type.symbols.get(0) ?? '0';
  if (type.name === 'string') return '';
  if (type.name === 'bytes') return new Uint8Array(0);
  if (type.name === 'bool') return false;
  return SIGNED_64.has(type.name) || UNSIGNED_64.has(type.name) ? 0n : 0;
}

/** Null and, where "not set" is no different, default values are left out, as every protobuf library does. */
export function encodeMessage(message: ProtobufMessage, values: readonly ProtobufValue[]): Buffer {
  const writer = protobuf.Writer.create();
  writeMessage(message, values, writer);
  return Buffer.from(writer.finish());
}

function writeMessage(message: ProtobufMessage, values: readonly ProtobufValue[], writer: protobuf.Writer): void {
  const byNumber = message.fields.map((field, at) => ({ field, value: values[at] ?? null }));
  byNumber.sort((left, right) => left.field.number - right.field.number);
  for (const { field, value } of byNumber) if (value !== null) writeField(field, value, writer);
}

function writeField(field: ProtobufField, value: ProtobufValue, writer: protobuf.Writer): void {
  const { type, number } = field;
  if (field.shape === 'map') {
    const keyType: ProtobufType = { kind: 'scalar', name: field.keyType ?? 'string' };
    for (const [key, each] of value as ReadonlyMap<ProtobufValue, ProtobufValue>) {
      writer.uint32(tagOf(number, LENGTH_DELIMITED)).fork();
      writeTagged(1, keyType, key ?? zeroOf(keyType), writer);
      writeTagged(2, type, each ?? zeroOf(type), writer);
      writer.ldelim();
    }
  } else if (field.shape === 'repeated') {
    writeRepeated(field, value as readonly ProtobufValue[], writer);
  } else if (field.presence || !isZero(type, value)) writeTagged(number, type, value, writer);
}

function writeRepeated(
  { number, type, packed }: ProtobufField,
  values: readonly ProtobufValue[],
  writer: protobuf.Writer,
): void {
  if (values.length === 0) return;
  if (!packed || wireTypeOf(type) === LENGTH_DELIMITED) {
    for (const each of values) writeTagged(number, type, each ?? zeroOf(type), writer);
    return;
  }
  writer.uint32(tagOf(number, LENGTH_DELIMITED)).fork();
  for (const each of values) writeValue(type, each ?? zeroOf(type), writer);
  writer.ldelim();
}

function writeTagged(number: number, type: ProtobufType, value: ProtobufValue, writer: protobuf.Writer): void {
  writer.uint32(tagOf(number, wireTypeOf(type)));
  writeValue(type, value, writer);
}

const tagOf = (number: number, wireType: number): number => ((number << 3) | wireType) >>> 0;

function writeValue(type: ProtobufType, value: ProtobufValue, writer: protobuf.Writer): void {
  if (type.kind === 'message') {
    writer.fork();
    writeMessage(type.message, value as readonly ProtobufValue[], writer);
    writer.ldelim();
  } else if (type.kind === 'enum') {
    writer.int32(type.numbers.get(String(value)) ?? Number(value));
  } else if (SIGNED_64.has(type.name) || UNSIGNED_64.has(type.name)) {
    writer[type.name](String(value) as never);
  } else writer[type.name](value as never);
}

function isZero(type: ProtobufType, value: ProtobufValue): boolean {
  if (type.kind === 'enum') return type.numbers.get(String(value)) === 0;
  if (value instanceof Uint8Array) return value.length === 0;
  return value === 0 ? !Object.is(value, -0) : value === 0n || value === '' || value === false;
}
