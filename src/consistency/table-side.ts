import type { TextRow } from '../clients/postgres/client.js';
import { quoteIdentifier, quoteLiteral } from '../protocol/sql.js';
import { EvpipeError } from '../support/errors.js';
import { pause } from '../support/retry.js';
import type { ColumnType } from './column-types.js';
import { lookupsFor } from './key-lookup.js';
import type { Form } from './meaning.js';
import { ACTIVITY, Rest } from './rest.js';
import { type HashSql, hashSql, type RowHash } from './row-hash.js';
import {
  Buckets,
  type Entry,
  type Key,
  keyText,
  type PartlyRead,
  type Row,
  SAMPLE_SHIFT,
  type Sample,
  type Scan,
  type Side,
  type WritableColumn,
  type WritableTable,
} from './side.js';
import type { TableFacts } from './table-facts.js';
import { relationSql, type TablePlace, tableSql } from './table-place.js';
import type { TableReader } from './table-reader.js';

/** A compared or key column: its name in reports, the SQL expression over this side's table, and its common form. */
export interface TableColumn {
  readonly name: string;
  readonly expression: string;
  readonly type: ColumnType;
  readonly form: Form;
  /** The table's own column that the expression is, where it is one. */
  readonly column?: string | undefined;
}

export interface TableSideOptions {
  readonly place: TablePlace;
  readonly facts: TableFacts;
  readonly key: readonly TableColumn[];
  readonly compared: readonly TableColumn[];
  readonly hash: RowHash;
  readonly sample?: Sample | undefined;
  /** SQL of what grows with every change of a row. */
  readonly changed?: string | undefined;
}

/** A statement reads as much as takes about this long, so that none holds back VACUUM or a failover. */
const PART_MS = 300;
const FIRST_PART_PAGES = 1_024;
/** The same where rows are answered, not sums. */
const FIRST_ROWS_PAGES = 64;
const PART_PAGES_MAX = 1 << 20;

/** Rows of one block: all of them are in memory at once. */
const ROWS_PER_BLOCK = 10_000;
/** Keys looked up by one statement. */
const KEYS_PER_LOOKUP = 2_000;

