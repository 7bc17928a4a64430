import { invalidTopicName } from '../../protocol/kafka/topic-name.js';
import type { Expression, WithClause } from '../../protocol/ksql/ast.js';
import { parseDurationText } from '../../protocol/ksql/parse.js';
import { KsqlSyntaxError } from '../../protocol/ksql/position.js';
import { formatType, type SqlType } from '../../protocol/ksql/types.js';
import { withText } from '../../protocol/ksql/with-values.js';
import type { Format, NullableRepresentation } from '../formats/format.js';
import { formatNamed } from '../formats/table.js';
import { type Column, formatColumns } from '../metadata/schema.js';
import type { RecordFormat, SourceWindow } from '../metadata/source.js';
import { during, StatementError } from '../statement-error.js';
import type { Properties } from './properties.js';

const COMMON: Readonly<Record<string, string>> = {
  KAFKA_TOPIC:
    'The topic; it is made if PARTITIONS is given, or for a query. Default for a query: the name of the stream or table.',
  FORMAT: 'KEY_FORMAT and VALUE_FORMAT at once.',
  KEY_FORMAT:
    'Format of keys. Default: ksql.persistence.default.format.key, else KAFKA; of a query: that of its source.',
  VALUE_FORMAT: 'Format of values. Default: ksql.persistence.default.format.value; of a query: that of its source.',
  PARTITIONS: 'Partitions of a topic that is made.',
  REPLICAS: 'Replication factor of a topic that is made; -1: the default of the cluster.',
  RETENTION_MS: 'retention.ms of a topic that is made.',
  CLEANUP_POLICY: 'cleanup.policy of a topic that is made: compact, delete or both.',
  VALUE_DELIMITER: 'One character, TAB or SPACE between the fields of DELIMITED values.',
  KEY_DELIMITER: 'The same for keys.',
  KEY_SCHEMA_ID: 'Id of the schema that keys are written with, and columns are taken from.',
  VALUE_SCHEMA_ID: 'The same for values.',
  KEY_SCHEMA_FULL_NAME: 'Name of the record or message in the schema of keys.',
  VALUE_SCHEMA_FULL_NAME: 'The same for values.',
  VALUE_AVRO_SCHEMA_FULL_NAME: 'Older name of VALUE_SCHEMA_FULL_NAME.',
  KEY_PROTOBUF_NULLABLE_REPRESENTATION: 'How PROTOBUF keys hold nulls: OPTIONAL or WRAPPER.',
  VALUE_PROTOBUF_NULLABLE_REPRESENTATION: 'The same for values.',
  WRAP_SINGLE_VALUE: 'Whether a single column lies in an object or record, or stands alone.',
  TIMESTAMP: 'The column that holds the time of a row, instead of the record’s timestamp.',
  TIMESTAMP_FORMAT: 'Pattern of that column where it is text.',
};
const SOURCE_ONLY: Readonly<Record<string, string>> = {
  WINDOW_TYPE: 'The keys are those of windows: TUMBLING, HOPPING or SESSION.',
  WINDOW_SIZE: 'Size of TUMBLING and HOPPING windows: 10 SECONDS.',
  SOURCED_BY_CONNECTOR: 'Taken and ignored.',
};
const QUERY_ONLY: Readonly<Record<string, string>> = {
  QUERY_ID: 'Id of the query, instead of a generated one.',
};

/** What a WITH clause may hold: of CREATE STREAM and TABLE, and of CREATE … AS SELECT. */
export const WITH_PROPERTIES = {
  source: { ...COMMON, ...SOURCE_ONLY },
  query: { ...COMMON, ...QUERY_ONLY },
} as const;

/** A WITH clause, checked: unknown names are refused, never ignored. */
export interface SourceProperties {
  readonly topic: string | undefined;
  readonly keyFormat: string | undefined;
  readonly valueFormat: string | undefined;
  readonly partitions: number | undefined;
  readonly replicas: number | undefined;
  readonly retentionMs: string | undefined;
  readonly cleanupPolicy: string | undefined;
  readonly keyDelimiter: string | undefined;
  readonly valueDelimiter: string | undefined;
  /** False: the delimiters are those of the query's source, for whatever format. */
  readonly delimiterGiven?: boolean;
  readonly keySchemaId: number | undefined;
  readonly valueSchemaId: number | undefined;
  readonly keySchemaFullName: string | undefined;
  readonly valueSchemaFullName: string | undefined;
  readonly keyNullable: NullableRepresentation | undefined;
  readonly valueNullable: NullableRepresentation | undefined;
  readonly wrapSingleValue: boolean | undefined;
  /** Where the statement does not say and the format leaves the choice. */
  readonly wrapByDefault: boolean;
  readonly timestamp: { readonly column: string; readonly pattern: string | undefined } | undefined;
  readonly window: SourceWindow | undefined;
  readonly queryId: string | undefined;
}

