import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { MalformedFrame } from './malformed.js';

/**
 * A value of a field table with its wire type, so that what came in goes out unchanged. The types bear the names that
 * RabbitMQ uses in its error texts; the letters are RabbitMQ's too (its errata: `l` and `s` have a sign, `x` is bytes).
 */
export type FieldValue =
  | { readonly type: 'bool'; readonly value: boolean }
  | {
      readonly type:
        | 'byte'
        | 'unsignedbyte'
        | 'short'
        | 'unsignedshort'
        | 'signedint'
        | 'unsignedint'
        | 'float'
        | 'double';
      readonly value: number;
    }
  | { readonly type: 'long' | 'timestamp'; readonly value: bigint }
  | { readonly type: 'decimal'; readonly value: { readonly scale: number; readonly unscaled: number } }
  | { readonly type: 'longstr'; readonly value: string }
  | { readonly type: 'binary'; readonly value: Buffer }
  | { readonly type: 'array'; readonly value: readonly FieldValue[] }
  | { readonly type: 'table'; readonly value: FieldTable }
  | { readonly type: 'void'; readonly value: null };

export type FieldTable = ReadonlyMap<string, FieldValue>;

export const EMPTY_TABLE: FieldTable = new Map();

/** Tables within tables: a frame of nothing else would overflow the stack. */
const DEPTH_MAX = 100;

const LETTERS: Readonly<Record<FieldValue['type'], string>> = {
  bool: 't',
  byte: 'b',
  unsignedbyte: 'B',
  short: 's',
  unsignedshort: 'u',
  signedint: 'I',
  unsignedint: 'i',
  long: 'l',
  float: 'f',
  double: 'd',
  decimal: 'D',
  longstr: 'S',
  binary: 'x',
  array: 'A',
  timestamp: 'T',
  table: 'F',
  void: 'V',
};

export function readTable(reader: ByteReader, depth = 0): FieldTable {
  if (depth > DEPTH_MAX) throw new MalformedFrame(`tables nested deeper than ${DEPTH_MAX}`);
  const bytes = reader.longstr();
  if (bytes.length === 0) return EMPTY_TABLE;
  const inside = new ByteReader(bytes);
  const table = new Map<string, FieldValue>();
  while (inside.left > 0) {
    const name = inside.shortstr();
    table.set(name, readValue(inside, depth));
  }
  return table;
}

function readValue(reader: ByteReader, depth: number): FieldValue {
  const letter = String.fromCharCode(reader.octet());
  switch (letter) {
    case 't':
      return { type: 'bool', value: reader.octet() !== 0 };
    case 'b':
      return { type: 'byte', value: reader.raw(1).readInt8() };
    case 'B':
      return { type: 'unsignedbyte', value: reader.octet() };
    case 's':
      return { type: 'short', value: reader.raw(2).readInt16BE() };
    case 'u':
      return { type: 'unsignedshort', value: reader.short() };
    case 'I':
      return { type: 'signedint', value: reader.raw(4).readInt32BE() };
    case 'i':
      return { type: 'unsignedint', value: reader.long() };
    case 'l':
    case 'L': // kombu and rabbitmq-c write it; RabbitMQ reads both with a sign
      return { type: 'long', value: reader.raw(8).readBigInt64BE() };
    case 'f':
      return { type: 'float', value: reader.raw(4).readFloatBE() };
    case 'd':
      return { type: 'double', value: reader.raw(8).readDoubleBE() };
    case 'D':
      return { type: 'decimal', value: { scale: reader.octet(), unscaled: reader.long() } };
    case 'S':
      return readText(reader.longstr());
    case 'x':
      return { type: 'binary', value: Buffer.from(reader.longstr()) };
    case 'A':
      return { type: 'array', value: readArray(reader, depth + 1) };
    case 'T':
      return { type: 'timestamp', value: reader.raw(8).readBigUInt64BE() };
    case 'F':
      return { type: 'table', value: readTable(reader, depth + 1) };
    case 'V':
      return { type: 'void', value: null };
    default:
      throw new MalformedFrame(`a table has no values of type '${letter}'`);
  }
}

/** Python's clients send byte strings as long strings: what is not UTF-8 stays bytes. */
function readText(bytes: Buffer): FieldValue {
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') && !bytes.equals(Buffer.from(text))
    ? { type: 'binary', value: Buffer.from(bytes) }
    : { type: 'longstr', value: text };
}

function readArray(reader: ByteReader, depth: number): readonly FieldValue[] {
  if (depth > DEPTH_MAX) throw new MalformedFrame(`arrays nested deeper than ${DEPTH_MAX}`);
  const inside = new ByteReader(reader.longstr());
  const values: FieldValue[] = [];
  while (inside.left > 0) values.push(readValue(inside, depth));
  return values;
}

export function writeTable(writer: ByteWriter, table: FieldTable): void {
  const start = writer.skip(4);
  for (const [name, value] of table) {
    writer.shortstr(name);
    writeValue(writer, value);
  }
  writer.patchLong(start, writer.at - start - 4);
}

function writeValue(writer: ByteWriter, field: FieldValue): void {
  writer.octet(LETTERS[field.type].charCodeAt(0));
  switch (field.type) {
    case 'bool':
      writer.octet(field.value ? 1 : 0);
      break;
    case 'byte':
    case 'unsignedbyte':
      writer.octet(field.value & 0xff);
      break;
    case 'short':
    case 'unsignedshort':
      writer.short(field.value & 0xffff);
      break;
    case 'signedint':
    case 'unsignedint':
      writer.long(field.value >>> 0);
      break;
    case 'long':
    case 'timestamp': {
      const bytes = Buffer.allocUnsafe(8);
      bytes.writeBigUInt64BE(BigInt.asUintN(64, field.value));
      writer.raw(bytes);
      break;
    }
    case 'float':
    case 'double': {
      const bytes = Buffer.allocUnsafe(field.type === 'float' ? 4 : 8);
      if (field.type === 'float') bytes.writeFloatBE(field.value);
      else bytes.writeDoubleBE(field.value);
      writer.raw(bytes);
      break;
    }
    case 'decimal':
      writer.octet(field.value.scale);
      writer.long(field.value.unscaled);
      break;
    case 'longstr':
      writer.longstr(Buffer.from(field.value));
      break;
    case 'binary':
      writer.longstr(field.value);
      break;
    case 'array': {
      const start = writer.skip(4);
      for (const item of field.value) writeValue(writer, item);
      writer.patchLong(start, writer.at - start - 4);
      break;
    }
    case 'table':
      writeTable(writer, field.value);
      break;
    case 'void':
      break;
  }
}

export function decodeTable(bytes: Buffer): FieldTable {
  return readTable(new ByteReader(bytes));
}

export function encodeTable(table: FieldTable): Buffer {
  const writer = new ByteWriter();
  writeTable(writer, table);
  return writer.take();
}

/** Text as a long string. */
export const longstr = (value: string): FieldValue => ({ type: 'longstr', value });

/** The integer that a value is, whatever its wire type; undefined for everything else. */
export function integerOf(field: FieldValue | undefined): number | undefined {
  switch (field?.type) {
    case 'byte':
    case 'unsignedbyte':
    case 'short':
    case 'unsignedshort':
    case 'signedint':
    case 'unsignedint':
      return field.value;
    case 'long':
      return Number(field.value);
    default:
      return undefined;
  }
}

export const textOf = (field: FieldValue | undefined): string | undefined =>
  field?.type === 'longstr' ? field.value : undefined;
