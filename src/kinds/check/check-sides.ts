import type { DocumentsClient } from '../../clients/documents/contract.js';
import { type ColumnType, plainType } from '../../consistency/column-types.js';
import type { CompareCheck } from '../../consistency/confirm.js';
import { type DocumentField, documentsSide } from '../../consistency/documents-side.js';
import { type Form, formsOf, PLAIN_MEANING } from '../../consistency/meaning.js';
import { DOCUMENT, renderForField } from '../../consistency/rendering.js';
import { RECORD_HASH_SINCE, type RowHash } from '../../consistency/row-hash.js';
import type { Sample, Side } from '../../consistency/side.js';
import { quoteColumn } from '../../consistency/table-place.js';
import type { TableReader } from '../../consistency/table-reader.js';
import { type TableColumn, type TableSideOptions, tableSide } from '../../consistency/table-side.js';
import { unionSide } from '../../consistency/union-side.js';
import { EvpipeError } from '../../support/errors.js';
import { server } from '../../targets/component.js';
import type { Session } from '../session.js';
import { documentsClient } from '../store/client.js';
import { valueDecoder } from '../subject/client.js';
import { kafkaClient } from '../topic/client.js';
import {
  type Check,
  constantOperand,
  type Opened,
  type Operand,
  openTable,
  replicaOperand,
  sourceOperand,
} from './check-operands.js';
import { type ColumnMap, partsOf, placeName, type SinglePlaceSection } from './section.js';

/** What wiring a check's sides needs beside the session. */
export interface SideOptions {
  /** Shared by all checks: a database gets few connections, whatever the number of checks. */
  readonly reader: (database: string) => TableReader;
  readonly sample?: Sample | undefined;
  /** SQL: of both tables only these rows. */
  readonly where?: string | undefined;
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
): Promise<Pick<CompareCheck, 'source' | 'replica' | 'whole' | 'skipped' | 'tolerances'>> {
  const [sources, replica] = await Promise.all([
    Promise.all(partsOf(check.source).map((part) => openPlace(part, check, session, options))),
    openPlace(check.replica, check, session, options),
  ]);
  const wanted = check.columns ?? columnsOfAll(check, sources, replica);
  const keyless = check.key.size === 0;
  const [keyMap, columnMap] = keyless ? [wanted, new Map<string, string>()] : [check.key, wanted];
  if (keyMap.size === 0) throw nothingInCommon(check);
  const { signal } = session;
  const paired = await Promise.all(
    sources.map(async (source) => ({
      source,
      keys: await pairColumns(keyMap, keyless ? 'columns' : 'key', check, source, replica, signal),
      compared: await pairColumns(columnMap, 'columns', check, source, replica, signal),
    })),
  );
  requireAlike(
    check,
    paired.map(({ keys, compared }) => [...keys, ...compared]),
  );
  const [first] = paired;
  if (first === undefined) throw new Error('a check without a source');
  const hash = hashOf([...sources, replica]);
  const side = (opened: Opened, name: keyof Pair, { keys, compared }: (typeof paired)[number]): Side =>
    sideOf(opened, name, keys, compared, { hash, sample: options.sample, changed: changedOf(opened, name, check) });
  const parts = paired.map((one) => side(one.source, 'source', one));
  return {
    source: parts.length === 1 && parts[0] !== undefined ? parts[0] : unionSide(parts),
    replica: side(replica, 'replica', first),
    tolerances: new Map(
      first.compared.flatMap(({ source: { name }, replica: { name: column } }) => {
        const tolerance = check.meanings.get(column)?.tolerance;
        return tolerance === undefined ? [] : [[name, tolerance] as const];
      }),
    ),
    whole: keyless ? first.keys.map(({ source }) => source.name) : undefined,
    skipped: skippedColumns([...sources, replica], [keyMap, columnMap]),
  };
}

/** The cheapest hash that all sides can make: text is hashed as its database encodes it. */
function hashOf(sides: readonly Opened[]): RowHash {
  const tables = sides.flatMap((one) => (one.kind === 'table' ? [one.facts] : []));
  const byRecord = tables.length === sides.length && tables.every(({ server }) => server >= RECORD_HASH_SINCE);
  if (!byRecord) return 'md5';
  return new Set(tables.map(({ encoding }) => encoding)).size === 1 ? 'columns' : 'record';
}

/** Columns of either side that are not compared. */
function skippedColumns(sides: readonly Opened[], maps: readonly ColumnMap[]): readonly string[] {
  const used = new Set(maps.flatMap((map) => [...map.keys(), ...map.values()]));
  return sides.flatMap((one) =>
    one.kind === 'table'
      ? [...one.facts.columns.keys()].filter((name) => !used.has(name)).map((name) => `${one.place.table}.${name}`)
      : [],
  );
}

/** One replica is read in one form: beside every source of a union the same. */
function requireAlike(check: Check, paired: readonly (readonly Pair[])[]): void {
  const [first = [], ...others] = paired;
  const formOf = ({ source, replica }: Pair): string =>
    JSON.stringify([
      replica.form.text('x'),
      replica.form.binary('x'),
      replica.type === undefined ? source.type?.shown : '',
    ]);
  for (const [index, pair] of first.entries()) {
    const unlike = others.findIndex((pairs) => pairs[index] !== undefined && formOf(pairs[index]) !== formOf(pair));
    if (unlike < 0) continue;
    const types = [pair, others[unlike]?.[index]].map((one) => one?.source.type?.shown ?? 'without a type');
    throw new EvpipeError(
      'EVPIPE_COLUMN_TYPES',
      `${pair.replica.name} is ${types[0]} in source 1 and ${types[1]} in source ${unlike + 2}, which compare in different ways`,
      {
        kind: 'usage',
        location: check.location,
        todo: `Cast it to one type: ${pair.replica.name}: ${pair.source.name}::TYPE.`,
      },
    );
  }
}