export const readSourceProperties = (
  clause: WithClause,
  of: 'source' | 'query',
  session: Properties,
): SourceProperties => during('Failed to prepare statement', () => read(clause, of, session));

function read(clause: WithClause, of: 'source' | 'query', session: Properties): SourceProperties {
  const unknown = [...clause.keys()].filter((name) => !Object.hasOwn(WITH_PROPERTIES[of], name));
  if (unknown.length > 0) {
    throw new StatementError(`Invalid config variable(s) in the WITH clause: ${unknown.join(',')}`);
  }
  const text = (name: string): string | undefined => textOf(clause, name);
  const both = text('FORMAT');
  if (both !== undefined && (clause.has('KEY_FORMAT') || clause.has('VALUE_FORMAT'))) {
    const other = clause.has('KEY_FORMAT') ? 'KEY_FORMAT' : 'VALUE_FORMAT';
    throw new StatementError(
      `Cannot supply both '${other}' and 'FORMAT' properties, as 'FORMAT' sets both key and value formats.`,
    );
  }
  if (of === 'source' && !clause.has('KAFKA_TOPIC')) {
    throw new StatementError('Missing required property "KAFKA_TOPIC" which has no default value.');
  }
  const timestamp = text('TIMESTAMP');
  return {
    topic: text('KAFKA_TOPIC'),
    keyFormat: (text('KEY_FORMAT') ?? both)?.toUpperCase(),
    valueFormat: (text('VALUE_FORMAT') ?? both)?.toUpperCase(),
    partitions: whole(clause, 'PARTITIONS'),
    replicas: whole(clause, 'REPLICAS'),
    retentionMs: withText(clause, 'RETENTION_MS'),
    cleanupPolicy: text('CLEANUP_POLICY')?.toLowerCase(),
    keyDelimiter: delimiter(text('KEY_DELIMITER')),
    valueDelimiter: delimiter(text('VALUE_DELIMITER')),
    keySchemaId: whole(clause, 'KEY_SCHEMA_ID'),
    valueSchemaId: whole(clause, 'VALUE_SCHEMA_ID'),
    keySchemaFullName: text('KEY_SCHEMA_FULL_NAME'),
    valueSchemaFullName: text('VALUE_SCHEMA_FULL_NAME') ?? text('VALUE_AVRO_SCHEMA_FULL_NAME'),
    keyNullable: nullableRepresentation(clause, 'KEY_PROTOBUF_NULLABLE_REPRESENTATION'),
    valueNullable: nullableRepresentation(clause, 'VALUE_PROTOBUF_NULLABLE_REPRESENTATION'),
    wrapSingleValue: bool(clause, 'WRAP_SINGLE_VALUE'),
    wrapByDefault: session.get('ksql.persistence.wrap.single.values')?.toLowerCase() !== 'false',
    timestamp:
      timestamp === undefined ? undefined : { column: columnName(timestamp), pattern: text('TIMESTAMP_FORMAT') },
    window: readWindow(text('WINDOW_TYPE')?.toUpperCase(), text('WINDOW_SIZE')),
    queryId: text('QUERY_ID')?.toUpperCase(),
  };
}

const JAVA_CLASSES: Readonly<Partial<Record<Expression['kind'], string>>> = {
  integer: 'Integer',
  boolean: 'Boolean',
  double: 'Double',
  decimal: 'BigDecimal',
};

/** Kafka's ConfigDef, which ksqlDB reads properties with, takes no number for a text. */
function textOf(clause: WithClause, name: string): string | undefined {
  const given = JAVA_CLASSES[clause.get(name)?.kind ?? 'string'];
  const text = withText(clause, name);
  if (given === undefined) return text;
  throw new StatementError(
    `Invalid value ${text} for configuration ${name}: Expected value to be a string, but it was a java.lang.${given}`,
  );
}

