import type { ColumnDefinition, StatementOf, WithClause } from '../../protocol/ksql/ast.js';
import { formatCreate } from '../../protocol/ksql/format-statement.js';
import { formatType, sameType } from '../../protocol/ksql/types.js';
import { withEntry } from '../../protocol/ksql/with-values.js';
import { messageOf } from '../../support/errors.js';
import { registerSchema } from '../formats/register-schema.js';
import type { Registry } from '../formats/registry.js';
import { formatNamed } from '../formats/table.js';
import { patternParts } from '../functions/java-pattern.js';
import { resolveType } from '../metadata/named-types.js';
import { type Column, formatColumn, formatSchema, type RowSchema } from '../metadata/schema.js';
import type { Source } from '../metadata/source.js';
import { isSystemColumn } from '../query/projection.js';
import { during, failAt, StatementError } from '../statement-error.js';
import type { Circumstances } from './circumstances.js';
import { missingSchemaMessage } from './missing-schema.js';
import type { Properties } from './properties.js';
import { checkTopicName, readSourceProperties, recordFormat, type SourceProperties } from './with-properties.js';

type CreateSource = StatementOf<'create-source'>;

export type DeclaredSource =
  /** IF NOT EXISTS: nothing to do. */
  | { readonly kind: 'exists'; readonly existing: Source }
  | {
      readonly kind: 'new';
      /** With its columns, their types and formats written out: it means the same wherever it is read again. */
      readonly statement: CreateSource;
      readonly source: Source;
      readonly properties: SourceProperties;
    };

/** CREATE STREAM or TABLE without a query, as far as topics play no part. Throws StatementError. */
export async function declareSource(
  given: CreateSource,
  { metastore, properties: session, registry }: Circumstances,
): Promise<DeclaredSource> {
  const statement = { ...given, with: withDefaultFormats(given.with, session) };
  const kind = statement.type.toLowerCase();
  const existing = metastore.sources.get(statement.name);
  if (statement.orReplace && (statement.readOnly || existing?.readOnly === true)) {
    throw new StatementError(
      `Cannot add ${kind} '${statement.name}': CREATE OR REPLACE is not supported on source streams or tables.`,
    );
  }
  const properties = readSourceProperties(statement.with, 'source', session);
  during('Failed to prepare statement', () => checkRoles(statement));
  if (existing !== undefined && statement.ifNotExists && !statement.orReplace) return { kind: 'exists', existing };
  const { topic = statement.name } = properties;
  if (properties.partitions !== undefined) checkTopicName(topic);
  const inferred = await withInferredColumns(statement, properties, topic, registry);
  if (existing !== undefined && !statement.orReplace) throw alreadyExists(kind, existing);
  checkReserved(inferred);
  const { types } = metastore;
  const columns = inferred.columns.map((column) => ({ ...column, type: resolveType(column.type, types) }));
  const completed = { ...inferred, columns };
  const source = sourceOf(completed, types, session);
  if (existing !== undefined) checkReplacement(existing, source);
  return { kind: 'new', statement: completed, source, properties };
}

export const alreadyExists = (kind: string, { name, type }: Source): StatementError =>
  new StatementError(`Cannot add ${kind} '${name}': A ${type.toLowerCase()} with the same name already exists`);

/** Given columns are registered, unless a schema is there already: then data decides, as in ksqlDB. So is a schema given by id. */
export async function registerGiven(
  source: Source,
  { columns }: CreateSource,
  registry: Registry | undefined,
): Promise<void> {
  const given = {
    key: columns.some(({ role }) => role === 'KEY' || role === 'PRIMARY KEY'),
    value: columns.some(({ role }) => role === undefined),
  };
  for (const role of ['key', 'value'] as const) {
    const { format, schemaId } = source[role];
    if (formatNamed(format).prepare === undefined || !(given[role] || schemaId !== undefined)) continue;
    if (
      schemaId === undefined &&
      registry !== undefined &&
      (await registry.latest(`${source.topic}-${role}`)) !== undefined
    )
      continue;
    await registerSchema(source, role, registry);
  }
}

/** What no text was written for. */
const START = { offset: 0, line: 1, column: 1 };

