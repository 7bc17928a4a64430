import type { DocumentsClient, FieldValue } from '../../clients/documents/contract.js';
import { fieldValueOf } from '../../clients/documents/field-value.js';
import { type ColumnType, plainType } from '../../consistency/column-types.js';
import type { DocumentsPlace } from '../../consistency/documents-side.js';
import { expressionType, readTableFacts, type TableFacts } from '../../consistency/table-facts.js';
import { quoteColumn, type TablePlace } from '../../consistency/table-place.js';
import type { TableReader } from '../../consistency/table-reader.js';
import type { Located } from '../../pipeline/pipeline.js';
import { quoteLiteral } from '../../protocol/sql.js';
import { EvpipeError, type SourceLocation } from '../../support/errors.js';
import { isSqlFault, requireConditions } from './declared-sql.js';
import type { CompareSection, QueryPlaceSection, SinglePlaceSection, TablePlaceSection } from './section.js';

export type Check = Located & CompareSection;

export interface OpenedTable {
  readonly kind: 'table';
  readonly place: TablePlace;
  readonly constants: SinglePlaceSection['constants'];
  readonly reader: TableReader;
  readonly facts: TableFacts;
}

/** One end of a check, opened: a table or query whose columns are known, or documents, whose fields are known one by one. */
export type Opened =
  | OpenedTable
  | {
      readonly kind: 'documents';
      readonly place: DocumentsPlace;
      readonly constants: SinglePlaceSection['constants'];
      readonly client: DocumentsClient;
    };

/** What is compared with what: a column's name and expression, or a field's path, and its type. */
export interface Operand {
  readonly name: string;
  readonly expression: string;
  /** Undefined for a document's field. */
  readonly type: ColumnType | undefined;
  readonly column?: string;
  /** What only the file says of all rows. */
  readonly constant?: FieldValue;
}

/** Rows for which `where` is true too. */
function tablePlaceOf(declared: TablePlaceSection | QueryPlaceSection, where?: string): TablePlace {
  const { database, deleted } = declared;
  const alive = deleted === undefined ? undefined : `(${deleted}) IS NOT TRUE`;
  const conditions = [declared.where, alive, where].flatMap((one) => (one === undefined ? [] : [`(${one})`]));
  const rows = conditions.length === 0 ? undefined : conditions.join(' AND ');
  return declared.kind === 'table'
    ? { database, table: declared.table, where: rows, marksDeleted: deleted !== undefined }
    : { database, table: '(query)', query: declared.query, where: rows };
}

export async function openTable(
  declared: TablePlaceSection | QueryPlaceSection,
  check: Check,
  {
    reader,
    where,
    signal,
  }: { readonly reader: TableReader; readonly where?: string | undefined; readonly signal: AbortSignal },
): Promise<OpenedTable> {
  const place = tablePlaceOf(declared, where);
  const facts = await factsOf(place, check, reader, signal);
  await requireConditions(declared, check, { reader, where, signal });
  return { kind: 'table', place, constants: declared.constants, reader, facts };
}

async function factsOf(place: TablePlace, check: Check, reader: TableReader, signal: AbortSignal): Promise<TableFacts> {
  try {
    return await readTableFacts(reader, place, signal);
  } catch (failure) {
    const wrong =
      failure instanceof EvpipeError &&
      (failure.code === 'EVPIPE_TABLE_MISSING' || (place.query !== undefined && isSqlFault(failure)));
    if (!wrong) throw failure;
    const what = place.query === undefined ? '' : `the query over ${place.database} cannot run: `;
    throw new EvpipeError(failure.code, `${what}${failure.message}`, {
      location: check.location,
      kind: 'usage',
      cause: failure,
    });
  }
}

export async function replicaOperand(
  name: string,
  section: 'key' | 'columns',
  check: Check,
  replica: Opened,
  signal: AbortSignal,
): Promise<Operand> {
  const from = check.meanings.get(name)?.replica;
  if (replica.kind === 'documents') return { name, expression: from ?? name, type: undefined };
  if (from !== undefined) return expressionOperand(name, from, section, check, replica, signal);
  const type = replica.facts.columns.get(name);
  if (type !== undefined) return { name, expression: quoteColumn(name), type, column: name };
  const has = [...replica.facts.columns.keys()].join(', ');
  throw new EvpipeError('EVPIPE_COLUMN_MISSING', `${tableName(replica)} has no column ${name}; it has ${has}`, {
    kind: 'usage',
    location: placeOfColumn(check, section, name),
  });
}

const tableName = ({ place }: OpenedTable): string =>
  place.query === undefined ? `table ${place.table}` : `the query over ${place.database}`;

/** A column that only the file gives the source, of the type of the column beside it. */
export function constantOperand(
  name: string,
  from: string,
  source: Opened,
  otherType: ColumnType | undefined,
): Operand | undefined {
  const value = source.constants.get(from);
  if (value === undefined) return undefined;
  const constant = fieldValueOf(value);
  if (source.kind === 'documents') return { name, expression: from, type: undefined, constant };
  const type =
    otherType ?? plainType(typeof value === 'number' ? 'numeric' : typeof value === 'boolean' ? 'boolean' : 'text');
  const literal = value === null ? 'NULL' : quoteLiteral(String(value));
  return { name, expression: `${literal}::${type.shown}`, type, constant };
}

export async function sourceOperand(
  name: string,
  from: string,
  section: 'key' | 'columns',
  check: Check,
  source: Opened,
  signal: AbortSignal,
): Promise<Operand> {
  if (source.kind === 'documents') return { name, expression: from, type: undefined };
  return expressionOperand(name, from, section, check, source, signal);
}

/** A column of the table, or SQL over it. */
async function expressionOperand(
  name: string,
  from: string,
  section: 'key' | 'columns',
  check: Check,
  side: OpenedTable,
  signal: AbortSignal,
): Promise<Operand> {
  const plain = side.facts.columns.get(from);
  if (plain !== undefined) return { name, expression: quoteColumn(from), type: plain, column: from };
  try {
    return { name, expression: from, type: await expressionType(side.reader, side.place, from, signal) };
  } catch (failure) {
    if (!isSqlFault(failure)) throw failure;
    const has = [...side.facts.columns.keys()].join(', ');
    throw new EvpipeError(
      'EVPIPE_COLUMN_MISSING',
      `${from} is neither a column of ${tableName(side)} (${has}) nor SQL over it: ${failure.message}`,
      {
        ...{ kind: 'usage', location: placeOfColumn(check, section, name), cause: failure },
        ...(failure.todo === undefined ? {} : { todo: failure.todo }),
      },
    );
  }
}

/** Of the column itself, whether the file has a mapping or a list of them. */
function placeOfColumn(check: Check, section: 'key' | 'columns', name: string): SourceLocation {
  const all = check.locationOf(section);
  const one = check.locationOf(section, name);
  if (one.line !== all.line || one.column !== all.column) return one;
  return check.locationOf(section, String([...(check[section]?.keys() ?? [])].indexOf(name)));
}
