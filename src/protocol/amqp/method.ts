import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import { FIELD_TYPES, type FieldTypeName, type ValueOf } from './field-type.js';

type FieldType = FieldTypeName | 'bit';
type Value<Type extends FieldType> = Type extends FieldTypeName ? ValueOf<Type> : boolean;

export type Fields = Readonly<Record<string, FieldType>>;

/** A method's arguments by name. */
export type Args<F extends Fields = Fields> = { readonly [Name in keyof F]: Value<F[Name]> };

/** One of the protocol's methods: its numbers, and its arguments in the order of the wire. */
export interface Method<F extends Fields = Fields> {
  /** As in the specification: `queue.declare`. */
  readonly name: string;
  readonly classId: number;
  readonly methodId: number;
  readonly fields: F;
  /** The same as a list, which is gone through for every frame. */
  readonly fieldList: ReadonlyArray<readonly [name: string, type: FieldType]>;
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
  return { name, classId, methodId, fields, fieldList: Object.entries(fields), content };
}

/** Reads the arguments; adjacent bits share an octet, the first in its lowest bit. */
export function readArgs<F extends Fields>(method: Method<F>, reader: ByteReader): Args<F> {
  const args: Record<string, Value<FieldType>> = {};
  let bits = 0;
  let bit = 8;
  for (const [name, type] of method.fieldList) {
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
    args[name] = FIELD_TYPES[type].read(reader);
  }
  return args as Args<F>;
}

export function writeArgs<F extends Fields>(writer: ByteWriter, method: Method<F>, args: Args<F>): void {
  let bits = 0;
  let bit = 0;
  for (const [name, type] of method.fieldList) {
    const value = args[name];
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
    FIELD_TYPES[type].write(writer, value);
  }
  if (bit > 0) writer.octet(bits);
}
