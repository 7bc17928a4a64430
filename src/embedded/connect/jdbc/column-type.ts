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

/** Of Debezium's sink. Times that are ISO texts stay texts; precisions are those of the source's columns, else six digits. */
const DEBEZIUM: Readonly<Record<string, string>> = {
  [`${CONNECT}.Date`]: 'date',
  'io.debezium.time.Date': 'date',
  'io.debezium.time.MicroDuration': 'interval',
  'io.debezium.data.VariableScaleDecimal': 'double precision',
  'io.debezium.data.Uuid': 'uuid',
  'io.debezium.data.Xml': 'xml',
  'io.debezium.data.Ltree': 'ltree',
  'io.debezium.data.Tsvector': 'tsvector',
  'io.debezium.data.geometry.Point': 'point',
  'io.debezium.data.geometry.Geometry': 'geometry',
  'io.debezium.data.geometry.Geography': 'geography',
};

const TIMES: Readonly<Record<string, readonly [name: string, zone?: string]>> = {
  [`${CONNECT}.Time`]: ['time'],
  [`${CONNECT}.Timestamp`]: ['timestamp'],
  'io.debezium.time.Time': ['time'],
  'io.debezium.time.MicroTime': ['time'],
  'io.debezium.time.NanoTime': ['time'],
  'io.debezium.time.Timestamp': ['timestamp'],
  'io.debezium.time.MicroTimestamp': ['timestamp'],
  'io.debezium.time.NanoTimestamp': ['timestamp'],
  'io.debezium.time.ZonedTime': ['time', ' with time zone'],
  'io.debezium.time.ZonedTimestamp': ['timestamp', ' with time zone'],
};

const CONFLUENT: Readonly<Record<string, string>> = {
  [`${CONNECT}.Date`]: 'date',
  [`${CONNECT}.Time`]: 'time',
  [`${CONNECT}.Timestamp`]: 'timestamp',
};

/** Types of a source's columns (`column.propagate.source.type`) that Debezium's sink makes again where the schema has no name. */
const PROPAGATED = new Set([
  ...['CIDR', 'INET', 'MACADDR', 'CITEXT', 'OID', 'MONEY', 'XML', 'SMALLSERIAL', 'SERIAL', 'BIGSERIAL'],
  ...['INT4RANGE', 'INT8RANGE', 'NUMRANGE', 'TSRANGE', 'TSTZRANGE', 'DATERANGE'],
]);
const FIXED_TEXTS = new Set(['CHAR', 'CHARACTER', 'BPCHAR', 'NCHAR']);
const VARYING_TEXTS = new Set(['VARCHAR', 'VARCHAR2', 'CHARACTER VARYING', 'NVARCHAR', 'NVARCHAR2']);
/** PostgreSQL has no longer ones; the sources of those that are longer say that there is no limit. */
const TEXT_LENGTH_MAX = 10_485_760;

/** The type of a column that is made for values of a schema. */
export function columnType(schema: Schema, flavour: 'debezium' | 'confluent'): string {
  if (schema.name === DECIMAL) return decimalType(schema, flavour);
  const named = flavour === 'debezium' ? debeziumType(schema) : CONFLUENT[schema.name ?? ''];
  if (named !== undefined) return named;
  if (schema.type === 'array' && schema.values !== undefined) return `${columnType(schema.values, flavour)}[]`;
  if (schema.type === 'map' && flavour === 'debezium') return 'hstore';
  const base = BASE[schema.type];
  if (base !== undefined) return base;
  throw new ConnectFailure(
    `Failed to resolve column type for schema: ${schema.type.toUpperCase()} (${schema.name ?? 'null'})`,
    { className: CONNECT_EXCEPTION },
  );
}

/** What Debezium's sink makes of a schema's name, and of the source's column; undefined: the schema's type decides. */
function debeziumType(schema: Schema): string | undefined {
  const name = schema.name ?? '';
  const source = sourceColumn(schema, 'type') ?? '';
  const time = TIMES[name];
  if (time !== undefined) return `${time[0]}(${timePrecision(schema)})${time[1] ?? ''}`;
  if (name === 'io.debezium.data.Bits') return bitType(Number(schema.parameters?.length ?? 0), source);
  if (name === 'io.debezium.data.Json')
    return source === 'JSONB' || source === 'HSTORE' ? source.toLowerCase() : 'json';
  const named = DEBEZIUM[name];
  if (named !== undefined) return named;
  if (PROPAGATED.has(source)) return source.toLowerCase();
  if (isBit(schema)) return 'bit';
  return schema.type === 'string' ? textType(source, Number(sourceColumn(schema, 'length') ?? 0)) : undefined;
}

const sourceColumn = (schema: Schema, what: 'type' | 'length' | 'scale'): string | undefined =>
  schema.parameters?.[`__debezium.source.column.${what}`];

/** Whether values are kept as bits: a single bit is a boolean that has no name. */
export const isBit = (schema: Schema): boolean =>
  schema.type === 'boolean' && ['BIT', 'VARBIT'].includes(sourceColumn(schema, 'type') ?? '');

/** Debezium's sink gives serial columns and bits no default of the record's. */
export const takesDefault = (schema: Schema, flavour: 'debezium' | 'confluent'): boolean =>
  flavour === 'confluent' ||
  !(
    isBit(schema) ||
    schema.name === 'io.debezium.data.Bits' ||
    (schema.name === undefined && sourceColumn(schema, 'type')?.endsWith('SERIAL') === true)
  );

/** The scale where the source has one, else its length; what PostgreSQL cannot have is six digits. */
function timePrecision(schema: Schema): number {
  const precision = Number(sourceColumn(schema, 'scale') ?? sourceColumn(schema, 'length') ?? 0);
  return precision > 0 && precision <= 6 ? precision : 6;
}

function textType(source: string, length: number): string {
  if (FIXED_TEXTS.has(source)) return `char(${length === 0 ? 1 : length})`;
  return VARYING_TEXTS.has(source) && length > 0 && length <= TEXT_LENGTH_MAX ? `varchar(${length})` : 'text';
}

function decimalType(schema: Schema, flavour: 'debezium' | 'confluent'): string {
  if (flavour === 'confluent') return 'numeric';
  const scale = schema.parameters?.scale ?? '0';
  return `numeric(${schema.parameters?.['connect.decimal.precision'] ?? '38'},${scale})`;
}

function bitType(length: number, source: string): string {
  if (length <= 0 || length === 2_147_483_647) return 'bit varying';
  return source === 'VARBIT' ? `bit varying(${length})` : `bit(${length})`;
}