export function tableSide(reader: TableReader, options: TableSideOptions): Side {
  const { place, facts, key, compared, sample, changed } = options;
  const table = relationSql(place);
  const sql = statements(options);
  const version = facts.versioned ? "t.xmin::text || ' ' || t.ctid::text" : sql.digest;
  const entryColumns = [...sql.keys, `${sql.digest}::text`, version].join(', ');
  const inSample =
    sample === undefined ? [] : [`((${sql.keyHash} >> ${SAMPLE_SHIFT}) & ${sample.of - 1}) < ${sample.below}`];
  const filters = [...(place.where === undefined ? [] : [`(${place.where})`]), ...inSample];
  const where = (...more: readonly string[]): string => whereAll([...filters, ...more]);

  const toEntry = (fields: TextRow): Entry => {
    const one = fields.slice(0, key.length);
    const [digest, version, counts] = [fields[key.length] ?? '', fields[key.length + 1] ?? '', fields[key.length + 2]];
    return { key: one, text: keyText(one), digest, version, outside: counts === 'false' };
  };

  async function lookUp<Found extends Entry>(
    columns: string,
    keys: readonly Key[],
    read: (fields: TextRow) => Found,
    signal: AbortSignal,
  ): Promise<readonly Found[]> {
    const wanted = new Set(keys.map(keyText));
    const answers = await Promise.all(
      lookupsFor(key, keys, facts.indexed).map(({ join, condition, values, byIndex }) =>
        reader.read(`SELECT ${columns} FROM ${join(`${table} AS t`)}${where(condition)}`, values, { signal, byIndex }),
      ),
    );
    // The column's own equality may be wider than that of the common form: citext, a collation.
    return answers.flatMap((rows) => rows.map(read).filter(({ text }) => wanted.has(text)));
  }

  /** One more than are wanted at most. */
  const keysOf = (from: string, condition: string, max: number, signal: AbortSignal): Promise<readonly Key[]> =>
    reader.read(`SELECT ${sql.keys.join(', ')} FROM ${from} AS t${condition} LIMIT ${max + 1}`, [], { signal });

  /**
   * Which rows a scan reads, which of them count, and their digests. A row that has changed since, and left the filter, may
   * still stand on the other side: it is read too, and its digest says only whose it is.
   */
  function scanned({ since, keysOnly }: Scan): { conditions: readonly string[]; counts: string; digest: string } {
    const digest = keysOnly === true ? sql.keyHash : sql.digest;
    if (since === undefined) return { conditions: filters, counts: 'true', digest };
    const conditions = [changedFrom(since), ...inSample];
    if (place.where === undefined) return { conditions, counts: 'true', digest };
    const counts = `(${place.where}) IS TRUE`;
    return {
      conditions,
      counts,
      digest: `CASE WHEN ${counts} THEN ${digest} ELSE hashint8extended(${sql.keyHash}, 1) END`,
    };
  }

  const { relations } = facts;
  // One statement reads one state of the table: only parts can miss a row that moves.
  const inOneStatement =
    relations === undefined || (relations.length === 1 && relations.every(({ pages }) => pages <= FIRST_ROWS_PAGES));

  return {
    label: place.query === undefined ? `${place.database}.${place.table}` : `${place.database} (query)`,
    columns: compared.map(({ name, type }) => ({ name, type: type.shown })),

    writable: writableTable(options),
    versioned: facts.versioned,
    incremental: !inOneStatement,
    scans: place.query !== undefined,
    uniqueKey: facts.uniqueKeys.some((columns) => columns.every((name) => isKey(key, name))),

    estimateRows: async () => facts.estimate,

    resumable: inOneStatement
      ? undefined
      : JSON.stringify([
          facts.place,
          relations.map(({ name, file }) => [name, file]),
          sql.keyHash,
          sql.digest,
          filters,
        ]),

    async buckets(of, scan, from) {
      const buckets = from?.buckets ?? new Buckets(of);
      const { conditions, counts, digest } = scanned(scan);
      const [flag, amount] = counts === 'true' ? ['', 'count(*)'] : [`, ${counts} AS c`, 'count(*) FILTER (WHERE c)'];
      const select = (from: string, condition: readonly string[]): string =>
        `SELECT b::text, ${amount}::text, sum(h)::text FROM (
           SELECT (${sql.keyHash} & ${of - 1}) AS b, ${digest} AS h${flag} FROM ${from} AS t${whereAll([...conditions, ...condition])} OFFSET 0
         ) AS s GROUP BY b`;
      for await (const { rows, ...next } of inParts(reader, table, facts, select, scan, { from })) {
        let read = 0;
        for (const [bucket, count, sum] of rows) {
          buckets.add(Number(bucket), Number(count), BigInt(sum ?? 0));
          read += Number(count);
        }
        scan.reached?.({ ...next, buckets });
        await scan.read(read);
      }
      return buckets;
    },

    async *entries(of, wanted, scan) {
      const mine =
        wanted.length === of ? [] : [`(${sql.keyHash} & ${of - 1}) = ANY ('{${wanted.join(',')}}'::bigint[])`];
      const { conditions, counts, digest } = scanned(scan);
      const columns =
        scan.since === undefined
          ? entryColumns
          : [...sql.keys, `(${digest})::text`, version, `(${counts})::text`].join(', ');
      const select = (from: string, condition: readonly string[]): string =>
        `SELECT ${columns} FROM ${from} AS t${whereAll([...conditions, ...condition, ...mine])}`;
      for await (const { rows } of inParts(reader, table, facts, select, scan, { rowsMax: ROWS_PER_BLOCK }))
        yield rows.map(toEntry);
    },

    async entriesOf(keys, signal) {
      const found: Entry[] = [];
      const atOnce = place.query === undefined ? KEYS_PER_LOOKUP : keys.length;
      for (let first = 0; first < keys.length; first += atOnce) {
        const some = keys.slice(first, first + atOnce);
        found.push(...(await lookUp(entryColumns, some, toEntry, signal)));
      }
      return found;
    },

    async rowsOf(keys, signal) {
      const columns = [entryColumns, ...sql.values].join(', ');
      const toRow = (fields: TextRow): Row => ({
        ...toEntry(fields),
        outside: false,
        values: fields.slice(key.length + 2),
      });
      return lookUp(columns, keys, toRow, signal);
    },

    async now(signal) {
      if (inOneStatement) return '';
      const [row] = await reader.read(
        `SELECT txid_snapshot_xmin(s)::text || ' ' || txid_snapshot_xmax(s)::text FROM txid_current_snapshot() AS s`,
        [],
        { signal },
      );
      return row?.[0] ?? '';
    },

    async changedSince(then, signal) {
      if (inOneStatement || then === (await this.now(signal))) return [];
      const oldest = BigInt(then.split(' ')[0] ?? '0') % 2n ** 32n;
      const changed: Key[] = [];
      for (const { name } of relations) {
        const condition = where(`age(t.xmin) <= age('${oldest}'::xid)`);
        changed.push(...(await keysOf(`ONLY ${name}`, condition, CHANGED_MAX, signal)));
        if (changed.length > CHANGED_MAX) throw tooManyChanged(place);
      }
      return changed;
    },

    keysFrom: changed === undefined && !(facts.commitTimes && facts.versioned) ? undefined : keysFrom,
  };

  function changedFrom(value: string): string {
    return changed === undefined
      ? `${COMMITTED} >= ${quoteLiteral(value)}::timestamptz`
      : `(${changed}) >= ${quoteLiteral(value)}`;
  }

  async function keysFrom(value: string, max: number, signal: AbortSignal): Promise<readonly Key[] | undefined> {
    if (changed === undefined) await requireCommitTimes(value, signal);
    // Whatever else the filter says: a row that has left it since may still stand on the other side.
    const keys = await keysOf(table, whereAll([changedFrom(value)]), max, signal).catch((failure: unknown) => {
      throw noValueOfColumn(value, failure);
    });
    return keys.length > max ? undefined : keys;
  }

  /** Rows without a commit time are older than all that have one; where none has one from before, they may be newer than the time. */
  async function requireCommitTimes(value: string, signal: AbortSignal): Promise<void> {
    const [row] = await reader
      .read(
        `SELECT coalesce(bool_or(at < ${quoteLiteral(value)}::timestamptz), false)::text, (count(*) > count(at))::text
           FROM (SELECT ${COMMITTED} AS at FROM ${table} AS t) AS committed`,
        [],
        { signal },
      )
      .catch((failure: unknown) => {
        throw noValueOfColumn(value, failure);
      });
    if (row?.[0] === 'true' || row?.[1] === 'false') return;
    throw new EvpipeError(
      'EVPIPE_OPTION',
      `--since ${value}: ${place.database} has no commit times from before then for ${place.table}, so it can't tell what changed`,
      { kind: 'usage', todo: 'Pass a later time, or declare a column that every change raises: changed: updated_at' },
    );
  }
}

