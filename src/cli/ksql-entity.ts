import type { KsqlEntity } from '../kinds/ksqldb/ksql.js';
import { printable } from '../ui/text/printable.js';
import { cellText, dataTable, rowCount } from './data-table.js';

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const fieldsIn = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isFields) : []);

type EntityText = (entity: Fields, terminalColumns: number | undefined) => string;

/** How entities are shown that neither are lists of alike things nor say what was done. */
const TEXTS: Readonly<Record<string, EntityText>> = {
  sourceDescription: ({ sourceDescription }, width) => descriptionText(sourceDescription, width),
  source_descriptions: ({ sourceDescriptions }, width) => descriptionsText(sourceDescriptions, width),
  queryDescription: ({ queryDescription }, width) => descriptionText(queryDescription, width),
  query_descriptions: ({ queryDescriptions }, width) => descriptionsText(queryDescriptions, width),
  describe_function: functionText,
  type_list: ({ types }, width) => typesText(types, width),
};

/** The columns of lists that have more than a terminal; all of the others. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  queries: ['id', 'queryType', 'state', 'sinks', 'queryString'],
};

/** An entity of a /ksql answer for people: lists as tables, descriptions as names and values, commands as what was done. */
export function entityText(entity: KsqlEntity, terminalColumns?: number): string {
  const { '@type': type, statementText: _, warnings, ...rest } = entity;
  const warned = (Array.isArray(warnings) ? warnings : []).map(
    (one) => `warning: ${isFields(one) ? cellText(one.message) : cellText(one)}\n`,
  );
  const text = TEXTS[String(type)] ?? ((fields) => plainText(fields, COLUMNS[String(type)], terminalColumns));
  return `${text(rest, terminalColumns)}${warned.join('')}`;
}

function plainText(fields: Fields, columns: readonly string[] | undefined, width: number | undefined): string {
  const status = fields.commandStatus;
  if (isFields(status)) return `${cellText(status.message)}\n`;
  const lists = Object.values(fields).filter((value) => Array.isArray(value));
  const list = lists.find((value) => value.length > 0);
  if (list !== undefined) return listText(list, columns, width);
  return lists.length > 0 ? rowCount(0) : descriptionText(fields, width);
}

function listText(list: readonly unknown[], columns: readonly string[] | undefined, width: number | undefined): string {
  const objects = list.filter(isFields);
  if (objects.length < list.length)
    return `${list.map((one) => `${cellText(one)}\n`).join('')}${rowCount(list.length)}`;
  const names = columns ?? [...new Set(objects.flatMap((one) => Object.keys(one)))];
  const rows = objects.map((one) => names.map((name) => shown(one[name])));
  return `${dataTable(names, rows, width)}${rowCount(rows.length)}`;
}

/** Texts of several lines on one, and lists of words as words. */
function shown(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\s+/g, ' ');
  return Array.isArray(value) && value.every((one) => typeof one !== 'object') ? value.map(cellText).join(', ') : value;
}

/** What a description has that is a table. */
const TABLES: Readonly<Record<string, (value: unknown, terminalColumns: number | undefined) => string>> = {
  fields: (fields, width) => fieldsText(fieldsIn(fields), width),
  queryOffsetSummaries: (groups, width) =>
    fieldsIn(groups)
      .map((group) => offsetsText(group, width))
      .join('\n'),
};

const descriptionsText = (descriptions: unknown, width: number | undefined): string =>
  fieldsIn(descriptions)
    .map((one) => descriptionText(one, width))
    .join('\n') || rowCount(0);

/** Names and values; below them what takes several lines. */
function descriptionText(description: unknown, terminalColumns: number | undefined): string {
  if (!isFields(description)) return '';
  const facts = Object.entries(description).filter(([, value]) => tells(value));
  const isLong = ([name, value]: readonly [string, unknown]): boolean =>
    name in TABLES || (typeof value === 'string' && value.trim().includes('\n'));
  const short = facts.filter((fact) => !isLong(fact));
  const width = Math.max(0, ...short.map(([name]) => name.length));
  const lines = short.map(([name, value]) => {
    const text = name === 'readQueries' || name === 'writeQueries' ? idsOf(value) : shown(value);
    return `${name.padEnd(width)}  ${cellText(text)}\n`;
  });
  const blocks = facts.filter(isLong).map(([name, value]) => {
    const table = TABLES[name];
    if (table !== undefined) return `\n${table(value, terminalColumns)}`;
    return `\n${name}\n${String(value)
      .trimEnd()
      .split('\n')
      .map((each) => `  ${printable(each.replaceAll('\t', '  '))}\n`)
      .join('')}`;
  });
  return [...lines, ...blocks].join('');
}

/** What is not known, or only with EXTENDED, is left out. */
const tells = (value: unknown): boolean =>
  value !== '' && value !== null && value !== false && value !== 0 && !(Array.isArray(value) && value.length === 0);

const idsOf = (queries: unknown): string =>
  fieldsIn(queries)
    .map(({ id }) => cellText(id))
    .join(', ');

/** How far a query has come in its topics. */
function offsetsText({ groupId, topicSummaries }: Fields, width: number | undefined): string {
  const rows = fieldsIn(topicSummaries).flatMap(({ kafkaTopic, offsets }) =>
    fieldsIn(offsets).map(({ partition, logStartOffset, logEndOffset, consumerOffset }) => [
      kafkaTopic,
      partition,
      logStartOffset,
      logEndOffset,
      consumerOffset,
      Number(logEndOffset) - Number(consumerOffset),
    ]),
  );
  return `${cellText(groupId)}\n${dataTable(['topic', 'partition', 'start', 'end', 'offset', 'lag'], rows, width)}`;
}

/** `NAME(TYPE, TYPE...) → TYPE` of each signature, below what the function does. */
function functionText({ name, type, description, functions }: Fields): string {
  const signatures = fieldsIn(functions).map(({ arguments: given, returnType }) => {
    const types = fieldsIn(given).map((one) => `${cellText(one.type)}${one.isVariadic === true ? '...' : ''}`);
    return `  ${cellText(name)}(${types.join(', ')}) → ${cellText(returnType)}\n`;
  });
  return `${cellText(name)}, ${cellText(type)}: ${cellText(description)}\n${signatures.join('')}`;
}

function typesText(types: unknown, width: number | undefined): string {
  const rows = isFields(types) ? Object.entries(types).map(([name, schema]) => [name, typeText(schema)]) : [];
  return rows.length === 0 ? rowCount(0) : `${dataTable(['name', 'type'], rows, width)}${rowCount(rows.length)}`;
}

function fieldsText(fields: readonly Fields[], width: number | undefined): string {
  const rows = fields.map(({ name, schema, type }) => [name, typeText(schema), type ?? '']);
  return dataTable(['field', 'type', ''], rows, width);
}

/** `STRUCT<A INT, B ARRAY<STRING>>` of a schema as DESCRIBE answers it. */
function typeText(schema: unknown): string {
  if (!isFields(schema)) return cellText(schema);
  const { type, fields, memberSchema, parameters } = schema;
  if (isFields(parameters)) return `${cellText(type)}(${Object.values(parameters).map(cellText).join(', ')})`;
  if (Array.isArray(fields)) {
    return `${cellText(type)}<${fieldsIn(fields)
      .map((one) => `${cellText(one.name)} ${typeText(one.schema)}`)
      .join(', ')}>`;
  }
  return isFields(memberSchema) ? `${cellText(type)}<${typeText(memberSchema)}>` : cellText(type);
}
