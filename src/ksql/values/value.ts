import { Decimal } from '../../protocol/decimal.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { byForm } from '../../support/by-form.js';

/** A SQL value; its type is beside it, never in it. */
export type Value = null | boolean | number | bigint | string | Decimal | Uint8Array | readonly Value[] | ValueMap;
export type ValueMap = ReadonlyMap<Value, Value>;

/** What values are that are not null, by the kind of their type. */
export interface ValueForms {
  BOOLEAN: boolean;
  INTEGER: number;
  BIGINT: bigint;
  DOUBLE: number;
  DECIMAL: Decimal;
  STRING: string;
  BYTES: Uint8Array;
  /** Days. */
  DATE: number;
  /** Milliseconds, as TIMESTAMP is. */
  TIME: number;
  TIMESTAMP: number;
  ARRAY: readonly Value[];
  MAP: ValueMap;
  /** In the order of its fields. */
  STRUCT: readonly Value[];
  /** Is resolved before there are values. */
  NAMED: never;
}

export type TypeOf<Kind extends SqlType['kind']> = SqlType & { readonly kind: Kind };

/** A function of the values of one kind: `ofKind(type.kind, (value) => …)` where `type.kind` is known. */
export const ofKind = byForm<Value, ValueForms>();

/** Deep equality of two values of one type. */
export function sameValue(left: Value, right: Value): boolean {
  if (left === right) return true;
  if (left === null || right === null || typeof left !== 'object' || typeof right !== 'object') return false;
  if (left instanceof Decimal) return right instanceof Decimal && left.compare(right) === 0;
  if (left instanceof Uint8Array) return right instanceof Uint8Array && Buffer.compare(left, right) === 0;
  if (Array.isArray(left)) {
    return Array.isArray(right) && left.length === right.length && left.every((each, at) => sameValue(each, right[at]));
  }
  if (left instanceof Map && right instanceof Map) {
    if (left.size !== right.size) return false;
    for (const [key, value] of left) if (!sameValue(value, right.get(key) ?? null)) return false;
    return true;
  }
  return false;
}

/** A key for Maps and Sets: equal exactly for equal values of one type. */
export function identityOf(value: Value): string | number | bigint | boolean | null {
  if (value === null || typeof value !== 'object') return value;
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === 'bigint') return `${each}n`;
    if (each instanceof Uint8Array) return Buffer.from(each).toString('hex');
    if (each instanceof Map) return [...each].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
    return each;
  });
}

/** Order of two values of one ordered type (not ARRAY, MAP, STRUCT). Strings by UTF-16 code units, as Java compares. */
export function compareValues(left: Value, right: Value): number {
  if (left instanceof Decimal && right instanceof Decimal) return left.compare(right);
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right);
  if (left === right) return 0;
  return (left ?? 0) < (right ?? 0) ? -1 : (left ?? 0) > (right ?? 0) ? 1 : 0;
}