/** When the row's version was committed; NULL where that is not known any more. Frozen and initial ids have no time. */
const COMMITTED = "CASE WHEN t.xmin IN ('1'::xid, '2'::xid) THEN NULL ELSE pg_xact_commit_timestamp(t.xmin) END";

const whereAll = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;

function writableTable({ place, facts, key, compared }: TableSideOptions): WritableTable | string {
  const computed = [...key, ...compared].find(({ column }) => column === undefined);
  if (place.query !== undefined) return 'it is a query';
  if (!facts.versioned) return 'it is no plain table';
  if (place.marksDeleted === true) return 'it marks rows as deleted, so a row that is missing may still be there';
  if (computed !== undefined) return `${computed.name} is no column of it but an expression`;
  const writable = ({ column = '', expression, type, form }: TableColumn): WritableColumn => ({
    name: quoteIdentifier(column),
    type: type.shown,
    form: form.text(expression),
    exact: form.alters !== true,
    findable: form.findable === true,
  });
  const { database, table } = place;
  return { database, table: tableSql(table), key: key.map(writable), columns: compared.map(writable) };
}

/** Of two different values of the column, the key's forms differ too. */
const isKey = (key: readonly TableColumn[], name: string): boolean =>
  key.some(({ column, form }) => column === name && form.findable === true);

interface Statements extends HashSql {
  readonly keys: readonly string[];
  readonly values: readonly string[];
}