/** What the broker would say of a topic that is to be made. */
export function checkTopicName(topic: string): void {
  const problem = invalidTopicName(topic);
  if (problem !== undefined) throw new StatementError(problem);
}

/** A column in a string: upper-cased unless it is quoted there. */
function columnName(text: string): string {
  const quoted = /^([`"])(.*)\1$/.exec(text);
  return quoted?.[2] ?? text.toUpperCase();
}

function whole(clause: WithClause, name: string): number | undefined {
  const text = withText(clause, name);
  if (text === undefined) return undefined;
  if (!/^-?\d+$/.test(text))
    throw new StatementError(`Invalid value ${text} for configuration ${name}: Not a number of type INT`);
  const least = LEAST[name];
  if (least !== undefined && (Number(text) < least || (name === 'REPLICAS' && Number(text) === 0))) {
    throw new StatementError(`Invalid value ${text} for configuration ${name}: Value must be at least ${least}`);
  }
  return Number(text);
}

const LEAST: Readonly<Record<string, number>> = { PARTITIONS: 1, REPLICAS: -1 };

function bool(clause: WithClause, name: string): boolean | undefined {
  const text = withText(clause, name)?.toLowerCase();
  if (text === undefined) return undefined;
  if (text !== 'true' && text !== 'false') {
    throw new StatementError(
      `Invalid value ${text} for configuration ${name}: Expected value to be either true or false`,
    );
  }
  return text === 'true';
}

function nullableRepresentation(clause: WithClause, name: string): NullableRepresentation | undefined {
  const text = withText(clause, name)?.toUpperCase();
  if (text === undefined || text === 'OPTIONAL' || text === 'WRAPPER') return text;
  throw new StatementError(
    `Invalid value ${text} for configuration ${name}: String must be one of: OPTIONAL, WRAPPER, null`,
  );
}

function delimiter(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (text.toUpperCase() === 'TAB') return '\t';
  if (text.toUpperCase() === 'SPACE') return ' ';
  if (text === '') {
    throw new StatementError(
      "Delimiter cannot be empty, if you meant to have a tab or space for delimiter, please use the special values 'TAB' or 'SPACE'\nExample valid value: ';'",
    );
  }
  if (text.length !== 1) {
    throw new StatementError(`Invalid delimiter value: '${text}'. Delimiter must be a single character or TAB,SPACE`);
  }
  return text;
}

function readWindow(type: string | undefined, size: string | undefined): SourceWindow | undefined {
  if (type === undefined) {
    if (size !== undefined)
      throw new StatementError("'WINDOW_SIZE' property should only be set if 'WINDOW_TYPE' is set");
    return undefined;
  }
  if (type !== 'TUMBLING' && type !== 'HOPPING' && type !== 'SESSION') {
    throw new StatementError(
      `Invalid value ${type} for configuration WINDOW_TYPE: String must be one of: SESSION, HOPPING, TUMBLING, null`,
    );
  }
  if (type === 'SESSION') {
    if (size !== undefined) throw new StatementError("'WINDOW_SIZE' should not be set for SESSION windows.");
    return { kind: type, sizeMs: undefined };
  }
  if (size === undefined)
    throw new StatementError(
      `${type} windows require 'WINDOW_SIZE' to be provided in the WITH clause. For example: 'WINDOW_SIZE'='10 SECONDS'`,
    );
  return { kind: type, sizeMs: windowSizeMs(size) };
}

function windowSizeMs(text: string): number {
  try {
    const sizeMs = parseDurationText(text).ms;
    if (sizeMs > 0) return sizeMs;
  } catch (failure) {
    if (!(failure instanceof KsqlSyntaxError)) throw failure;
  }
  throw new StatementError(
    `Configuration WINDOW_SIZE is invalid: Invalid duration: '${text}'. It is a number and a unit: 10 SECONDS`,
  );
}

/** Maps have no order, so two equal ones could lie in two partitions. */
function checkNoMaps(columns: readonly Column[]): void {
  const found = columns.find(({ type }) => hasMap(type));
  if (found === undefined) return;
  throw new StatementError(
    `Map keys, including types that contain maps, are not supported as they may lead to unexpected behavior due to inconsistent serialization. Key column name: \`${found.name}\`. Column type: ${formatType(found.type)}. See https://github.com/confluentinc/ksql/issues/6621 for more.`,
  );
}

function hasMap(type: SqlType): boolean {
  if (type.kind === 'ARRAY') return hasMap(type.element);
  return type.kind === 'MAP' || (type.kind === 'STRUCT' && type.fields.some((field) => hasMap(field.type)));
}

/** Schemas by id or name are those of a registry: for formats that use it. */
function checkSchemaOf(role: 'key' | 'value', format: Format, properties: SourceProperties): void {
  const [id, name] =
    role === 'key'
      ? [properties.keySchemaId, properties.keySchemaFullName]
      : [properties.valueSchemaId, properties.valueSchemaFullName];
  const prefix = role.toUpperCase();
  if (id !== undefined && !format.inference) {
    throw new StatementError(
      `${prefix}_FORMAT should support schema inference when ${prefix}_SCHEMA_ID is provided. Current format is ${format.name}.`,
    );
  }
  if (name === undefined) return;
  if (!format.inference) {
    throw new StatementError(`${format.name} does not support the following configs: [fullSchemaName]`);
  }
  if (name.trim() === '') throw new StatementError('fullSchemaName cannot be empty.');
}

/** What a format can't hold, as ksqlDB's serdes say it. */
function checkColumns(
  format: Format,
  role: 'key' | 'value',
  columns: readonly Column[],
  { wrapSingleValue: wrap }: SourceProperties,
): void {
  try {
    format.check(columns, role);
  } catch (failure) {
    if (!(failure instanceof StatementError)) throw failure;
    const features = role === 'key' || wrap === undefined ? '' : wrap ? 'WRAP_SINGLES' : 'UNWRAP_SINGLES';
    throw new StatementError(
      `${role === 'key' ? 'Key' : 'Value'} format does not support schema.\nformat: ${format.name}\nschema: Persistence{columns=${formatColumns(columns, role)}, features=[${features}]}\nreason: ${failure.message}`,
    );
  }
}

/** How keys or values are laid out: one key column stands alone, one value column only if it is asked for. */
export function recordFormat(
  role: 'key' | 'value',
  source: string,
  name: string,
  columns: readonly Column[],
  properties: SourceProperties,
): RecordFormat {
  const format = formatNamed(name);
  if (role === 'key') checkNoMaps(columns);
  checkColumns(format, role, columns, properties);
  const delimiter = role === 'key' ? properties.keyDelimiter : properties.valueDelimiter;
  if (delimiter !== undefined && format.name !== 'DELIMITED' && properties.delimiterGiven !== false) {
    throw new StatementError(
      `${format.name} does not support the following configs: [delimiter] (${role.toUpperCase()}_DELIMITER)`,
    );
  }
  const { wrapSingleValue } = properties;
  if (role === 'value' && wrapSingleValue !== undefined) {
    if (columns.length !== 1)
      throw new StatementError("'WRAP_SINGLE_VALUE' is only valid for single-field value schemas");
    if (format.wrapping === 'never' || (format.wrapping === 'always' && !wrapSingleValue)) {
      throw new StatementError(
        `Format '${format.name}' does not support 'WRAP_SINGLE_VALUE' set to '${wrapSingleValue}'.`,
      );
    }
  }
  checkSchemaOf(role, format, properties);
  const nullable = role === 'key' ? properties.keyNullable : properties.valueNullable;
  if (nullable !== undefined && !format.name.startsWith('PROTOBUF')) {
    throw new StatementError(
      `${format.name} does not support the following configs: [${role.toUpperCase()}_PROTOBUF_NULLABLE_REPRESENTATION]`,
    );
  }
  const wrapped =
    format.wrapping === 'always' ||
    (format.wrapping === 'choice' &&
      (columns.length > 1 || (role === 'value' && (wrapSingleValue ?? properties.wrapByDefault))));
  return {
    format: format.name,
    wrapped,
    delimiter: delimiter ?? ',',
    schemaFullName:
      role === 'key'
        ? (properties.keySchemaFullName ?? format.keySchemaName?.(source))
        : properties.valueSchemaFullName,
    schemaId: role === 'key' ? properties.keySchemaId : properties.valueSchemaId,
    nullable,
  };
}