async function openPlace(
  declared: SinglePlaceSection,
  check: Check,
  session: Session,
  options: SideOptions,
): Promise<Opened> {
  const { constants } = declared;
  if (declared.kind === 'table' || declared.kind === 'query') {
    const reader = options.reader(declared.database);
    return openTable(declared, check, { reader, where: options.where, signal: session.signal });
  }
  if (options.where !== undefined) {
    const message = `--where is SQL for tables, but check ${check.name} compares ${placeName(declared)}`;
    throw new EvpipeError('EVPIPE_OPTION', message, { kind: 'usage', todo: 'Name the checks to apply it to.' });
  }
  const { where, deleted } = declared;
  const [client, collection] = await openFields(declared, session);
  return {
    kind: 'documents',
    place: { label: placeName(declared), collection, where, deleted, notWritable: NOT_WRITABLE[declared.kind] },
    constants,
    client,
  };
}

const NOT_WRITABLE: Readonly<Record<Exclude<SinglePlaceSection['kind'], 'table' | 'query'>, string>> = {
  documents: 'it holds documents; let what fills it handle the rows again',
  topic: 'it is a topic; let what fills it send the records again',
  ksqldb: 'ksqlDB makes it of its topics',
  file: 'it is a file',
};

/** What reads a side whose fields are known one by one, and what it calls the side. */
async function openFields(
  declared: Exclude<SinglePlaceSection, { readonly kind: 'table' | 'query' }>,
  session: Session,
): Promise<readonly [DocumentsClient, string]> {
  switch (declared.kind) {
    case 'documents':
      return [await documentsClient(session.clients, declared.store), declared.collection];
    case 'topic': {
      const [kafka, decoder, { topicDocuments }] = await Promise.all([
        kafkaClient(session.clients),
        valueDecoder(session.clients),
        import('../../clients/documents/topic.js'),
      ]);
      return [topicDocuments(kafka, decoder, session.signal), declared.topic];
    }
    case 'ksqldb': {
      const [{ host }, { ksqldbDocuments }] = await Promise.all([
        session.clients.endpoint(server('ksqldb')),
        import('../../clients/documents/ksqldb.js'),
      ]);
      return [ksqldbDocuments({ ...host, liveness: session.clients.liveness }, session.signal), declared.name];
    }
    case 'file': {
      const { fileDocuments } = await import('../../clients/documents/file.js');
      return [fileDocuments(declared.format, declared.written), declared.file];
    }
  }
}

const nothingInCommon = (check: Check): EvpipeError =>
  new EvpipeError('EVPIPE_COLUMN_MISSING', 'the two sides have no column in common', {
    kind: 'usage',
    location: check.location,
    todo: 'Name key and columns: { replica_column: source_column }.',
  });

/** Where the file names no columns: those that all tables have; beside documents all of the tables. Keys are no columns. */
function columnsOfAll(check: Check, sources: readonly Opened[], replica: Opened): ColumnMap {
  const columnsOf = (one: Opened): readonly string[] | undefined =>
    one.kind === 'table' ? [...one.facts.columns.keys(), ...one.constants.keys()] : undefined;
  const [first, ...others] = [...sources, replica].map(columnsOf).filter((names) => names !== undefined);
  const keys = new Set(sources.some(({ kind }) => kind === 'table') ? check.key.values() : check.key.keys());
  const names = (first ?? []).filter(
    (name) => others.every((one) => one.includes(name)) && !keys.has(name) && !check.key.has(name),
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
        constant: side === 'source' ? pair.source.constant : undefined,
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
  const refusals: { readonly what: string; readonly todo: string }[] = [];
  for (const [name, from] of columns) {
    const found = await replicaOperand(name, section, check, replica, signal);
    const wanted =
      constantOperand(name, from, source, found.type) ??
      (await sourceOperand(name, from, section, check, source, signal));
    const forms = formsOfPair(name, wanted.type, found.type, check);
    if ('refused' in forms) refusals.push({ what: `${name}: ${forms.refused}`, todo: forms.todo });
    else pairs.push({ source: { ...wanted, form: forms.source }, replica: { ...found, form: forms.replica } });
  }
  if (refusals.length === 0) return pairs;
  const what = refusals.map((one) => one.what).join('; ');
  throw new EvpipeError('EVPIPE_COLUMN_TYPES', `can't compare ${what}`, {
    kind: 'usage',
    location: check.locationOf(section),
    todo: [...new Set(refusals.map(({ todo }) => todo))].join(' '),
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
    const { replica: _, ...meaning } = check.meanings.get(name) ?? {};
    const declared = Object.entries(meaning).filter(([, value]) => value !== undefined);
    return formsOf(source, replica, { ...PLAIN_MEANING, compare: check.compare, ...Object.fromEntries(declared) });
  }
  const type = source ?? replica;
  const text = (expression: string): string => renderForField(expression, type?.shown ?? 'text');
  const form: Form = { text, binary: text };
  return { source: form, replica: form };
}
