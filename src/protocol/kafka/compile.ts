import { MalformedMessage } from './malformed.js';
import { present, type Reader } from './reader.js';
import { type Field, type Fields, type FieldType, includes, type Primitive, ZERO_UUID } from './schema.js';
import { type RecordBytes, Writer } from './writer.js';

export type Read = Codec['read'];
export type Write = Codec['write'];
type Values = Record<string, unknown>;

interface Shape {
  readonly version: number;
  readonly flexible: boolean;
}

/** How one type is read and written in one version, and the value it has where the version lacks it. */
interface Codec {
  read(reader: Reader): unknown;
  /** A method, so that the codec of a type may take what values of that type are: the tables see to it that it gets no others. */
  write(writer: Writer, value: unknown): void;
  absent(): unknown;
}

interface CompiledField {
  readonly name: string;
  readonly codec: Codec;
  readonly tag: number | undefined;
  readonly absent: () => unknown;
}

/** Makes the reader and writer of a struct in one version; done once per message and version, on first use. */
export function compileStruct(fields: Fields, version: number, flexible: boolean): Codec {
  const shape = { version, flexible };
  const present: CompiledField[] = [];
  const missing: CompiledField[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const compiled = compileField(name, field, shape);
    if (includes(field.versions, version)) present.push(compiled);
    else missing.push(compiled);
  }
  const plain = present.filter((field) => field.tag === undefined);
  const tagged = present.filter((field) => field.tag !== undefined).sort((a, b) => (a.tag ?? 0) - (b.tag ?? 0));
  const absent = (): Values => Object.fromEntries([...present, ...missing].map((f) => [f.name, f.absent()]));
  return {
    read: structReader(plain, tagged, missing, flexible),
    write: structWriter(plain, tagged, flexible),
    absent,
  };
}

function structReader(
  plain: readonly CompiledField[],
  tagged: readonly CompiledField[],
  missing: readonly CompiledField[],
  flexible: boolean,
): Read {
  const defaulted = [...tagged, ...missing];
  return (reader) => {
    const value: Values = {};
    for (const { name, codec } of plain) value[name] = codec.read(reader);
    for (const { name, absent } of defaulted) value[name] = absent();
    if (flexible) readTagged(reader, tagged, value);
    return value;
  };
}

/** Tags that this table doesn't know are skipped: that is what they are for (KIP-482). */
function readTagged(reader: Reader, tagged: readonly CompiledField[], value: Values): void {
  for (let left = reader.unsignedVarint(); left > 0; left--) {
    const tag = reader.unsignedVarint();
    const size = reader.unsignedVarint();
    const start = reader.at;
    const field = tagged.find((candidate) => candidate.tag === tag);
    if (field === undefined) {
      reader.slice(size);
      continue;
    }
    value[field.name] = field.codec.read(reader);
    if (reader.at - start !== size) throw new MalformedMessage(`tagged field ${field.name} is not ${size} bytes long`);
  }
}

function structWriter(plain: readonly CompiledField[], tagged: readonly CompiledField[], flexible: boolean): Write {
  return (writer, values: Values) => {
    for (const { name, codec, absent } of plain) {
      const given = values[name];
      codec.write(writer, given === undefined ? absent() : given);
    }
    if (flexible) writeTagged(writer, tagged, values);
  };
}

/** A tagged field is left out where it has its default, a struct where all its fields have theirs. */
function writeTagged(writer: Writer, tagged: readonly CompiledField[], values: Values): void {
  let count = 0;
  for (const { name, absent } of tagged) if (isGiven(values[name], absent)) count++;
  writer.unsignedVarint(count);
  if (count === 0) return;
  for (const { name, tag, codec, absent } of tagged) {
    if (!isGiven(values[name], absent)) continue;
    const field = new Writer(64);
    codec.write(field, values[name]);
    writer.unsignedVarint(tag ?? 0);
    writer.unsignedVarint(field.length);
    for (const part of field.finish()) writer.raw(part);
  }
}

function isGiven(value: unknown, absent: () => unknown): boolean {
  if (value === undefined) return false;
  if (Array.isArray(value)) return value.length > 0;
  const fallback = absent();
  if (typeof value !== 'object' || value === null || typeof fallback !== 'object' || fallback === null) {
    return value !== fallback;
  }
  const fields = value as Values;
  return Object.entries(fallback).some(([name, own]) => fields[name] !== undefined && fields[name] !== own);
}

