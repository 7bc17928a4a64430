import { createHash } from 'node:crypto';
import { bytesOfInteger, Decimal } from '../../../protocol/decimal.js';
import { int64, Schema, type SchemaOptions, Struct, type Value } from '../data/schema.js';
import { type ArrayLiteral, parseArrayLiteral, parseHstore } from './array-literal.js';
import { fallbackOf } from './fallback.js';
import {
  daysOfDate,
  floorDivide,
  intervalMicros,
  intervalText,
  isoDate,
  isoTime,
  isoTimestamp,
  microsOfTime,
  microsOfTimestamp,
  times1000,
  zonedTime,
  zonedTimestamp,
} from './temporal.js';

/** How a connector wants values to look; the options of the same names. */
export interface TypeOptions {
  readonly decimals: 'precise' | 'string' | 'double';
  readonly times: 'adaptive' | 'adaptive_time_microseconds' | 'connect' | 'isostring' | 'microseconds' | 'nanoseconds';
  readonly binary: 'bytes' | 'base64' | 'base64-url-safe' | 'hex';
  readonly hstore: 'json' | 'map';
  readonly intervals: 'numeric' | 'string';
  readonly moneyFractionDigits: number;
  readonly includeUnknown: boolean;
  readonly unavailablePlaceholder: string;
}

/** A row of pg_type, as far as it matters. */
export interface PgType {
  readonly oid: number;
  readonly name: string;
  /** b base, d domain, e enum, r range, m multirange, c composite, p pseudo. */
  readonly kind: string;
  /** Of an array: its element; else 0. */
  readonly elementOid: number;
  /** Of a domain. */
  readonly baseOid: number;
  readonly baseModifier: number;
  readonly labels: readonly string[] | null;
}

/** How one column's text becomes a Connect value. The schema is that of a NOT NULL column without a default. */
export interface ColumnCodec {
  readonly schema: Schema;
  /** Never called with null. A null answer stands for what has no value in this type (a NaN decimal). */
  decode(text: string): Value;
  /** What stands for a TOASTed value that was not sent. */
  readonly placeholder: Value;
  /** What stands for a required value in an old row that was sent without it. */
  readonly fallback: Value;
}

const NONE = -1;
type Decode = (text: string) => Value;

const text: Decode = (value) => value;

/** Undefined: the type is not supported, the column is left out of the record (`include.unknown.datatypes`). */
export function columnCodec(
  typeOid: number,
  modifier: number,
  types: ReadonlyMap<number, PgType>,
  options: TypeOptions,
): ColumnCodec | undefined {
  const type = types.get(typeOid);
  if (type === undefined) return undefined;
  if (type.kind === 'd')
    return columnCodec(type.baseOid, modifier === NONE ? type.baseModifier : modifier, types, options);
  if (type.kind === 'e') {
    const schema = semantic('string', 'io.debezium.data.Enum', {
      parameters: { allowed: (type.labels ?? []).join(',') },
    });
    return codec(schema, text, options);
  }
  if (type.kind === 'c') return unknown(options);
  if (type.elementOid !== 0 && type.name.startsWith('_')) return arrayCodec(type, modifier, types, options);
  return baseCodec(type.name, modifier, options);
}

function codec(schema: Schema, decode: Decode, options: TypeOptions): ColumnCodec {
  const placeholder = placeholderFor(schema, options.unavailablePlaceholder);
  return { schema, decode, placeholder, fallback: fallbackOf(schema) };
}

/** Strings and bytes carry the placeholder; any other type has none, and its value is null. */
function placeholderFor(schema: Schema, placeholder: string): Value {
  if (schema.name === 'io.debezium.data.Bits') return null;
  switch (schema.type) {
    case 'string':
      return placeholder;
    case 'bytes':
      return schema.name === undefined ? Buffer.from(placeholder, 'utf8') : null;
    case 'map':
      return new Map<Value, Value>([[placeholder, placeholder]]);
    default:
      return null;
  }
}

/** What stands for a whole array that was not sent, by the type of its elements. Types that are missing here have none. */
const ARRAY_PLACEHOLDERS: Readonly<Record<string, (placeholder: string) => Value>> = {
  text: (placeholder) => [placeholder],
  varchar: (placeholder) => [placeholder],
  json: (placeholder) => [placeholder],
  jsonb: (placeholder) => [placeholder],
  bytea: (placeholder) => [Buffer.from(placeholder, 'utf8')],
  int4: (placeholder) => [...Buffer.from(placeholder, 'utf8')],
  int8: (placeholder) => [...Buffer.from(placeholder, 'utf8')],
  date: (placeholder) => [...Buffer.from(placeholder, 'utf8')],
  uuid: (placeholder) => [nameUuid(placeholder)],
};

