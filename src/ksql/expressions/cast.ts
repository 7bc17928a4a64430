import { Decimal } from '../../protocol/decimal.js';
import { javaDouble } from '../../protocol/java-number.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { formatType } from '../../protocol/ksql/types.js';
import { StatementError } from '../statement-error.js';
import { formatDate, formatTime, formatTimestamp, parseDate, parseTime, parseTimestamp } from '../values/temporal.js';
import type { Value } from '../values/value.js';
import { toDecimal, toDouble, widening } from './types.js';

const INT_MAX = 2_147_483_647;
const WHOLE = /^[+-]?\d+$/;

/** CAST: throws where a value cannot be converted, which makes the column null, as any failing expression does. */
export function castTo(from: SqlType | undefined, to: SqlType): (value: Value) => Value {
  if (from === undefined) return () => null;
  const convert = widening(from, to) ?? caster(from, to);
  if (convert === undefined) {
    throw new StatementError(`Cast of ${formatType(from)} to ${formatType(to)} is not supported`);
  }
  return (value) => (value === null ? null : convert(value));
}

function caster(from: SqlType, to: SqlType): ((value: Value) => Value) | undefined {
  if (to.kind === 'STRING') return (value) => textOf(value, from);
  if (from.kind === 'STRING') return fromText(to);
  if (to.kind === 'DECIMAL' && isNumber(from)) return (value) => fitDecimal(toDecimal(value), to.precision, to.scale);
  if (isNumber(from)) {
    if (to.kind === 'INTEGER') return (value) => toInteger(value);
    if (to.kind === 'BIGINT') return (value) => toBigInt(value);
    if (to.kind === 'DOUBLE') return toDouble;
  }
  if (from.kind === 'TIMESTAMP' && to.kind === 'DATE') return (value) => Math.floor((value as number) / 86_400_000);
  if (from.kind === 'TIMESTAMP' && to.kind === 'TIME') {
    return (value) => (((value as number) % 86_400_000) + 86_400_000) % 86_400_000;
  }
  if (from.kind === 'DATE' && to.kind === 'TIMESTAMP') return (value) => (value as number) * 86_400_000;
  if (from.kind === 'ARRAY' && to.kind === 'ARRAY') {
    const element = castTo(from.element, to.element);
    return (value) => (value as readonly Value[]).map(element);
  }
  if (from.kind === 'MAP' && to.kind === 'MAP') {
    const [key, each] = [castTo(from.key, to.key), castTo(from.value, to.value)];
    return (value) => new Map([...(value as ReadonlyMap<Value, Value>)].map(([k, v]) => [key(k), each(v)]));
  }
  if (from.kind === 'STRUCT' && to.kind === 'STRUCT') {
    const fields = to.fields.map((field) => {
      const at = from.fields.findIndex(({ name }) => name === field.name);
      const source = from.fields[at];
      if (source === undefined) return () => null;
      const convert = castTo(source.type, field.type);
      return (struct: readonly Value[]) => convert(struct[at] ?? null);
    });
    return (value) => fields.map((field) => field(value as readonly Value[]));
  }
  return undefined;
}

const isNumber = (type: SqlType): boolean => ['INTEGER', 'BIGINT', 'DOUBLE', 'DECIMAL'].includes(type.kind);

/** Throws where the whole part has more digits than the type. */
export function fitDecimal(value: Decimal, precision: number, scale: number): Decimal {
  const scaled = value.toScale(scale);
  if (scaled.unscaled !== 0n && scaled.precision > precision) {
    throw new RangeError(
      `Numeric field overflow: A field with precision ${precision} and scale ${scale} must round to an absolute value less than 10^${precision - scale}. Got ${value}`,
    );
  }
  return scaled;
}

/** For what is read: a record's decimal is never rounded. Throws where it has more digits behind the point than the type. */
export function exactDecimal(value: Decimal, precision: number, scale: number): Decimal {
  const fitted = fitDecimal(value, precision, scale);
  if (fitted.toScale(Math.max(value.scale, scale)).unscaled === value.toScale(Math.max(value.scale, scale)).unscaled) {
    return fitted;
  }
  throw new RangeError(
    `Cannot fit decimal '${value}' into DECIMAL(${precision}, ${scale}) without rounding. (Requires ${value.precision},${value.scale})`,
  );
}