const DEFAULT_FORMATS = [
  ['KEY_FORMAT', 'ksql.persistence.default.format.key', 'KAFKA'],
  ['VALUE_FORMAT', 'ksql.persistence.default.format.value', undefined],
] as const;

/** They become part of the statement: it means the same when it is read again without the session that made it. */
function withDefaultFormats(clause: WithClause, properties: Properties): WithClause {
  const completed = new Map(clause);
  if (clause.has('FORMAT')) return completed;
  for (const [name, property, otherwise] of DEFAULT_FORMATS) {
    const value = properties.get(property) ?? otherwise;
    if (value !== undefined && !clause.has(name)) completed.set(name, withEntry(value));
  }
  return completed;
}

function checkRoles({ type, columns }: CreateSource): void {
  const keys = columns.filter(({ role }) => role === 'KEY' || role === 'PRIMARY KEY');
  const wrong = type === 'STREAM' ? 'PRIMARY KEY' : 'KEY';
  const found = keys.find(({ role }) => role === wrong);
  if (found !== undefined) {
    const right = type === 'STREAM' ? "'KEY' for streams" : "'PRIMARY KEY' for tables";
    throw failAt(
      found.at ?? START,
      `Column \`${found.name}\` is a '${wrong}' column: please use ${right}.\nTables have PRIMARY KEYs, which are unique and NON NULL.\nStreams have KEYs, which have no uniqueness or NON NULL constraints.`,
    );
  }
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name)) throw new StatementError(`Duplicate column names: \`${name}\``);
    seen.add(name);
  }
}

function checkReserved({ columns }: CreateSource): void {
  const found = columns.find(({ name }) => isSystemColumn(name));
  if (found === undefined) return;
  throw new StatementError(`'${found.name}' is a reserved column name. You cannot use it as a name for a column.`);
}

async function withInferredColumns(
  statement: CreateSource,
  properties: SourceProperties,
  topic: string,
  registry: Registry | undefined,
): Promise<CreateSource> {
  const valueFormat = formatNamed(requireValueFormat(properties));
  const keyFormat = formatNamed(properties.keyFormat ?? 'KAFKA');
  const inferred: ColumnDefinition[] = [];
  const isKey = ({ role }: ColumnDefinition): boolean => role === 'KEY' || role === 'PRIMARY KEY';
  const isValue = ({ role }: ColumnDefinition): boolean => role === undefined;
  if (keyFormat.inference) checkOneOrigin('KEY_SCHEMA_ID', statement, isKey);
  if (valueFormat.inference) checkOneOrigin('VALUE_SCHEMA_ID', statement, isValue);
  const column = (from: Column, role: ColumnDefinition['role']): ColumnDefinition => ({
    ...from,
    role,
    header: undefined,
  });
  if (keyFormat.infer !== undefined && !statement.columns.some(isKey) && registry !== undefined) {
    const found = await keyFormat.infer(registry, {
      topic,
      role: 'key',
      wrapped: false,
      schemaId: properties.keySchemaId,
      schemaFullName: properties.keySchemaFullName,
    });
    if (found === undefined) throw new StatementError(missingSchemaMessage(topic, 'key'));
    const role = statement.type === 'TABLE' ? 'PRIMARY KEY' : 'KEY';
    inferred.push(...found.columns.map((each) => column(each, role)));
  }
  inferred.push(...statement.columns);
  if (valueFormat.infer !== undefined && !statement.columns.some(isValue)) {
    if (registry === undefined)
      throw new StatementError('The engine has no Schema Registry: columns must be given', 42801);
    const found = await valueFormat.infer(registry, {
      topic,
      role: 'value',
      wrapped: properties.wrapSingleValue !== false,
      schemaId: properties.valueSchemaId,
      schemaFullName: properties.valueSchemaFullName,
    });
    if (found === undefined) throw new StatementError(missingSchemaMessage(topic, 'value'));
    inferred.push(...found.columns.map((each) => column(each, undefined)));
  }
  if (inferred.length === 0) throw new StatementError('The statement does not define any columns.');
  if (statement.type === 'TABLE' && !inferred.some(isKey)) {
    throw new StatementError(
      'Tables require a PRIMARY KEY. Please define the PRIMARY KEY.\nYou can define the PRIMARY KEY by adding the PRIMARY KEY keyword to a column definition.',
    );
  }
  return { ...statement, columns: inferred };
}

