import type { DocumentsClient } from '../../clients/documents/contract.js';
import { type ColumnType, plainType } from '../../consistency/column-types.js';
import type { CompareCheck } from '../../consistency/confirm.js';
import { type DocumentField, type DocumentsPlace, documentsSide } from '../../consistency/documents-side.js';
import { type Form, formsOf, PLAIN_MEANING } from '../../consistency/meaning.js';
import { DOCUMENT, renderForField } from '../../consistency/rendering.js';
import type { Sample, Side } from '../../consistency/side.js';
import { expressionType, readTableFacts, type TableFacts } from '../../consistency/table-facts.js';
import { quoteColumn } from '../../consistency/table-place.js';
import type { TableReader } from '../../consistency/table-reader.js';
import { RECORD_HASH_SINCE, type TableColumn, type TableSideOptions, tableSide } from '../../consistency/table-side.js';
import type { Located } from '../../pipeline/pipeline.js';
import { EvpipeError } from '../../support/errors.js';
import type { Session } from '../session.js';
import {
  type ColumnMap,
  type CompareSection,
  type PlaceSection,
  placeName,
  type TablePlaceSection,
} from './section.js';

type Check = Located & CompareSection;

/** What wiring a check's sides needs beside the session. */
export interface SideOptions {
  /** Shared by all checks: a database gets few connections, whatever the number of checks. */
  readonly reader: (database: string) => TableReader;
  readonly sample?: Sample | undefined;
  /** SQL: of both tables only these rows. */
  readonly where?: string | undefined;
}

/** One end of a check, opened: a table whose columns are known, or documents, whose fields are known one by one. */
type Opened =
  | {
      readonly kind: 'table';
      readonly place: TablePlaceSection;
      readonly reader: TableReader;
      readonly facts: TableFacts;
    }
  | { readonly kind: 'documents'; readonly place: DocumentsPlace; readonly client: DocumentsClient };

/** What is compared with what: a column's name and expression, or a field's path, and its type. */
interface Operand {
  readonly name: string;
  readonly expression: string;
  /** Undefined for a document's field. */
  readonly type: ColumnType | undefined;
  readonly column?: string;
}

interface Pair {
  readonly source: Operand & { readonly form: Form };
  readonly replica: Operand & { readonly form: Form };
}

/** Both sides of a check, with what they compare and skip. Throws EVPIPE_TABLE_MISSING, EVPIPE_COLUMN_MISSING, EVPIPE_COLUMN_TYPES (kind usage). */
export async function wireSides(
  check: Check,
  session: Session,
  options: SideOptions,
): Promise<Pick<CompareCheck, 'source' | 'replica' | 'skipped' | 'tolerances'>> {
  const [source, replica] = await Promise.all([
    openPlace(check.source, check, session, options),
    openPlace(check.replica, check, session, options),
  ]);
  const wanted = check.columns ?? columnsOfBoth(check, source, replica);
  const keyless = check.key.size === 0;
  const [keyMap, columnMap] = keyless ? [wanted, new Map<string, string>()] : [check.key, wanted];
  if (keyMap.size === 0) throw nothingInCommon(check);
  const keys = await pairColumns(keyMap, keyless ? 'columns' : 'key', check, source, replica, session.signal);
  const compared = await pairColumns(columnMap, 'columns', check, source, replica, session.signal);
  const used = new Set([...keyMap.keys(), ...columnMap.keys(), ...keyMap.values(), ...columnMap.values()]);
  const hash = [source, replica].every((one) => one.kind === 'table' && one.facts.server >= RECORD_HASH_SINCE)
    ? 'record'
    : 'md5';
  const side = (opened: Opened, name: keyof Pair): Side =>
    sideOf(opened, name, keys, compared, { hash, sample: options.sample, changed: changedOf(opened, name, check) });
  return {
    source: side(source, 'source'),
    replica: side(replica, 'replica'),
    tolerances: new Map(
      compared.flatMap(({ source: { name }, replica: { name: column } }) => {
        const tolerance = check.meanings.get(column)?.tolerance;
        return tolerance === undefined ? [] : [[name, tolerance] as const];
      }),
    ),
    skipped: [source, replica].flatMap((one) =>
      one.kind === 'table'
        ? [...one.facts.columns.keys()].filter((name) => !used.has(name)).map((name) => `${one.place.table}.${name}`)
        : [],
    ),
  };
}