function compileField(name: string, field: Field<unknown, unknown>, shape: Shape): CompiledField {
  const { nullable, tagged, tag } = field.options;
  const canBeNull = nullable !== undefined && includes(nullable, shape.version);
  const isTagged = tagged !== undefined && includes(tagged, shape.version);
  const codec = compileType(field.type, shape, canBeNull, isTagged);
  const fixed = field.options.default;
  const absent = fixed === undefined ? codec.absent : () => fixed;
  return { name, codec, tag: isTagged ? tag : undefined, absent };
}

function compileType(type: FieldType, shape: Shape, canBeNull: boolean, isTagged = false): Codec {
  if (type.kind === 'primitive') return primitives(shape.flexible, canBeNull)[type.primitive];
  if (type.kind === 'list') return compileList(type.element, shape, canBeNull);
  const codec = compileStruct(type.fields, shape.version, shape.flexible);
  return canBeNull ? nullableStruct(codec, isTagged ? 0 : -1) : codec;
}

/** A struct that may be null is preceded by a byte (KIP-893), which is 1 unless it is null; `none` otherwise. */
function nullableStruct(codec: Codec, none: 0 | -1): Codec {
  return {
    read: (reader) => (reader.int8() <= none ? null : codec.read(reader)),
    write: (writer, value) => {
      writer.int8(value === null ? none : 1);
      if (value !== null) codec.write(writer, value);
    },
    absent: codec.absent,
  };
}

function compileList(element: FieldType, shape: Shape, canBeNull: boolean): Codec {
  const { read, write } = compileType(element, shape, false);
  const { flexible } = shape;
  return {
    read: (reader) => {
      const length = reader.arrayLength(flexible);
      if (length < 0) {
        if (!canBeNull) throw new MalformedMessage('null where a list must be');
        return null;
      }
      const values: unknown[] = [];
      for (let left = length; left > 0; left--) values.push(read(reader));
      return values;
    },
    write: (writer, values: readonly unknown[] | null) => {
      if (values === null) {
        writer.arrayLength(-1, flexible);
        return;
      }
      writer.arrayLength(values.length, flexible);
      for (const one of values) write(writer, one);
    },
    absent: () => [],
  };
}

const zero = () => 0;
const EMPTY = Buffer.alloc(0);

function primitives(flexible: boolean, canBeNull: boolean): Record<Primitive, Codec> {
  const texts: Codec = {
    read: flexible
      ? canBeNull
        ? (r) => r.nullableCompactString()
        : (r) => r.compactString()
      : canBeNull
        ? (r) => r.nullableString()
        : (r) => r.string(),
    write: flexible ? (w, v: string | null) => w.compactString(v) : (w, v: string | null) => w.string(v),
    absent: () => '',
  };
  const readBytes = flexible ? (r: Reader) => r.nullableCompactBytes() : (r: Reader) => r.nullableBytes();
  const writeBytes: Write = flexible
    ? (w, v: RecordBytes | null) => w.compactBytes(v)
    : (w, v: RecordBytes | null) => w.bytes(v);
  const readPresent: Read = canBeNull ? readBytes : (r) => present(readBytes(r));
  return {
    bool: { read: (r) => r.bool(), write: (w, v: boolean) => w.bool(v), absent: () => false },
    int8: { read: (r) => r.int8(), write: (w, v: number) => w.int8(v), absent: zero },
    int16: { read: (r) => r.int16(), write: (w, v: number) => w.int16(v), absent: zero },
    uint16: { read: (r) => r.uint16(), write: (w, v: number) => w.uint16(v), absent: zero },
    int32: { read: (r) => r.int32(), write: (w, v: number) => w.int32(v), absent: zero },
    uint32: { read: (r) => r.uint32(), write: (w, v: number) => w.uint32(v), absent: zero },
    int64: { read: (r) => r.int64(), write: (w, v: bigint) => w.int64(v), absent: () => 0n },
    float64: { read: (r) => r.float64(), write: (w, v: number) => w.float64(v), absent: zero },
    uuid: { read: (r) => r.uuid(), write: (w, v: string) => w.uuid(v), absent: () => ZERO_UUID },
    string: texts,
    bytes: { read: readPresent, write: writeBytes, absent: () => EMPTY },
    records: { read: readPresent, write: writeBytes, absent: () => (canBeNull ? null : EMPTY) },
  };
}
