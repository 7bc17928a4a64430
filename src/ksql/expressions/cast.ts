import { Decimal } from '../../protocol/decimal.js';
import { javaDouble } from '../../protocol/java-number.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { formatType, sameType } from '../../protocol/ksql/types.js';
import { StatementError } from '../statement-error.js';
import { formatDate, formatTime, formatTimestamp, parseDate, parseTime, parseTimestamp } from '../values/temporal.js';
import { ofKind, type Value } from '../values/value.js';
import { isNumeric, type Numeric, toDecimal, toDouble, widening } from './types.js';

const INT_MAX = 2_147_483_647;
const DAY_MS = 86_400_000;
const WHOLE = /^[+-]?\d+$/;

/** CAST: throws where a value cannot be converted, which makes the column null, as any failing expression does. */
export function castTo(from: SqlType | undefined, to: SqlType): (value: Value) => Value {
  if (from === undefined) return () => null;
  const convert = toFitting(from, to) ?? widening(from, to) ?? caster(from, to);
  if (convert === undefined) {
    throw new StatementError(`Cast of ${formatType(from)} to ${formatType(to)} is not supported`);
  }
  return (value) => (value === null ? null : convert(value));
}

/** Unlike the literal or column that widens by itself, a number may have more digits than the decimal that is asked for. */
function toFitting(from: SqlType, to: SqlType): ((value: Value) => Value) | undefined {
  if (!isNumeric(from) || to.kind !== 'DECIMAL' || sameType(from, to)) return undefined;
  return ofKind(from.kind, (value) => fitDecimal(toDecimal(value), to.precision, to.scale));
}

function caster(from: SqlType, to: SqlType): ((value: Value) => Value) | undefined {
  if (to.kind === 'STRING') return textWriter(from);
  if (from.kind === 'STRING') {
    const parse = fromText(to);
    return parse && ofKind(from.kind, parse);
  }
  if (isNumeric(from)) {
    if (to.kind === 'INTEGER') return ofKind(from.kind, toInteger);
    if (to.kind === 'BIGINT') return ofKind(from.kind, toBigInt);
    if (to.kind === 'DOUBLE') return toDouble;
  }
  if (from.kind === 'TIMESTAMP' && to.kind === 'DATE') return ofKind(from.kind, (ms) => Math.floor(ms / DAY_MS));
  if (from.kind === 'TIMESTAMP' && to.kind === 'TIME') {
    return ofKind(from.kind, (ms) => ((ms % DAY_MS) + DAY_MS) % DAY_MS);
  }
  if (from.kind === 'DATE' && to.kind === 'TIMESTAMP') return ofKind(from.kind, (days) => days * DAY_MS);
  if (from.kind === 'ARRAY' && to.kind === 'ARRAY') {
    const element = castTo(from.element, to.element);
    return ofKind(from.kind, (value) => value.map(element));
  }
  if (from.kind === 'MAP' && to.kind === 'MAP') {
    const [key, each] = [castTo(from.key, to.key), castTo(from.value, to.value)];
    return ofKind(from.kind, (value) => new Map([...value].map(([k, v]) => [key(k), each(v)])));
  }
  if (from.kind === 'STRUCT' && to.kind === 'STRUCT') {
    const fields = to.fields.map((field) => {
      const at = from.fields.findIndex(({ name }) => name === field.name);
      const source = from.fields[at];
      if (source === undefined) return () => null;
      const convert = castTo(source.type, field.type);
      return (struct: readonly Value[]) => convert(struct[at] ?? null);
    });
    return ofKind(from.kind, (value) => fields.map((field) => field(value)));
  }
  return undefined;
}

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
function toInteger(value: Numeric): number {
  if (value instanceof Decimal) return Number(BigInt.asIntN(32, value.toBigInt()));
  if (typeof value === 'bigint') return Number(BigInt.asIntN(32, value));
  const number = Math.trunc(value);
  return Number.isNaN(number) ? 0 : Math.max(-INT_MAX - 1, Math.min(INT_MAX, number));
}

export function toBigInt(value: Numeric): bigint {
  if (value instanceof Decimal) return BigInt.asIntN(64, value.toBigInt());
  if (typeof value === 'bigint') return value;
  const number = Math.trunc(value);
  if (Number.isNaN(number)) return 0n;
  if (number >= 2 ** 63) return 2n ** 63n - 1n;
  return number <= -(2 ** 63) ? -(2n ** 63n) : BigInt(number);
}

function fromText(to: SqlType): ((text: string) => Value) | undefined {
  switch (to.kind) {
    case 'INTEGER':
      return (text) => Number(parseWhole(text, 32));
    case 'BIGINT':
      return (text) => parseWhole(text, 64);
    case 'DOUBLE':
      return parseDouble;
    case 'DECIMAL':
      return (text) => {
        const parsed = Decimal.parse(text);
        if (parsed === undefined) throw new RangeError(`${text} is not a number`);
        return fitDecimal(parsed, to.precision, to.scale);
      };
    case 'BOOLEAN':
      return (text) =>
        ['true', 'yes', 't', 'y'].some((word) => word.startsWith(text.toLowerCase()) && text !== '') ||
        /^(tr|tru|ye)$/i.test(text);
    case 'DATE':
      return parseDate;
    case 'TIME':
      return parseTime;
    case 'TIMESTAMP':
      return parseTimestamp;
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

/** Values as CAST(… AS STRING) shows them: Java's forms inside arrays, maps and structs. */
export function textWriter(type: SqlType): (value: Value) => string {
  const write = presentWriter(type);
  return (value) => (value === null ? 'null' : write(value));
}

function presentWriter(type: SqlType): (value: Value) => string {
  switch (type.kind) {
    case 'DOUBLE':
      return ofKind(type.kind, javaDouble);
    case 'TIMESTAMP':
      return ofKind(type.kind, formatTimestamp);
    case 'DATE':
      return ofKind(type.kind, formatDate);
    case 'TIME':
      return ofKind(type.kind, formatTime);
    case 'BYTES':
      return ofKind(type.kind, (value) => Buffer.from(value).toString('base64'));
    case 'ARRAY': {
      const element = textWriter(type.element);
      return ofKind(type.kind, (value) => `[${value.map(element).join(', ')}]`);
    }
    case 'MAP': {
      const [key, each] = [textWriter(type.key), textWriter(type.value)];
      return ofKind(type.kind, (value) => `{${[...value].map(([k, v]) => `${key(k)}=${each(v)}`).join(', ')}}`);
    }
    case 'STRUCT': {
      const fields = type.fields.map(({ name, type: each }, at) => ({ name, at, write: textWriter(each) }));
      return ofKind(type.kind, (value) => {
        const set = fields.filter((_, at) => (value[at] ?? null) !== null);
        return `Struct{${set.map(({ name, at, write }) => `${name}=${write(value[at] ?? null)}`).join(',')}}`;
      });
    }
    default:
      return String;
  }
}
