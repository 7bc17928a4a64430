import type { KsqlEntity } from '../kinds/ksqldb/ksql.js';
import { cellText, dataTable, rowCount } from './data-table.js';

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An entity of a /ksql answer for people: lists as tables, descriptions as names and values, commands as what was done. */
export function entityText(entity: KsqlEntity, terminalColumns?: number): string {
  const { '@type': _, statementText: __, warnings, ...rest } = entity;
  const warned = (Array.isArray(warnings) ? warnings : []).map(
    (one) => `warning: ${isFields(one) ? cellText(one.message) : cellText(one)}\n`,
  );
  return `${bodyText(rest, terminalColumns)}${warned.join('')}`;
}

function bodyText(fields: Fields, terminalColumns: number | undefined): string {
  const status = fields.commandStatus;
  if (isFields(status)) return `${cellText(status.message)}\n`;
  const description = fields.sourceDescription ?? fields.queryDescription;
  if (isFields(description)) return descriptionText(description);
  const list = Object.values(fields).find((value) => Array.isArray(value) && value.length > 0);
  if (Array.isArray(list)) return listText(list, terminalColumns);
  if (Object.values(fields).some((value) => Array.isArray(value))) return rowCount(0);
  return descriptionText(fields);
}

function listText(list: readonly unknown[], terminalColumns: number | undefined): string {
  const objects = list.filter(isFields);
  if (objects.length < list.length)
    return `${list.map((one) => `${cellText(one)}\n`).join('')}${rowCount(list.length)}`;
  // A statement's text is the longest: it comes last.
  const names = [...new Set(objects.flatMap((one) => Object.keys(one)))];
  const columns = [
    ...names.filter((name) => name !== 'queryString'),
    ...names.filter((name) => name === 'queryString'),
  ];
  const rows = objects.map((one) => columns.map((name) => shortened(one[name])));
  return `${dataTable(columns, rows, terminalColumns)}${rowCount(rows.length)}`;
}

/** Statements of several lines are one line of a table. */
const shortened = (value: unknown): unknown => (typeof value === 'string' ? value.replace(/\s+/g, ' ') : value);

function descriptionText(fields: Fields): string {
  const entries = Object.entries(fields).filter(
    ([, value]) => value !== '' && value !== null && !(Array.isArray(value) && value.length === 0),
  );
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  return entries
    .map(([name, value]) => {
      if (name === 'fields' && Array.isArray(value)) return fieldsText(value.filter(isFields));
      if (name === 'readQueries' || name === 'writeQueries') return `${name.padEnd(width)}  ${idsOf(value)}\n`;
      return `${name.padEnd(width)}  ${cellText(shortened(value))}\n`;
    })
    .join('');
}

const idsOf = (queries: unknown): string =>
  (Array.isArray(queries) ? queries.filter(isFields) : []).map(({ id }) => cellText(id)).join(', ');

function fieldsText(fields: readonly Fields[]): string {
  const rows = fields.map(({ name, schema, type }) => [name, typeText(schema), type ?? '']);
  return dataTable(['field', 'type', ''], rows);
}

/** `STRUCT<A INT, B ARRAY<STRING>>` of a schema as DESCRIBE answers it. */
function typeText(schema: unknown): string {
  if (!isFields(schema)) return cellText(schema);
  const { type, fields, memberSchema, parameters } = schema;
  if (isFields(parameters)) return `${cellText(type)}(${Object.values(parameters).map(cellText).join(', ')})`;
  if (Array.isArray(fields)) {
    return `${cellText(type)}<${fields
      .filter(isFields)
      .map((one) => `${cellText(one.name)} ${typeText(one.schema)}`)
      .join(', ')}>`;
  }
  return isFields(memberSchema) ? `${cellText(type)}<${typeText(memberSchema)}>` : cellText(type);
}