async function openPlace(
  declared: PlaceSection,
  check: Check,
  session: Session,
  options: SideOptions,
): Promise<Opened> {
  if (declared.kind !== 'table') {
    if (options.where !== undefined) {
      const message = `--where is SQL for tables, but check ${check.name} compares ${placeName(declared)}`;
      throw new EvpipeError('EVPIPE_OPTION', message, { kind: 'usage', todo: 'Name the checks to apply it to.' });
    }
    const { where } = declared;
    const label = placeName(declared);
    if (declared.kind === 'documents') {
      const client = await session.clients.documents(declared.store);
      return { kind: 'documents', place: { label, collection: declared.collection, where }, client };
    }
    const [kafka, decoder, { topicDocuments }] = await Promise.all([
      session.clients.kafka(),
      session.clients.decoder(),
      import('../../clients/documents/topic.js'),
    ]);
    const client = topicDocuments(kafka, decoder, session.signal);
    return { kind: 'documents', place: { label, collection: declared.topic, where }, client };
  }
  const conditions = [declared.where, options.where].flatMap((one) => (one === undefined ? [] : [`(${one})`]));
  const place = { ...declared, where: conditions.length === 0 ? undefined : conditions.join(' AND ') };
  const reader = options.reader(place.database);
  try {
    return { kind: 'table', place, reader, facts: await readTableFacts(reader, place, session.signal) };
  } catch (failure) {
    if (!(failure instanceof EvpipeError) || failure.code !== 'EVPIPE_TABLE_MISSING') throw failure;
    throw new EvpipeError(failure.code, `check ${check.name}: ${failure.message}`, {
      location: check.location,
      kind: 'usage',
    });
  }
}

const nothingInCommon = (check: Check): EvpipeError =>
  new EvpipeError('EVPIPE_COLUMN_MISSING', `check ${check.name}: the two sides have no column in common`, {
    kind: 'usage',
    location: check.location,
    todo: 'Name key and columns: { replica_column: source_column }.',
  });

/** Where the file names no columns: those that both tables have; beside documents all of the table. Keys are no columns. */
function columnsOfBoth(check: Check, source: Opened, replica: Opened): ColumnMap {
  const [inSource, inReplica] = [source, replica].map((one) =>
    one.kind === 'table' ? [...one.facts.columns.keys()] : undefined,
  );
  const keys = new Set(source.kind === 'table' ? check.key.values() : check.key.keys());
  const names = (inSource ?? inReplica ?? []).filter(
    (name) => (inReplica?.includes(name) ?? true) && !keys.has(name) && !check.key.has(name),
  );
  return new Map(names.map((name) => [name, name]));
}

function sideOf(
  opened: Opened,
  side: keyof Pair,
  keys: readonly Pair[],
  compared: readonly Pair[],
  { sample, ...more }: Pick<TableSideOptions, 'hash' | 'sample' | 'changed'>,
): Side {
  if (opened.kind === 'documents') {
    const otherSide = side === 'source' ? 'replica' : 'source';
    const fields = (pairs: readonly Pair[]): readonly DocumentField[] =>
      pairs.map((pair) => ({
        name: pair[side].name,
        path: pair[side].expression,
        otherType: pair[otherSide].type?.shown ?? DOCUMENT,
      }));
    return documentsSide(opened.client, opened.place, fields(keys), fields(compared), sample);
  }
  const columns = (pairs: readonly Pair[]): readonly TableColumn[] =>
    pairs.map(({ [side]: one }) => ({ ...one, type: one.type ?? plainType('text') }));
  const { reader, place, facts } = opened;
  return tableSide(reader, { place, facts, key: columns(keys), compared: columns(compared), sample, ...more });
}