/** Towards zero, kept to 32 bits as Java's intValue does. */
function toInteger(value: Value): number {
  if (value instanceof Decimal) return Number(BigInt.asIntN(32, value.toBigInt()));
  if (typeof value === 'bigint') return Number(BigInt.asIntN(32, value));
  const number = Math.trunc(value as number);
  return Number.isNaN(number) ? 0 : Math.max(-INT_MAX - 1, Math.min(INT_MAX, number));
}

export function toBigInt(value: Value): bigint {
  if (value instanceof Decimal) return BigInt.asIntN(64, value.toBigInt());
  if (typeof value === 'bigint') return value;
  const number = Math.trunc(value as number);
  if (Number.isNaN(number)) return 0n;
  if (number >= 2 ** 63) return 2n ** 63n - 1n;
  return number <= -(2 ** 63) ? -(2n ** 63n) : BigInt(number);
}

function fromText(to: SqlType): ((value: Value) => Value) | undefined {
  switch (to.kind) {
    case 'INTEGER':
      return (value) => Number(parseWhole(value as string, 32));
    case 'BIGINT':
      return (value) => parseWhole(value as string, 64);
    case 'DOUBLE':
      return (value) => parseDouble(value as string);
    case 'DECIMAL':
      return (value) => {
        const parsed = Decimal.parse(value as string);
        if (parsed === undefined) throw new RangeError(`${String(value)} is not a number`);
        return fitDecimal(parsed, to.precision, to.scale);
      };
    case 'BOOLEAN':
      return (value) =>
        ['true', 'yes', 't', 'y'].some((word) => word.startsWith((value as string).toLowerCase()) && value !== '') ||
        /^(tr|tru|ye)$/i.test(value as string);
    case 'DATE':
      return (value) => parseDate(value as string);
    case 'TIME':
      return (value) => parseTime(value as string);
    case 'TIMESTAMP':
      return (value) => parseTimestamp(value as string);
    default:
      return undefined;
  }
}

export function parseWhole(text: string, bits: 32 | 64): bigint {
  const trimmed = text.trim();
  if (!WHOLE.test(trimmed)) throw new RangeError(`${text} is not a whole number`);
  const value = BigInt(trimmed.replace(/^\+/, ''));
  if (BigInt.asIntN(bits, value) !== value) throw new RangeError(`${text} does not fit into ${bits} bits`);
  return value;
}

export function parseDouble(text: string): number {
  const trimmed = text.trim();
  if (trimmed === 'NaN') return Number.NaN;
  const infinite = /^([+-]?)Infinity$/.exec(trimmed);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?$/.test(trimmed)) throw new RangeError(`${text} is not a number`);
  return Number(trimmed.replace(/[dDfF]$/, ''));
}

/** A value as CAST(… AS STRING) shows it: Java's forms inside arrays, maps and structs. */
export function textOf(value: Value, type: SqlType): string {
  if (value === null) return 'null';
  switch (type.kind) {
    case 'DOUBLE':
      return javaDouble(value as number);
    case 'TIMESTAMP':
      return formatTimestamp(value as number);
    case 'DATE':
      return formatDate(value as number);
    case 'TIME':
      return formatTime(value as number);
    case 'BYTES':
      return Buffer.from(value as Uint8Array).toString('base64');
    case 'ARRAY':
      return `[${(value as readonly Value[]).map((each) => textOf(each, type.element)).join(', ')}]`;
    case 'MAP': {
      const entries = [...(value as ReadonlyMap<Value, Value>)];
      return `{${entries.map(([key, each]) => `${textOf(key, type.key)}=${textOf(each, type.value)}`).join(', ')}}`;
    }
    case 'STRUCT': {
      const struct = value as readonly Value[];
      const fields = type.fields
        .map((field, at) => ({ field, each: struct[at] ?? null }))
        .filter(({ each }) => each !== null);
      return `Struct{${fields.map(({ field, each }) => `${field.name}=${textOf(each, field.type)}`).join(',')}}`;
    }
    default:
      return String(value);
  }
}
