import { durationMs } from '../../pipeline/build.js';
import { section } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { type Problem, problem } from '../../pipeline/problem.js';
import { named } from '../../pipeline/spec-words.js';
import type { CheckSection, ColumnMap, PlaceSection } from './section.js';
import { type CheckSpec, check } from './spec.js';

export const checks = section(
  'checks',
  named(check).default({}).describe('What has to agree'),
  (declared, { each, problems }) => ({
    checks: each('checks', declared, (one, at) => buildCheck(one, at, problems) ?? []).flat(),
  }),
);

/** A table of a database or a collection of a store, never both or half of one. */
function buildPlace(
  side: 'source' | 'replica',
  place: NonNullable<CheckSpec['source']>,
  at: Located,
  problems: Problem[],
): PlaceSection | undefined {
  const { database, table, store, collection, where } = place;
  const refuse = (message: string, ...path: string[]): undefined => {
    problems.push(problem('check-place', at.locationOf(side, ...path), `check ${at.name}: ${side} ${message}`));
    return undefined;
  };
  const inTable = database !== undefined || table !== undefined;
  const inStore = store !== undefined || collection !== undefined;
  if (inTable === inStore) {
    const found = inTable ? 'has both: it is in one place' : 'has neither';
    return refuse(`needs database and table, or store and collection; it ${found}`);
  }
  if (database !== undefined && table !== undefined) {
    if (typeof where === 'object') return refuse('is a table: its where is SQL', 'where');
    return { kind: 'table', database, table, where };
  }
  if (store !== undefined && collection !== undefined) {
    if (typeof where === 'string') return refuse('is documents: its where is { field: value }', 'where');
    return { kind: 'documents', store, collection, where: where ?? {} };
  }
  return refuse(inTable ? 'needs database and table' : 'needs store and collection');
}

function buildCheck(check: CheckSpec, at: Located, problems: Problem[]): CheckSection | undefined {
  const missing = (what: string): undefined => {
    problems.push(problem('check-incomplete', at.location, `check ${at.name} needs ${what}`));
    return undefined;
  };
  const withinMs = check.within === undefined ? undefined : durationMs(check.within);
  if (check.stages !== undefined) {
    const { key, within, reportedBy, keys, view, ...stages } = check.stages;
    return {
      ...at,
      ...stages,
      kind: 'stages',
      key: key ?? 'key',
      withinMs: durationMs(within),
      reportedBy: new Map(Object.entries(reportedBy)),
      keys,
      view,
    };
  }
  if (check.conservation !== undefined) {
    const { queue, published, effects } = check.conservation;
    return { ...at, kind: 'conservation', queue, published, effects, withinMs };
  }
  if (check.rows !== undefined) {
    if (check.database === undefined) return missing('database: where its query runs');
    return {
      ...at,
      kind: 'rows',
      database: check.database,
      query: check.rows,
      expect: check.expect ?? 'none',
      withinMs,
    };
  }
  if (check.source === undefined || check.replica === undefined)
    return missing('source and replica, or rows, or stages, or conservation');
  if (check.key === undefined) return missing('key: the columns that tell its rows apart');
  const key = columnMap(check.key);
  if (key.size === 0) return missing('at least one key column');
  const source = buildPlace('source', check.source, at, problems);
  const replica = buildPlace('replica', check.replica, at, problems);
  if (source === undefined || replica === undefined) return undefined;
  return {
    ...at,
    kind: 'compare',
    source,
    replica,
    key,
    columns: check.columns === undefined ? undefined : columnMap(check.columns),
    through: check.through,
    withinMs,
  };
}

function columnMap(columns: readonly string[] | Readonly<Record<string, string>>): ColumnMap {
  return new Map(Array.isArray(columns) ? columns.map((column: string) => [column, column]) : Object.entries(columns));
}
