import { CONNECT_EXCEPTION, ConnectFailure } from '../data/failure.js';
import { DECIMAL } from '../data/java-text.js';
import type { ConnectType, Schema } from '../data/schema.js';

const CONNECT = 'org.apache.kafka.connect.data';

const BASE: Readonly<Partial<Record<ConnectType, string>>> = {
  int8: 'smallint',
  int16: 'smallint',
  int32: 'integer',
  int64: 'bigint',
  float32: 'real',
  float64: 'double precision',
  boolean: 'boolean',
  string: 'text',
  bytes: 'bytea',
};

/** Debezium's sink gives temporal columns six digits; times that are ISO texts stay texts. */
const DEBEZIUM: Readonly<Record<string, string>> = {
  [`${CONNECT}.Date`]: 'date',
  [`${CONNECT}.Time`]: 'time(6)',
  [`${CONNECT}.Timestamp`]: 'timestamp(6)',
  'io.debezium.time.Date': 'date',
  'io.debezium.time.Time': 'time(6)',
  'io.debezium.time.MicroTime': 'time(6)',
  'io.debezium.time.NanoTime': 'time(6)',
  'io.debezium.time.Timestamp': 'timestamp(6)',
  'io.debezium.time.MicroTimestamp': 'timestamp(6)',
  'io.debezium.time.NanoTimestamp': 'timestamp(6)',
  'io.debezium.time.ZonedTime': 'time(6) with time zone',
  'io.debezium.time.ZonedTimestamp': 'timestamp(6) with time zone',
  'io.debezium.time.MicroDuration': 'interval',
  'io.debezium.data.VariableScaleDecimal': 'double precision',
  'io.debezium.data.Json': 'json',
  'io.debezium.data.Uuid': 'uuid',
  'io.debezium.data.Xml': 'xml',
  'io.debezium.data.Ltree': 'ltree',
  'io.debezium.data.Tsvector': 'tsvector',
  'io.debezium.data.geometry.Point': 'point',
  'io.debezium.data.geometry.Geometry': 'geometry',
  'io.debezium.data.geometry.Geography': 'geography',
};

const CONFLUENT: Readonly<Record<string, string>> = {
  [`${CONNECT}.Date`]: 'date',
  [`${CONNECT}.Time`]: 'time',
  [`${CONNECT}.Timestamp`]: 'timestamp',
};

/** Types of a source's columns (`column.propagate.source.type`) that Debezium's sink makes again. */
const PROPAGATED = new Set([
  ...['CIDR', 'INET', 'MACADDR', 'MACADDR8', 'CITEXT', 'OID', 'MONEY'],
  ...['INT4RANGE', 'INT8RANGE', 'NUMRANGE', 'TSRANGE', 'TSTZRANGE', 'DATERANGE'],
]);

/** The type of a column that is made for values of a schema. */
export function columnType(schema: Schema, flavour: 'debezium' | 'confluent'): string {
  if (schema.name === DECIMAL) return decimalType(schema, flavour);
  const named = (flavour === 'debezium' ? DEBEZIUM : CONFLUENT)[schema.name ?? ''];
  if (named !== undefined) return named;
  if (flavour === 'debezium') {
    if (schema.name === 'io.debezium.data.Bits') return bitType(Number(schema.parameters?.length ?? 0));
    const source = schema.parameters?.['__debezium.source.column.type']?.toUpperCase();
    if (source !== undefined && PROPAGATED.has(source)) return source.toLowerCase();
  }
  if (schema.type === 'array' && schema.values !== undefined) return `${columnType(schema.values, flavour)}[]`;
  if (schema.type === 'map' && flavour === 'debezium') return 'hstore';
  const base = BASE[schema.type];
  if (base !== undefined) return base;
  throw new ConnectFailure(
    `Failed to resolve column type for schema: ${schema.type.toUpperCase()} (${schema.name ?? 'null'})`,
    { className: CONNECT_EXCEPTION },
  );
}

function decimalType(schema: Schema, flavour: 'debezium' | 'confluent'): string {
  if (flavour === 'confluent') return 'numeric';
  const scale = schema.parameters?.scale ?? '0';
  return `numeric(${schema.parameters?.['connect.decimal.precision'] ?? '38'},${scale})`;
}

const bitType = (length: number): string =>
  length <= 0 || length === 2_147_483_647 ? 'bit varying' : `bit(${length})`;