/** Columns are given or those of a schema, not both. */
function checkOneOrigin(
  id: string,
  { with: clause, columns }: CreateSource,
  ofRole: (column: ColumnDefinition) => boolean,
): void {
  if (!clause.has(id) || !columns.some(ofRole)) return;
  throw new StatementError(`Table elements and ${id} cannot both exist for create statement.`);
}

function requireValueFormat(properties: SourceProperties): string {
  if (properties.valueFormat !== undefined) return properties.valueFormat;
  throw new StatementError(
    "Statement is missing the 'VALUE_FORMAT' property from the WITH clause. Either provide one or set a default via the 'ksql.persistence.default.format.value' config.",
  );
}

/** A statement with all its columns, as a source. */
export function sourceOf(
  statement: CreateSource,
  types: ReadonlyMap<string, Column['type']>,
  session: Properties,
): Source {
  const properties = readSourceProperties(statement.with, 'source', session);
  const columns = statement.columns.map((column) => ({ ...column, type: resolveType(column.type, types) }));
  const plain = ({ name, type }: Column): Column => ({ name, type });
  const schema: RowSchema = {
    key: columns.filter(({ role }) => role === 'KEY' || role === 'PRIMARY KEY').map(plain),
    value: columns.filter(({ role }) => role === undefined).map(plain),
    headers: columns
      .filter(({ role }) => role === 'HEADER' || role === 'HEADERS')
      .map((column) => ({ ...plain(column), header: column.header })),
  };
  checkHeaders(schema);
  if (properties.window !== undefined && schema.key.length === 0) {
    throw new StatementError('Windowed sources require a key column.');
  }
  const keyFormat = properties.keyFormat ?? 'KAFKA';
  const { timestamp } = properties;
  if (timestamp !== undefined) checkTimestamp(schema, timestamp);
  return {
    name: statement.name,
    type: statement.type,
    schema,
    topic: properties.topic ?? statement.name,
    key: recordFormat('key', statement.name, keyFormat, schema.key, properties),
    value: recordFormat('value', statement.name, requireValueFormat(properties), schema.value, properties),
    timestamp,
    window: properties.window,
    readOnly: statement.readOnly,
    statement: `${formatCreate(statement)};`,
    query: undefined,
    madeFrom: [],
  };
}

function checkHeaders({ headers }: RowSchema): void {
  const all = headers.find(({ header }) => header === undefined);
  const more = headers.find((each) => each !== all);
  if (all !== undefined && more !== undefined) {
    throw new StatementError('Schema already contains a HEADERS column.');
  }
  const twice = headers.find(({ header }, at) => headers.findIndex((each) => each.header === header) !== at);
  if (twice !== undefined) {
    throw new StatementError(`Schema already contains a HEADER('${twice.header}') column.`);
  }
  for (const { type, header } of headers) {
    const wanted = header === undefined ? 'ARRAY<STRUCT<`KEY` STRING, `VALUE` BYTES>>' : 'BYTES';
    if (formatType(type) !== wanted) {
      throw new StatementError(
        `Invalid type for HEADER${header === undefined ? 'S' : `('${header}')`} column: expected ${wanted}, got ${formatType(type)}`,
      );
    }
  }
}

export function checkTimestamp(schema: RowSchema, timestamp: { column: string; pattern: string | undefined }): void {
  const column = [...schema.key, ...schema.value].find(({ name }) => name === timestamp.column);
  if (column === undefined) {
    throw new StatementError(
      `The TIMESTAMP column set in the WITH clause does not exist in the schema: '${timestamp.column}'`,
    );
  }
  const { kind } = column.type;
  if (kind === 'BIGINT' || kind === 'TIMESTAMP') {
    if (timestamp.pattern !== undefined) {
      throw new StatementError(
        `'TIMESTAMP_FORMAT' set in the WITH clause can only be used when the timestamp column is of type STRING.`,
      );
    }
    return;
  }
  if (kind === 'STRING' && timestamp.pattern !== undefined) {
    try {
      patternParts(timestamp.pattern);
    } catch (failure) {
      throw new StatementError(
        `Failed to prepare statement: Invalid datetime format for config:TIMESTAMP_FORMAT, reason:${messageOf(failure)}`,
      );
    }
    return;
  }
  if (kind === 'STRING') {
    throw new StatementError(
      `A String timestamp field has been specified without also specifying the 'timestamp_format'`,
    );
  }
  throw new StatementError(
    `Timestamp column, ${timestamp.column}, should be LONG(INT64), TIMESTAMP, or a String with a timestamp_format specified`,
  );
}

