import { isWrongSql } from '../../clients/postgres/failure.js';
import { relationSql } from '../../consistency/table-place.js';
import type { TableReader } from '../../consistency/table-reader.js';
import { EvpipeError, type SourceLocation } from '../../support/errors.js';
import {
  type CheckSection,
  type CompareSection,
  partsOf,
  type QueryPlaceSection,
  type SinglePlaceSection,
  type TablePlaceSection,
} from './section.js';

type CompareCheck = Extract<CheckSection, CompareSection>;

/** SQL that a check or an option has, with what it is called and where it stands. */
interface WrittenSql {
  readonly name: string;
  readonly sql: string;
  /** Undefined for an option's. */
  readonly location: SourceLocation | undefined;
}

/** What says which rows of a side count. */
function conditionsOf(
  declared: TablePlaceSection | QueryPlaceSection,
  check: CompareCheck,
  where?: string,
): readonly WrittenSql[] {
  const path = pathOf(declared, check);
  const own = (['where', 'deleted'] as const).flatMap((name) => {
    const sql = declared[name];
    return sql === undefined ? [] : [{ name, sql, location: check.locationOf(...path, name) }];
  });
  return where === undefined ? own : [...own, { name: '--where', sql: where, location: undefined }];
}

function pathOf(declared: SinglePlaceSection, { source, replica }: CompareCheck): readonly string[] {
  if (declared === replica) return ['replica'];
  return source.kind === 'union' ? ['source', String(source.parts.indexOf(declared))] : ['source'];
}

/**
 * Has the server parse and plan a side's conditions, without reading a row: what is wrong in one would else fail the scan,
 * which can't say where it stands. Throws EVPIPE_CHECK_SQL (kind usage).
 */
export async function requireConditions(
  declared: TablePlaceSection | QueryPlaceSection,
  check: CompareCheck,
  {
    reader,
    where,
    signal,
  }: { readonly reader: TableReader; readonly where: string | undefined; readonly signal: AbortSignal },
): Promise<void> {
  const conditions = conditionsOf(declared, check, where);
  if (conditions.length === 0) return;
  const from = relationSql({ table: '', ...declared });
  const failureOf = async (some: readonly WrittenSql[]): Promise<unknown> => {
    const all = some.map(({ sql }) => `(${sql}\n)`).join(' AND ');
    try {
      await reader.describe(`SELECT FROM ${from} AS t WHERE ${all} LIMIT 0`, { signal });
      return undefined;
    } catch (failure) {
      return failure;
    }
  };
  const failure = await failureOf(conditions);
  if (failure === undefined) return;
  if (!isSqlFault(failure)) throw failure;
  for (const one of conditions) {
    const cause = await failureOf([one]);
    if (cause === undefined) continue;
    if (!isSqlFault(cause)) throw cause;
    const what = `${one.name} (${one.sql}) cannot run over ${declared.kind === 'table' ? `table ${declared.table}` : `the query over ${declared.database}`}`;
    throw new EvpipeError('EVPIPE_CHECK_SQL', `${what}: ${cause.message}`, {
      ...{ kind: 'usage', cause },
      ...(one.location === undefined ? {} : { location: one.location }),
      todo: cause.todo ?? `Correct \`${one.name}\`.`,
    });
  }
  // Together they are wrong where none is by itself: unbalanced parentheses, for one.
  throw wrongSql(check, failure);
}

/** A semicolon, which is found before anything is sent, or what the server says. */
export const isSqlFault = (failure: unknown): failure is EvpipeError =>
  isWrongSql(failure) || (failure instanceof EvpipeError && failure.code === 'EVPIPE_CHECK_SQL');

/**
 * The failure itself, unless it is the server's word on SQL that the check has, such as a value in some row that an
 * expression cannot take: that is the file's to correct, and would fail again.
 */
export function asRefusal(check: CheckSection, failure: unknown): unknown {
  return isWrongSql(failure) && sqlOf(check).length > 0 ? wrongSql(check, failure) : failure;
}

function wrongSql(check: CheckSection, failure: EvpipeError): EvpipeError {
  const all = sqlOf(check);
  const whose = all.length === 1 ? all[0] : undefined;
  const names = [...new Set(all.map(({ name }) => name))].join(', ');
  return new EvpipeError('EVPIPE_CHECK_SQL', `its SQL cannot run: ${failure.message}`, {
    ...{ kind: 'usage', cause: failure, location: whose?.location ?? check.location },
    todo: failure.todo ?? `Correct its ${names}.`,
  });
}

/** All SQL that a check has of its own. */
function sqlOf(check: CheckSection): readonly WrittenSql[] {
  switch (check.kind) {
    case 'compare':
      return [
        ...[...partsOf(check.source), check.replica].flatMap((side) => sqlOfSide(side, check)),
        ...expressionsOf(check),
      ];
    case 'rows':
      return [{ name: 'rows', sql: check.query, location: check.locationOf('rows') }];
    case 'conservation':
      return (['published', 'effects'] as const).flatMap((side) => {
        const sql = check[side]?.count;
        const location = check.locationOf('conservation', side, 'count');
        return sql === undefined ? [] : [{ name: `${side}.count`, sql, location }];
      });
    case 'stages':
      return [];
  }
}

function sqlOfSide(side: SinglePlaceSection, check: CompareCheck): readonly WrittenSql[] {
  if (side.kind === 'table') return conditionsOf(side, check);
  if (side.kind !== 'query') return [];
  const location = check.locationOf(...pathOf(side, check), 'query');
  return [{ name: 'query', sql: side.query, location }, ...conditionsOf(side, check)];
}

/** Of key and columns: what is more than a name. */
function expressionsOf(check: CompareCheck): readonly WrittenSql[] {
  return (['key', 'columns'] as const).flatMap((section) =>
    [...(check[section] ?? [])].flatMap(([name, from]) => {
      const replica = check.meanings.get(name)?.replica;
      return [from, ...(replica === undefined ? [] : [replica])]
        .filter((sql) => !PLAIN_NAME.test(sql))
        .map((sql) => ({ name, sql, location: check.locationOf(section, name) }));
    }),
  );
}

const PLAIN_NAME = /^\w+$/;