function statements({ key, compared, hash }: TableSideOptions): Statements {
  const texts = (columns: readonly TableColumn[]): readonly string[] =>
    columns.map(({ expression, form }) => form.text(expression));
  return { keys: texts(key), values: texts(compared), ...hashSql(key, compared, hash) };
}

/** What one statement answered, and where the next one begins. */
interface Part extends Pick<PartlyRead, 'relation' | 'page'> {
  readonly rows: readonly TextRow[];
}

/** The statement's answers over the whole table, part after part, each part about as large as PART_MS allow. */
async function* inParts(
  reader: TableReader,
  table: string,
  { relations }: TableFacts,
  select: (from: string, condition: readonly string[]) => string,
  { signal }: Scan,
  { from, rowsMax = Number.POSITIVE_INFINITY }: { from?: PartlyRead | undefined; rowsMax?: number },
): AsyncGenerator<Part> {
  if (relations === undefined) {
    yield { rows: await reader.read(select(table, []), [], { signal }), relation: 1, page: 0 };
    return;
  }
  // Pages may hold nothing for long, as after a DELETE, and then be full: memory must not depend on it.
  const rowsAtOnce = 4 * rowsMax;
  const limit = rowsMax < Number.POSITIVE_INFINITY ? ` LIMIT ${rowsAtOnce + 1}` : '';
  let size = rowsMax < Number.POSITIVE_INFINITY ? FIRST_ROWS_PAGES : FIRST_PART_PAGES;
  const rest = new Rest();
  let restMs = 0;
  // What others do is known after the first part then, not only after the second.
  if (reader.rests && relations.reduce((sum, { pages }) => sum + pages, 0) > size) {
    const [activity] = await reader.read(ACTIVITY, [], { signal });
    rest.afterMs(0, activity, performance.now());
  }
  for (const [relation, { name, pages }] of relations.entries()) {
    if (relation < (from?.relation ?? 0)) continue;
    let first = relation === from?.relation ? from.page : 0;
    let end = pages;
    for (let isLast = false; !isLast; ) {
      const next = first + size;
      // The last part has no end: the table may have grown since its size was read.
      isLast = next >= end;
      const range = [`t.ctid >= '(${first},0)'::tid`, ...(isLast ? [] : [`t.ctid < '(${next},0)'::tid`])];
      if (restMs > 0) await pause(restMs, signal);
      const startedMs = performance.now();
      const statements = [`${select(`ONLY ${name}`, range)}${limit}`, ...(reader.rests ? [ACTIVITY] : [])];
      const [rows = [], [activity] = []] = await reader.readAll(statements, { signal });
      if (rows.length > rowsAtOnce) {
        // Much denser than what came before, or the table has grown: read again as less at once.
        size = Math.max(1, Math.floor(size / 8));
        end = Math.max(end, first + 2 * size);
        isLast = false;
        continue;
      }
      const elapsedMs = performance.now() - startedMs;
      yield isLast ? { rows, relation: relation + 1, page: 0 } : { rows, relation, page: next };
      first = next;
      restMs = rest.afterMs(elapsedMs, activity, performance.now());
      const byTime = (size * PART_MS) / Math.max(1, elapsedMs);
      const byRows = (size * rowsMax) / Math.max(1, rows.length);
      size = Math.max(1, Math.round(Math.min(byTime, byRows, size * 4, PART_PAGES_MAX)));
    }
  }
}

/** Changed rows that are compared one by one. */
const CHANGED_MAX = 500_000;

const tooManyChanged = ({ database, table }: TablePlace): EvpipeError =>
  new EvpipeError('EVPIPE_TABLE_CHANGES_TOO_MUCH', `more than ${CHANGED_MAX} rows of ${database}.${table} changed`, {
    kind: 'deadline',
    todo: 'Check a part of it: --sample, or where: in the file.',
  });

/** What PostgreSQL says of a text that its type can't read is of class 22. */
function noValueOfColumn(value: string, failure: unknown): unknown {
  if (!(failure instanceof EvpipeError) || !failure.code.startsWith('EVPIPE_POSTGRES_22')) return failure;
  return new EvpipeError('EVPIPE_OPTION', `--since ${value}: ${failure.message}`, {
    kind: 'usage',
    cause: failure,
    todo: 'Pass a duration (2h), or a value of the column that the check declares with changed.',
  });
}