/** CREATE OR REPLACE may only add value columns at the end; the topic stays, with the formats of what is in it. */
export function checkReplacement(existing: Source, next: Source): void {
  const reasons = [
    ...differences(existing, next),
    ...schemaDifferences(existing.schema, next.schema).map(
      (why) =>
        `schema = ${formatSchema(existing.schema)} which is not upgradeable to ${formatSchema(next.schema)}. (${why})`,
    ),
  ].map((reason) => `DataSource '\`${existing.name}\`' has ${reason}`);
  if (reasons.length > 0) throw new StatementError(`Cannot upgrade data source: ${reasons.join('\n\tAND ')}`);
}

const differences = (existing: Source, next: Source): string[] =>
  (
    [
      ['type', `K${existing.type}`, `K${next.type}`],
      ['topic', describeTopic(existing), describeTopic(next)],
    ] as const
  ).flatMap(([what, before, after]) =>
    before === after ? [] : [`${what} = ${before} which is not upgradeable to ${after}`],
  );

/** PT1H30M, as Java prints a duration. */
function isoDuration(ms: number): string {
  const parts = { H: Math.floor(ms / 3_600_000), M: Math.floor(ms / 60_000) % 60, S: (ms % 60_000) / 1000 };
  return `PT${Object.entries(parts)
    .map(([unit, count]) => (count === 0 ? '' : `${count}${unit}`))
    .join('')}`;
}

/** What may not change of a topic, as ksqlDB shows it. */
function describeTopic({ topic, key, value, schema, window }: Source): string {
  const size = window?.sizeMs === undefined ? 'Optional.empty' : `Optional[${isoDuration(window.sizeMs)}]`;
  const windowed = window === undefined ? 'Optional.empty' : `Optional[WindowInfo{type=${window.kind}, size=${size}}]`;
  const [ofKey, ofValue] = ([key, value] as const).map((format, at) => {
    const { format: name, delimiter, schemaFullName } = format;
    const properties = [
      ...(name === 'DELIMITED' && delimiter !== ',' ? [`delimiter=${delimiter}`] : []),
      ...(schemaFullName === undefined ? [] : [`fullSchemaName=${schemaFullName}`]),
    ];
    const single = (at === 0 ? schema.key : schema.value).length === 1;
    const unwrapped = single && !format.wrapped && formatNamed(name).wrapping === 'choice';
    return `format=FormatInfo{format=${name}, properties={${properties.join(', ')}}}, features=[${unwrapped ? 'UNWRAP_SINGLES' : ''}]`;
  });
  return `KsqlTopic{kafkaTopicName='${topic}', keyFormat=KeyFormat{${ofKey}, window=${windowed}}, valueFormat=ValueFormat{${ofValue}}}`;
}

function schemaDifferences(existing: RowSchema, next: RowSchema): string[] {
  const keys = changedIn(existing.key, next.key).map((column) => `${formatColumn(column)} KEY`);
  const values = changedIn(existing.value, next.value).map(formatColumn);
  const listed = (columns: readonly string[]): string =>
    `The following columns are changed, missing or reordered: [${columns.join(', ')}]`;
  return [
    ...(keys.length > 0 || existing.key.length !== next.key.length
      ? [`Key columns must be identical. ${listed(keys)}`]
      : []),
    ...(values.length > 0 ? [listed(values)] : []),
  ];
}

/** The columns that the other list has not in the same place with the same type. */
const changedIn = (columns: readonly Column[], others: readonly Column[]): Column[] =>
  columns.filter((column, at) => {
    const other = others[at];
    return other === undefined || other.name !== column.name || !sameType(other.type, column.type);
  });
