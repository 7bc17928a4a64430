import { createHash } from 'node:crypto';
import { type Schema, Struct, type Value } from '../data/schema.js';
import { type ArrayLiteral, parseArrayLiteral, parseHstore } from './array-literal.js';
import { type ColumnCodec, type Decode, NO_MODIFIER, plain, semantic, type TypeOptions } from './column-codec.js';
import { fallbackOf } from './fallback.js';
import { decimal, floating, integer, money, scaleOf, VARIABLE_SCALE, zeroed } from './number-types.js';
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
    return columnCodec(type.baseOid, modifier === NO_MODIFIER ? type.baseModifier : modifier, types, options);
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
      return zeroed(of(...decimal(modifier, options)), scaleOf(modifier), options);
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
  if (name === 'bit' && (modifier === 1 || modifier === NO_MODIFIER))
    return [plain('boolean'), (value) => value === '1'];
  const length = modifier === NO_MODIFIER ? 2_147_483_647 : modifier;
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
  const precision = modifier === NO_MODIFIER ? 6 : modifier;
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
