import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import { type FieldTable, readTable, writeTable } from './field-table.js';

interface TypeValues {
  readonly octet: number;
  readonly short: number;
  readonly long: number;
  readonly longlong: number;
  readonly shortstr: string;
  readonly longstr: Buffer;
  readonly table: FieldTable;
  readonly bit: boolean;
}

type FieldType = keyof TypeValues;
export type Fields = Readonly<Record<string, FieldType>>;

/** A method's arguments by name. */
export type Args<F extends Fields = Fields> = { readonly [Name in keyof F]: TypeValues[F[Name]] };

/** One of the protocol's methods: its numbers, and its arguments in the order of the wire. */
export interface Method<F extends Fields = Fields> {
  /** As in the specification: `queue.declare`. */
  readonly name: string;
  readonly classId: number;
  readonly methodId: number;
  readonly fields: F;
  /** A content header and body follow. */
  readonly content: boolean;
}

export function defineMethod<const F extends Fields>(
  name: string,
  classId: number,
  methodId: number,
  fields: F,
  content = false,
): Method<F> {
  return { name, classId, methodId, fields, content };
}

/** Reads the arguments; adjacent bits share an octet, the first in its lowest bit. */
export function readArgs<F extends Fields>(method: Method<F>, reader: ByteReader): Args<F> {
  const args: Record<string, TypeValues[FieldType]> = {};
  let bits = 0;
  let bit = 8;
  for (const name in method.fields) {
    const type = method.fields[name] as FieldType;
    if (type === 'bit') {
      if (bit === 8) {
        bits = reader.octet();
        bit = 0;
      }
      args[name] = (bits & (1 << bit)) !== 0;
      bit++;
      continue;
    }
    bit = 8;
    args[name] = type === 'table' ? readTable(reader) : reader[type]();
  }
  return args as Args<F>;
}

export function writeArgs<F extends Fields>(writer: ByteWriter, method: Method<F>, args: Args<F>): void {
  let bits = 0;
  let bit = 0;
  for (const name in method.fields) {
    const type = method.fields[name] as FieldType;
    const value = args[name] as TypeValues[FieldType];
    if (type === 'bit') {
      if (value) bits |= 1 << bit;
      if (++bit === 8) {
        writer.octet(bits);
        bits = bit = 0;
      }
      continue;
    }
    if (bit > 0) {
      writer.octet(bits);
      bits = bit = 0;
    }
    writeField(writer, type, value);
  }
  if (bit > 0) writer.octet(bits);
}

function writeField(writer: ByteWriter, type: Exclude<FieldType, 'bit'>, value: TypeValues[FieldType]): void {
  if (type === 'table') writeTable(writer, value as FieldTable);
  else if (type === 'shortstr') writer.shortstr(value as string);
  else if (type === 'longstr') writer.longstr(value as Buffer);
  else writer[type](value as number);
}
