import { Decimal } from '../../protocol/decimal.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { formatType, sameType } from '../../protocol/ksql/types.js';
import { ofKind, type TypeOf, type Value, type ValueForms } from '../values/value.js';

export const BOOLEAN: SqlType = { kind: 'BOOLEAN' };
export const INTEGER: SqlType = { kind: 'INTEGER' };
export const BIGINT: SqlType = { kind: 'BIGINT' };
export const DOUBLE: SqlType = { kind: 'DOUBLE' };
export const STRING: SqlType = { kind: 'STRING' };
export const decimal = (precision: number, scale: number): SqlType => ({ kind: 'DECIMAL', precision, scale });
export const arrayOf = (element: SqlType): SqlType => ({ kind: 'ARRAY', element });
export const mapOf = (key: SqlType, value: SqlType): SqlType => ({ kind: 'MAP', key, value });

type NumericKind = 'INTEGER' | 'BIGINT' | 'DECIMAL' | 'DOUBLE';
export type Numeric = ValueForms[NumericKind];

const RANK: Partial<Record<SqlType['kind'], number>> & Record<NumericKind, number> = {
  INTEGER: 1,
  BIGINT: 2,
  DECIMAL: 3,
  DOUBLE: 4,
};

export const isNumeric = (type: SqlType): type is TypeOf<NumericKind> => RANK[type.kind] !== undefined;

/** The decimal that holds every value of a numeric type that is no double. */
export function asDecimalType(type: SqlType): { precision: number; scale: number } {
  if (type.kind === 'DECIMAL') return type;
  return type.kind === 'INTEGER' ? { precision: 10, scale: 0 } : { precision: 19, scale: 0 };
}

/** The narrowest type that both convert to without a cast; undefined where there is none. An undefined type is that of NULL. */
export function commonType(left: SqlType | undefined, right: SqlType | undefined): SqlType | undefined {
  if (left === undefined) return right;
  if (right === undefined || sameType(left, right)) return left;
  const [leftRank, rightRank] = [RANK[left.kind], RANK[right.kind]];
  if (leftRank !== undefined && rightRank !== undefined) {
    if (left.kind === 'DOUBLE' || right.kind === 'DOUBLE') return DOUBLE;
    if (left.kind !== 'DECIMAL' && right.kind !== 'DECIMAL') return leftRank > rightRank ? left : right;
    const [a, b] = [asDecimalType(left), asDecimalType(right)];
    const scale = Math.max(a.scale, b.scale);
    return decimal(Math.max(a.precision - a.scale, b.precision - b.scale) + scale, scale);
  }
  if (left.kind === 'ARRAY' && right.kind === 'ARRAY') {
    const element = commonType(left.element, right.element);
    return element === undefined ? undefined : arrayOf(element);
  }
  if (left.kind === 'MAP' && right.kind === 'MAP') {
    const key = commonType(left.key, right.key);
    const value = commonType(left.value, right.value);
    return key === undefined || value === undefined ? undefined : mapOf(key, value);
  }
  if (left.kind === 'STRUCT' && right.kind === 'STRUCT') return commonStruct(left, right);
  return undefined;
}

function commonStruct(
  left: Extract<SqlType, { kind: 'STRUCT' }>,
  right: Extract<SqlType, { kind: 'STRUCT' }>,
): SqlType | undefined {
  const fields = [...left.fields];
  for (const field of right.fields) {
    const at = fields.findIndex(({ name }) => name === field.name);
    const type = at === -1 ? field.type : commonType(fields[at]?.type, field.type);
    if (type === undefined) return undefined;
    if (at === -1) fields.push(field);
    else fields[at] = { name: field.name, type };
  }
  return { kind: 'STRUCT', fields };
}

/** How a value of one type becomes one of another; undefined where it does not. */
export type Conversion = (from: SqlType, to: SqlType) => ((value: Value) => Value) | undefined;

/** Converts without loss from a type to one that it widens to; undefined where no implicit conversion exists. */
export const widening: Conversion = (from, to) => {
  if (sameType(from, to)) return (value) => value;
  if (isNumeric(from) && isNumeric(to) && RANK[from.kind] <= RANK[to.kind]) return numericWidening(from, to);
  return convertedWithin(from, to, widening);
};

/** Arrays, maps and structs, by a conversion of what is in them. */
export function convertedWithin(
  from: SqlType,
  to: SqlType,
  conversion: Conversion,
): ((value: Value) => Value) | undefined {
  if (from.kind === 'ARRAY' && to.kind === 'ARRAY') {
    const element = conversion(from.element, to.element);
    return element && nullable(ofKind(from.kind, (value) => value.map(nullable(element))));
  }
  if (from.kind === 'MAP' && to.kind === 'MAP') {
    const [key, each] = [conversion(from.key, to.key), conversion(from.value, to.value)];
    if (key === undefined || each === undefined) return undefined;
    const [widenKey, widenEach] = [nullable(key), nullable(each)];
    return nullable(ofKind(from.kind, (map) => new Map([...map].map(([k, v]) => [widenKey(k), widenEach(v)]))));
  }
  if (from.kind === 'STRUCT' && to.kind === 'STRUCT') return convertedStruct(from, to, conversion);
  return undefined;
}

const nullable =
  (convert: (value: Value) => Value) =>
  (value: Value): Value =>
    value === null ? null : convert(value);

function convertedStruct(
  from: Extract<SqlType, { kind: 'STRUCT' }>,
  to: Extract<SqlType, { kind: 'STRUCT' }>,
  conversion: Conversion,
): ((value: Value) => Value) | undefined {
  const fields: Array<((struct: readonly Value[]) => Value) | undefined> = to.fields.map((field) => {
    const at = from.fields.findIndex(({ name }) => name === field.name);
    const source = from.fields[at];
    if (source === undefined) return () => null;
    const convert = conversion(source.type, field.type);
    return convert && ((struct) => nullable(convert)(struct[at] ?? null));
  });
  if (fields.some((field) => field === undefined)) return undefined;
  if (from.fields.some(({ name }) => !to.fields.some((field) => field.name === name))) return undefined;
  return nullable(ofKind(from.kind, (struct) => fields.map((field) => field?.(struct) ?? null)));
}

function numericWidening(from: TypeOf<NumericKind>, to: TypeOf<NumericKind>): ((value: Value) => Value) | undefined {
  if (to.kind === 'BIGINT') return nullable(ofKind('INTEGER', BigInt));
  if (to.kind === 'DOUBLE') return nullable(toDouble);
  if (to.kind === 'DECIMAL') {
    const source = asDecimalType(from);
    const fits = source.precision - source.scale <= to.precision - to.scale && source.scale <= to.scale;
    if (!fits && from.kind === 'DECIMAL') return undefined;
    return nullable(ofKind(from.kind, (value) => toDecimal(value).toScale(to.scale)));
  }
  return undefined;
}

export function toDouble(value: Value): number {
  return value instanceof Decimal ? value.toNumber() : Number(value);
}

export function toDecimal(value: Numeric): Decimal {
  if (value instanceof Decimal) return value;
  if (typeof value === 'bigint') return new Decimal(value, 0);
  const parsed = Decimal.fromNumber(value);
  if (parsed === undefined) throw new RangeError(`${String(value)} is not a decimal number`);
  return parsed;
}

export function describeType(type: SqlType | undefined): string {
  if (type === undefined) return 'NULL';
  return type.kind === 'NAMED' ? type.name : formatType(type);
}
