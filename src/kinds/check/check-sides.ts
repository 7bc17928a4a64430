import type { DocumentsClient } from '../../clients/documents/contract.js';
import type { PostgresClient } from '../../clients/postgres/client.js';
import type { CompareCheck } from '../../consistency/confirm.js';
import { documentsSide } from '../../consistency/documents-side.js';
import { DOCUMENT } from '../../consistency/rendering.js';
import type { Side } from '../../consistency/side.js';
import { expressionType, quoteColumn, readColumns, SESSION_SETTINGS, tableSide } from '../../consistency/table-side.js';
import type { Located } from '../../pipeline/pipeline.js';
import { EvpipeError } from '../../support/errors.js';
import type { Session } from '../session.js';
import type { ColumnMap, CompareSection, DocumentsPlaceSection, PlaceSection, TablePlaceSection } from './section.js';

type Check = Located & CompareSection;

/** One end of a check, opened: a table whose columns are known, or documents, whose fields are known one by one. */
type Opened =
  | {
      readonly kind: 'table';
      readonly place: TablePlaceSection;
      readonly client: PostgresClient;
      readonly types: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'documents'; readonly place: DocumentsPlaceSection; readonly client: DocumentsClient };

/** What is compared with what: a column's name and expression, or a field's path, and its type. */
interface Operand {
  readonly name: string;
  readonly expression: string;
  readonly type: string;
}

interface Pair {
  readonly source: Operand;
  readonly replica: Operand;
}

/** Both sides of a check, with what they compare and skip. Throws EVPIPE_TABLE_MISSING, EVPIPE_COLUMN_MISSING (kind usage). */
export async function wireSides(
  check: Check,
  session: Session,
): Promise<Pick<CompareCheck, 'source' | 'replica' | 'skipped'>> {
  const [source, replica] = await Promise.all([
    openPlace(check.source, check, session),
    openPlace(check.replica, check, session),
  ]);
  const wanted = check.columns ?? columnsOfBoth(check, source, replica);
  const keys = await pairColumns(check.key, 'key', check, source, replica);
  const compared = await pairColumns(wanted, 'columns', check, source, replica);
  const used = new Set([...check.key.keys(), ...wanted.keys(), ...check.key.values(), ...wanted.values()]);
  const onlyTables = source.kind === 'table' && replica.kind === 'table';
  return {
    source: sideOf(source, 'source', keys, compared, onlyTables),
    replica: sideOf(replica, 'replica', keys, compared, onlyTables),
    skipped: [source, replica].flatMap((one) =>
      one.kind === 'table'
        ? [...one.types.keys()].filter((name) => !used.has(name)).map((name) => `${one.place.table}.${name}`)
        : [],
    ),
  };
}

async function openPlace(place: PlaceSection, check: Check, session: Session): Promise<Opened> {
  if (place.kind === 'documents')
    return { kind: 'documents', place, client: await session.clients.documents(place.store) };
  const client = await session.clients.database(place.database, SESSION_SETTINGS);
  try {
    const types = new Map((await readColumns(client, place)).map(({ name, type }) => [name, type]));
    return { kind: 'table', place, client, types };
  } catch (failure) {
    if (!(failure instanceof EvpipeError) || failure.code !== 'EVPIPE_TABLE_MISSING') throw failure;
    throw new EvpipeError(failure.code, `check ${check.name}: ${failure.message}`, {
      location: check.location,
      kind: 'usage',
    });
  }
}

/** Where the file names no columns: those that both tables have; beside documents all of the table. Keys are no columns. */
function columnsOfBoth(check: Check, source: Opened, replica: Opened): ColumnMap {
  const [inSource, inReplica] = [source, replica].map((one) =>
    one.kind === 'table' ? [...one.types.keys()] : undefined,
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
  onlyTables: boolean,
): Side {
  const otherSide = side === 'source' ? 'replica' : 'source';
  const columns = (pairs: readonly Pair[]) =>
    pairs.map((pair) => ({ ...pair[side], otherType: pair[otherSide].type, path: pair[side].expression }));
  if (opened.kind === 'documents') return documentsSide(opened.client, opened.place, columns(keys), columns(compared));
  const portionsBy = onlyTables ? 'server' : 'md5';
  return tableSide(opened.client, opened.place, columns(keys), columns(compared), portionsBy);
}

async function pairColumns(
  columns: ColumnMap,
  section: 'key' | 'columns',
  check: Check,
  source: Opened,
  replica: Opened,
): Promise<readonly Pair[]> {
  const pairs: Pair[] = [];
  for (const [name, from] of columns) {
    const found = replicaOperand(name, section, check, replica);
    pairs.push({ source: await sourceOperand(name, from, section, check, source), replica: found });
  }
  return pairs;
}

function replicaOperand(name: string, section: 'key' | 'columns', check: Check, replica: Opened): Operand {
  if (replica.kind === 'documents') return { name, expression: name, type: DOCUMENT };
  const type = replica.types.get(name);
  if (type !== undefined) return { name, expression: quoteColumn(name), type };
  const has = [...replica.types.keys()].join(', ');
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
): Promise<Operand> {
  if (source.kind === 'documents') return { name, expression: from, type: DOCUMENT };
  const plain = source.types.get(from);
  if (plain !== undefined) return { name, expression: quoteColumn(from), type: plain };
  try {
    return { name, expression: from, type: await expressionType(source.client, source.place, from) };
  } catch (failure) {
    if (!(failure instanceof EvpipeError) || failure.kind === 'unreachable') throw failure;
    const { table } = source.place;
    const has = [...source.types.keys()].join(', ');
    throw new EvpipeError(
      'EVPIPE_COLUMN_MISSING',
      `check ${check.name}: ${from} is neither a column of table ${table} (${has}) nor SQL over it: ${failure.message}`,
      { kind: 'usage', location: check.locationOf(section), cause: failure },
    );
  }
}
