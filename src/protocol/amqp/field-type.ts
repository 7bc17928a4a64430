import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import { type FieldTable, readTable, writeTable } from './field-table.js';

/** A type of arguments and properties, but for bits, which share octets. */
interface FieldType {
  read(reader: ByteReader): number | string | Buffer | FieldTable;
  /** A method, so that each type may take its own values: who defines a method or property says which type its values are of. */
  write(writer: ByteWriter, value: unknown): void;
}

const TYPES = {
  octet: { read: (reader) => reader.octet(), write: (writer, value: number) => writer.octet(value) },
  short: { read: (reader) => reader.short(), write: (writer, value: number) => writer.short(value) },
  long: { read: (reader) => reader.long(), write: (writer, value: number) => writer.long(value) },
  longlong: { read: (reader) => reader.longlong(), write: (writer, value: number) => writer.longlong(value) },
  shortstr: { read: (reader) => reader.shortstr(), write: (writer, value: string) => writer.shortstr(value) },
  longstr: { read: (reader) => reader.longstr(), write: (writer, value: Buffer) => writer.longstr(value) },
  table: { read: (reader) => readTable(reader), write: (writer, value: FieldTable) => writeTable(writer, value) },
} satisfies Readonly<Record<string, FieldType>>;

/** As the specification calls it. */
export type FieldTypeName = keyof typeof TYPES;

export type ValueOf<Name extends FieldTypeName> = ReturnType<(typeof TYPES)[Name]['read']>;

export const FIELD_TYPES: Readonly<Record<FieldTypeName, FieldType>> = TYPES;
