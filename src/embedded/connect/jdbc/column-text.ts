import { Decimal } from '../../../protocol/decimal.js';
import { stringifyJson } from '../../../protocol/json/stringify.js';
import { dataFailure } from '../data/failure.js';
import { DECIMAL } from '../data/java-text.js';
import { ofType, type Schema, Struct, type Value } from '../data/schema.js';
import { isBit } from './column-type.js';
import { dateText, timestampText, timeText } from './date-text.js';

/** A value as the text that PostgreSQL's input function of the column reads. Never called with null. */
export type ToText = (value: Value) => string;

const big = ofType('int64', BigInt);
const plain: ToText = (value) => String(value);

const CONNECT = 'org.apache.kafka.connect.data';

/** Values beyond this are what sources write for infinity. */
const INFINITY_MS = 9_223_372_036_825_200n;
const infinite = (value: bigint): string | undefined => {
  if (value >= INFINITY_MS) return 'infinity';
  return value <= -INFINITY_MS ? '-infinity' : undefined;
};

const CONNECTS_OWN: Readonly<Record<string, ToText>> = {
  [`${CONNECT}.Date`]: (value) => dateText(Number(value)),
  [`${CONNECT}.Time`]: (value) => timeText(big(value) * 1000n),
  [`${CONNECT}.Timestamp`]: (value) => infinite(big(value)) ?? timestampText(big(value) * 1000n),
};

const decimalText = ofType('bytes', (value, scale: number) => Decimal.fromBytes(value, scale).toString());
const hexText = ofType('bytes', (value) => value.toString('hex'));

const geometryText = ofType('struct', (geometry) => {
  const [hex, srid] = [hexText(geometry.get('wkb')), geometry.get('srid')];
  return srid === null ? hex : `SRID=${srid};${hex}`;
});

const DEBEZIUMS: Readonly<Record<string, ToText>> = {
  'io.debezium.time.Date': (value) => dateText(Number(value)),
  'io.debezium.time.Time': (value) => timeText(big(value) * 1000n),
  'io.debezium.time.MicroTime': (value) => timeText(big(value)),
  'io.debezium.time.NanoTime': (value) => timeText(big(value) / 1000n),
  'io.debezium.time.Timestamp': (value) => infinite(big(value)) ?? timestampText(big(value) * 1000n),
  'io.debezium.time.MicroTimestamp': (value) => infinite(big(value) / 1000n) ?? timestampText(big(value)),
  'io.debezium.time.NanoTimestamp': (value) => timestampText(floorDivide(big(value), 1000n)),
  'io.debezium.time.ZonedTimestamp': (value) => zonedText(String(value)),
  'io.debezium.time.MicroDuration': (value) => `${value} microseconds`,
  'io.debezium.data.VariableScaleDecimal': ofType('struct', (struct) =>
    decimalText(struct.get('value'), Number(struct.get('scale'))),
  ),
  'io.debezium.data.geometry.Point': ofType('struct', (point) => `(${point.get('x')},${point.get('y')})`),
  'io.debezium.data.geometry.Geometry': geometryText,
  'io.debezium.data.geometry.Geography': geometryText,
};

/** How the values of a schema become text for a column of this PostgreSQL type. */
export function textOf(schema: Schema, columnType: string, flavour: 'debezium' | 'confluent'): ToText {
  if (schema.name === DECIMAL) {
    const scale = Number(schema.parameters?.scale ?? 0);
    return (value) => decimalText(value, scale);
  }
  const own = CONNECTS_OWN[schema.name ?? ''];
  if (own !== undefined) return own;
  if (flavour === 'debezium') {
    if (schema.name === 'io.debezium.data.Bits') return bitText(Number(schema.parameters?.length ?? 0));
    const debezium = DEBEZIUMS[schema.name ?? ''];
    if (debezium !== undefined) return debezium;
    if (isBit(schema)) return (value) => (value === true ? '1' : '0');
  }
  switch (schema.type) {
    case 'bytes':
      return (value) => `\\x${hexText(value)}`;
    case 'array': {
      const items = schema.values;
      if (items === undefined) throw dataFailure('An array whose elements have no schema cannot be stored');
      return arrayText(items, textOf(items, columnType.replace(/\[\]$/, ''), flavour));
    }
    case 'map':
      return columnType.startsWith('json') ? (value) => stringifyJson(jsonOf(value)) : hstoreText;
    case 'struct':
      return (value) => stringifyJson(jsonOf(value));
    case 'float32':
    case 'float64':
      return (value) =>
        value === Number.POSITIVE_INFINITY
          ? 'Infinity'
          : value === Number.NEGATIVE_INFINITY
            ? '-Infinity'
            : String(value);
    default:
      return plain;
  }
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

/** Java's years: more than four digits have a sign, those before Christ are counted from 0 down. */
function zonedText(iso: string): string {
  const match = /^([+-])(\d+)(-\d\d-\d\dT.*)$/.exec(iso);
  if (match === null) return iso;
  const [, sign, year = '', rest = ''] = match;
  return sign === '+' ? `${year}${rest}` : `${String(Number(year) + 1).padStart(4, '0')}${rest} BC`;
}

/** Little-endian bytes as the digits of bit(n). Without a length, how many zeros stood first is not known. */
const bitText = (length: number): ToText =>
  ofType('bytes', (value) => {
    const digits = [...value]
      .reverse()
      .map((byte) => byte.toString(2).padStart(8, '0'))
      .join('');
    if (length <= 0 || length === 2_147_483_647) return digits.replace(/^0+(?=[01])/, '');
    return digits.length >= length ? digits.slice(digits.length - length) : digits.padStart(length, '0');
  });

const quoted = (text: string): string =>
  `"${text.includes('"') || text.includes('\\') ? text.replace(/[\\"]/g, '\\$&') : text}"`;

const hstoreText = ofType('map', (value) =>
  [...value].map(([key, one]) => `${quoted(String(key))}=>${one === null ? 'NULL' : quoted(String(one))}`).join(','),
);

/** `{1,NULL,"a \"b\""}`; nested arrays stand without quotes. */
export function arrayText(items: Schema, toText: ToText): ToText {
  const nested = items.type === 'array';
  const item = (one: Value): string => {
    if (one === null || one === undefined) return 'NULL';
    return nested ? toText(one) : quoted(toText(one));
  };
  return ofType('array', (value) => `{${value.map(item).join(',')}}`);
}

type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [name: string]: Json };

function jsonOf(value: Value): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (value instanceof Struct)
    return Object.fromEntries(
      value.schema.fields.map((field) => [field.name, jsonOf(value.values[field.index] ?? null)]),
    );
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [String(key), jsonOf(one)]));
  return (value as readonly Value[]).map(jsonOf);
}

/** One column of many rows as the text of a text[]. */
export function arrayParameter(rows: ReadonlyArray<readonly Value[]>, column: number, toText: ToText): string {
  let array = '{';
  for (let at = 0; at < rows.length; at++) {
    const value = rows[at]?.[column] ?? null;
    if (at > 0) array += ',';
    array += value === null ? 'NULL' : quoted(toText(value));
  }
  return `${array}}`;
}