/** SQL of the side's own column of changes; undefined where the side has none. */
function changedOf(opened: Opened, side: keyof Pair, { changed, columns, key }: Check): string | undefined {
  if (changed === undefined || opened.kind !== 'table') return undefined;
  const name = side === 'replica' ? changed : (columns?.get(changed) ?? key.get(changed) ?? changed);
  if (opened.facts.columns.has(name)) return quoteColumn(name);
  return name === changed ? undefined : name;
}

async function pairColumns(
  columns: ColumnMap,
  section: 'key' | 'columns',
  check: Check,
  source: Opened,
  replica: Opened,
  signal: AbortSignal,
): Promise<readonly Pair[]> {
  const pairs: Pair[] = [];
  const refusals: string[] = [];
  for (const [name, from] of columns) {
    const found = replicaOperand(name, section, check, replica);
    const wanted = await sourceOperand(name, from, section, check, source, signal);
    const forms = formsOfPair(name, wanted.type, found.type, check);
    if ('refused' in forms) refusals.push(`${name}: ${forms.refused}. ${forms.todo}`);
    else pairs.push({ source: { ...wanted, form: forms.source }, replica: { ...found, form: forms.replica } });
  }
  if (refusals.length === 0) return pairs;
  throw new EvpipeError('EVPIPE_COLUMN_TYPES', `check ${check.name} can't compare ${refusals.join('\n')}`, {
    kind: 'usage',
    location: check.locationOf(section),
  });
}

/** Beside a document's field the form is that of the column's type, which the field is read as. */
function formsOfPair(
  name: string,
  source: ColumnType | undefined,
  replica: ColumnType | undefined,
  check: Check,
): ReturnType<typeof formsOf> {
  if (source !== undefined && replica !== undefined) {
    const declared = Object.entries(check.meanings.get(name) ?? {}).filter(([, value]) => value !== undefined);
    return formsOf(source, replica, { ...PLAIN_MEANING, compare: check.compare, ...Object.fromEntries(declared) });
  }
  const type = source ?? replica;
  const text = (expression: string): string => renderForField(expression, type?.shown ?? 'text');
  const form: Form = { text, binary: text };
  return { source: form, replica: form };
}

function replicaOperand(name: string, section: 'key' | 'columns', check: Check, replica: Opened): Operand {
  if (replica.kind === 'documents') return { name, expression: name, type: undefined };
  const type = replica.facts.columns.get(name);
  if (type !== undefined) return { name, expression: quoteColumn(name), type, column: name };
  const has = [...replica.facts.columns.keys()].join(', ');
  throw new EvpipeError(
    'EVPIPE_COLUMN_MISSING',
    `check ${check.name}: table ${replica.place.table} has no column ${name}; it has ${has}`,
    { kind: 'usage', location: check.locationOf(section) },
  );
}

async function sourceOperand(
  name: string,
  from: string,
  section: 'key' | 'columns',
  check: Check,
  source: Opened,
  signal: AbortSignal,
): Promise<Operand> {
  if (source.kind === 'documents') return { name, expression: from, type: undefined };
  const plain = source.facts.columns.get(from);
  if (plain !== undefined) return { name, expression: quoteColumn(from), type: plain, column: from };
  try {
    return { name, expression: from, type: await expressionType(source.reader, source.place, from, signal) };
  } catch (failure) {
    if (!(failure instanceof EvpipeError) || failure.kind === 'unreachable') throw failure;
    const { table } = source.place;
    const has = [...source.facts.columns.keys()].join(', ');
    throw new EvpipeError(
      'EVPIPE_COLUMN_MISSING',
      `check ${check.name}: ${from} is neither a column of table ${table} (${has}) nor SQL over it: ${failure.message}`,
      { kind: 'usage', location: check.locationOf(section), cause: failure },
    );
  }
}