/** The UUID of a name as java.util.UUID.nameUUIDFromBytes makes it: version 3, without a namespace. */
function nameUuid(name: string): string {
  const hash = createHash('md5').update(name, 'utf8').digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x30;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const plain = (type: Schema['type'], options: SchemaOptions = {}): Schema => new Schema(type, options);
const semantic = (type: Schema['type'], name: string, options: SchemaOptions = {}): Schema =>
  new Schema(type, { name, version: 1, ...options });

function arrayCodec(
  type: PgType,
  modifier: number,
  types: ReadonlyMap<number, PgType>,
  options: TypeOptions,
): ColumnCodec | undefined {
  const elementType = types.get(type.elementOid);
  if (elementType === undefined || ARRAYS_LEFT_OUT.has(elementType.name)) return undefined;
  const element = columnCodec(type.elementOid, modifier, types, options);
  if (element === undefined || (element.schema.type === 'struct' && element.schema !== VARIABLE_SCALE))
    return undefined;
  // The elements of enum arrays are required, of all others optional: so the real one has it.
  const isEnum = elementType.kind === 'e';
  const decodeItem = (item: string | null | ArrayLiteral): Value => {
    if (item === null) return null;
    return typeof item === 'string' ? element.decode(item) : item.map(decodeItem);
  };
  const schema = plain('array', { values: isEnum ? element.schema : element.schema.with({ optional: true }) });
  return {
    schema,
    decode: (value) => parseArrayLiteral(value).map(decodeItem),
    placeholder: ARRAY_PLACEHOLDERS[elementType.name]?.(options.unavailablePlaceholder) ?? null,
    fallback: fallbackOf(schema),
  };
}

/** Columns that records don't have, though their elements would have a type. */
const ARRAYS_LEFT_OUT = new Set(['interval', 'money', 'xml']);

function baseCodec(name: string, modifier: number, options: TypeOptions): ColumnCodec | undefined {
  const of = (schema: Schema, decode: Decode): ColumnCodec => codec(schema, decode, options);
  switch (name) {
    case 'bool':
      return of(plain('boolean'), (value) => value === 't' || value === 'true');
    case 'int2':
      return of(plain('int16'), Number);
    case 'int4':
      return of(plain('int32'), Number);
    case 'int8':
    case 'oid':
      return of(plain('int64'), integer);
    case 'float4':
      return of(plain('float32'), floating);
    case 'float8':
      return of(plain('float64'), floating);
    case 'numeric':
      return zeroed(of(...decimal(modifier, options)), modifier === NONE ? 0 : scaleOf(modifier), options);
    case 'money':
      return zeroed(of(...money(options)), options.moneyFractionDigits, options);
    case 'uuid':
      return of(semantic('string', 'io.debezium.data.Uuid'), text);
    case 'json':
    case 'jsonb':
      return of(semantic('string', 'io.debezium.data.Json'), text);
    case 'xml':
      return of(semantic('string', 'io.debezium.data.Xml'), text);
    case 'ltree':
      return of(semantic('string', 'io.debezium.data.Ltree'), text);
    case 'tsvector':
      return of(semantic('string', 'io.debezium.data.Tsvector'), text);
    case 'bytea':
      return of(...binary(options));
    case 'bit':
    case 'varbit':
      return of(...bits(name, modifier));
    case 'hstore':
      return hstoreCodec(options);
    case 'point':
      return { ...of(POINT, point), fallback: point('(0,0)') };
    default:
      return temporal(name, modifier, options) ?? (TEXTUAL.has(name) ? of(plain('string'), text) : unknown(options));
  }
}

/** Types that are plain strings. */
const TEXTUAL = new Set([
  ...['bpchar', 'varchar', 'text', 'char', 'name', 'citext', 'isbn', 'isbn13', 'ismn', 'ismn13', 'issn', 'issn13'],
  ...['inet', 'cidr', 'macaddr', 'macaddr8', 'ean13', 'upc'],
  ...['int4range', 'int8range', 'numrange', 'tsrange', 'tstzrange', 'daterange'],
]);

/** Left out, unless asked for as the bytes of its text. */
function unknown(options: TypeOptions): ColumnCodec | undefined {
  if (!options.includeUnknown) return undefined;
  return codec(plain('bytes'), (value) => Buffer.from(value, 'utf8'), options);
}

const integer: Decode = (value) => (value.length < 16 ? Number(value) : int64(BigInt(value)));

const floating: Decode = (value) => {
  if (value === 'Infinity') return Number.POSITIVE_INFINITY;
  return value === '-Infinity' ? Number.NEGATIVE_INFINITY : Number(value);
};

const DECIMAL = 'org.apache.kafka.connect.data.Decimal';
const VARIABLE_SCALE = semantic('struct', 'io.debezium.data.VariableScaleDecimal', {
  doc: 'Variable scaled decimal',
  fields: [
    ['scale', plain('int32')],
    ['value', plain('bytes')],
  ],
});

/** The zero that stands for a missing number, in the form that the connector's decimals have. */
function zeroed(codec: ColumnCodec, scale: number, options: TypeOptions): ColumnCodec {
  if (options.decimals === 'string') return { ...codec, fallback: new Decimal(0n, scale).toString() };
  return codec.schema === VARIABLE_SCALE
    ? { ...codec, fallback: new Struct(VARIABLE_SCALE, [0, Buffer.from([0])]) }
    : codec;
}

/** A type modifier's scale: eleven bits with a sign since PostgreSQL 15. */
const scaleOf = (modifier: number): number => (((modifier - 4) & 0x7ff) ^ 1024) - 1024;

function decimal(modifier: number, options: TypeOptions): [Schema, Decode] {
  if (options.decimals === 'string') return [plain('string'), decimalString(modifier === NONE ? 0 : scaleOf(modifier))];
  if (options.decimals === 'double') return [plain('float64'), floating];
  if (modifier === NONE) {
    const decode: Decode = (value) => {
      if (isSpecial(value)) return null;
      // Zeros at the end of a fraction are not told where no scale is declared.
      const { unscaled, scale } = Decimal.from(value.includes('.') ? value.replace(/\.?0+$/, '') : value);
      return new Struct(VARIABLE_SCALE, [scale, bytesOfInteger(unscaled)]);
    };
    return [VARIABLE_SCALE, decode];
  }
  const precision = ((modifier - 4) >> 16) & 0xffff;
  const scale = scaleOf(modifier);
  const schema = semantic('bytes', DECIMAL, {
    parameters: { scale: String(scale), 'connect.decimal.precision': String(precision) },
  });
  return [schema, (value) => (isSpecial(value) ? null : Decimal.from(value).toScale(scale).toBytes())];
}

const isSpecial = (value: string): boolean => value === 'NaN' || value === 'Infinity' || value === '-Infinity';

/** At least as many fraction digits as declared: a default's text has fewer. */
function decimalString(scale: number): Decode {
  return (value) => {
    if (value === 'NaN') return 'NAN';
    if (value === 'Infinity') return 'POSITIVE_INFINITY';
    if (value === '-Infinity') return 'NEGATIVE_INFINITY';
    const point = value.indexOf('.');
    const digits = point === -1 ? 0 : value.length - point - 1;
    if (digits >= scale) return value;
    return `${value}${point === -1 ? '.' : ''}${'0'.repeat(scale - digits)}`;
  };
}

/** Money's text is for people (lc_monetary C: "-$1,234.50"). */
function money(options: TypeOptions): [Schema, Decode] {
  const number = (value: string): string => value.replace(/[^0-9.-]/g, '');
  if (options.decimals === 'string') return [plain('string'), number];
  if (options.decimals === 'double') return [plain('float64'), (value) => Number(number(value))];
  const scale = options.moneyFractionDigits;
  const schema = semantic('bytes', DECIMAL, { parameters: { scale: String(scale) } });
  return [schema, (value) => Decimal.from(number(value)).toScale(scale).toBytes()];
}

function binary(options: TypeOptions): [Schema, Decode] {
  const bytes = (value: string): Buffer => Buffer.from(value.slice(2), 'hex');
  switch (options.binary) {
    case 'base64':
      return [plain('string'), (value) => bytes(value).toString('base64')];
    case 'base64-url-safe':
      return [plain('string'), (value) => bytes(value).toString('base64').replaceAll('+', '-').replaceAll('/', '_')];
    case 'hex':
      return [plain('string'), (value) => value.slice(2)];
    default:
      return [plain('bytes'), bytes];
  }
}

/** bit(n): little-endian bytes, trailing zero bytes cut; bit(1) is a boolean. */
function bits(name: string, modifier: number): [Schema, Decode] {
  if (name === 'bit' && (modifier === 1 || modifier === NONE)) return [plain('boolean'), (value) => value === '1'];
  const length = modifier === NONE ? 2_147_483_647 : modifier;
  const schema = semantic('bytes', 'io.debezium.data.Bits', { parameters: { length: String(length) } });
  const decode: Decode = (value) => {
    const bytes: number[] = [];
    for (let end = value.length; end > 0; end -= 8)
      bytes.push(Number.parseInt(value.slice(Math.max(0, end - 8), end), 2));
    while (bytes.length > 0 && bytes.at(-1) === 0) bytes.pop();
    return Buffer.from(bytes);
  };
  return [schema, decode];
}

function hstoreCodec(options: TypeOptions): ColumnCodec {
  if (options.hstore === 'map')
    return codec(
      plain('map', { keys: plain('string'), values: plain('string', { optional: true }) }),
      parseHstore,
      options,
    );
  const json = (entries: Iterable<readonly [string, string | null]>): string =>
    JSON.stringify(Object.fromEntries(entries));
  const placeholder = options.unavailablePlaceholder;
  return {
    ...codec(semantic('string', 'io.debezium.data.Json'), (value) => json(parseHstore(value)), options),
    placeholder: json([[placeholder, placeholder]]),
  };
}

const POINT = semantic('struct', 'io.debezium.data.geometry.Point', {
  doc: 'Geometry (POINT)',
  fields: [
    ['x', plain('float64')],
    ['y', plain('float64')],
    ['wkb', plain('bytes', { optional: true })],
    ['srid', plain('int32', { optional: true })],
  ],
});

const point: Decode = (value) => {
  const [x, y] = value.slice(1, -1).split(',').map(Number);
  const wkb = Buffer.alloc(21);
  wkb.writeUInt8(1, 0);
  wkb.writeUInt32LE(1, 1);
  wkb.writeDoubleLE(x ?? 0, 5);
  wkb.writeDoubleLE(y ?? 0, 13);
  return new Struct(POINT, [x ?? 0, y ?? 0, wkb, null]);
};

function temporal(name: string, modifier: number, options: TypeOptions): ColumnCodec | undefined {
  const precision = modifier === NONE ? 6 : modifier;
  const of = (pair: readonly [Schema, Decode]): ColumnCodec => codec(pair[0], pair[1], options);
  switch (name) {
    case 'date':
      return of(dates(options));
    case 'time':
      return of(timesOfDay(precision, options));
    case 'timetz':
      return of([semantic('string', 'io.debezium.time.ZonedTime'), zonedTime]);
    case 'timestamp':
      return of(timestamps(precision, options));
    case 'timestamptz':
      return of([semantic('string', 'io.debezium.time.ZonedTimestamp'), (value) => zonedTimestamp(value, precision)]);
    case 'interval':
      return of(
        options.intervals === 'string'
          ? [semantic('string', 'io.debezium.time.Interval'), intervalText]
          : [semantic('int64', 'io.debezium.time.MicroDuration'), intervalMicros],
      );
    default:
      return undefined;
  }
}

const CONNECT = 'org.apache.kafka.connect.data';

function dates(options: TypeOptions): [Schema, Decode] {
  if (options.times === 'isostring') return [semantic('string', 'io.debezium.time.IsoDate'), isoDate];
  const name = options.times === 'connect' ? `${CONNECT}.Date` : 'io.debezium.time.Date';
  return [semantic('int32', name), daysOfDate];
}

function timesOfDay(precision: number, options: TypeOptions): [Schema, Decode] {
  const millis: Decode = (value) => Math.floor(microsOfTime(value) / 1000);
  switch (options.times) {
    case 'connect':
      return [semantic('int32', `${CONNECT}.Time`), millis];
    case 'isostring':
      return [semantic('string', 'io.debezium.time.IsoTime'), isoTime];
    case 'nanoseconds':
      return [semantic('int64', 'io.debezium.time.NanoTime'), (value) => microsOfTime(value) * 1000];
    case 'adaptive':
      if (precision <= 3) return [semantic('int32', 'io.debezium.time.Time'), millis];
      break;
    default:
  }
  return [semantic('int64', 'io.debezium.time.MicroTime'), microsOfTime];
}

function timestamps(precision: number, options: TypeOptions): [Schema, Decode] {
  const millis: Decode = (value) => floorDivide(microsOfTimestamp(value), 1000);
  switch (options.times) {
    case 'connect':
      return [semantic('int64', `${CONNECT}.Timestamp`), millis];
    case 'isostring':
      return [semantic('string', 'io.debezium.time.IsoTimestamp'), isoTimestamp];
    case 'nanoseconds':
      return [semantic('int64', 'io.debezium.time.NanoTimestamp'), (value) => times1000(microsOfTimestamp(value))];
    case 'microseconds':
      break;
    default:
      if (precision <= 3) return [semantic('int64', 'io.debezium.time.Timestamp'), millis];
  }
  return [semantic('int64', 'io.debezium.time.MicroTimestamp'), microsOfTimestamp];
}
