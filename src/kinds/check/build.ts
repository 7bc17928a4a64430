import { decimalText } from '../../clients/documents/json-text.js';
import { durationMs } from '../../pipeline/build.js';
import { type BuildContext, section } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { problem } from '../../pipeline/problem.js';
import { named } from '../../pipeline/spec-words.js';
import { sharedSource } from '../ksqldb/namespace.js';
import { buildPlace, buildSource } from './build-place.js';
import type { CheckSection, ColumnMap, ColumnMeaning } from './section.js';
import { type CheckSpec, check } from './spec.js';

export const checks = section(
  'checks',
  named(check).default({}).describe('What must agree'),
  (declared, context) => ({
    checks: context.each('checks', declared, (one, at) => buildCheck(one, at, context) ?? []).flat(),
  }),
  { resolves: 'names' },
);

function buildCheck(check: CheckSpec, at: Located, context: BuildContext): CheckSection | undefined {
  const { problems, shared } = context;
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
      allowEmpty: check.allowEmpty,
      topic: shared(stages.topic),
      key: key ?? 'key',
      withinMs: durationMs(within),
      reportedBy: new Map(Object.entries(reportedBy)),
      keys,
      view: view !== undefined && 'ksqldb' in view ? { ...view, ksqldb: sharedSource(shared, view.ksqldb) } : view,
    };
  }
  if (check.conservation !== undefined) {
    const { queue, published, effects } = check.conservation;
    const { allowEmpty } = check;
    return { ...at, kind: 'conservation', queue: shared(queue), published, effects, allowEmpty, withinMs };
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
  const source = buildSource(check.source, at, context);
  const replica = buildPlace(check.replica, 'the replica', at, ['replica'], context);
  if (source === undefined || replica === undefined) return undefined;
  return {
    ...at,
    kind: 'compare',
    source,
    replica,
    key: columnMap(check.key ?? []),
    columns: check.columns === undefined ? undefined : columnMap(check.columns),
    compare: check.compare,
    meanings: new Map([...meanings(check.key), ...meanings(check.columns)]),
    changed: check.changed,
    allowEmpty: check.allowEmpty,
    through: check.through?.map((stage) => stageName(stage, context)),
    withinMs,
  };
}

/** `through` names services, which are this pipeline's alone, connectors, groups, streams and queries. */
function stageName(stage: string, { names, shared }: BuildContext): string {
  if (names('services').includes(stage)) return stage;
  const [, query = '', source = ''] = /^((?:CSAS|CTAS)_)?(.*)$/s.exec(stage) ?? [];
  return `${query}${/^[A-Z_][A-Z0-9_]*$/.test(source) ? sharedSource(shared, source) : shared(source)}`;
}

type Columns = NonNullable<CheckSpec['columns']>;
type ColumnSpec = Exclude<Columns, readonly string[]>[string];

function columnMap(columns: Columns): ColumnMap {
  const from = (name: string, column: ColumnSpec): string =>
    typeof column === 'string' ? column : (column.from ?? name);
  return new Map(
    isList(columns)
      ? columns.map((column) => [column, column])
      : Object.entries(columns).map(([name, column]) => [name, from(name, column)]),
  );
}

const isList = (columns: Columns): columns is string[] => Array.isArray(columns);

function meanings(columns: Columns | undefined): ReadonlyMap<string, ColumnMeaning> {
  if (columns === undefined || isList(columns)) return new Map();
  return new Map(
    Object.entries(columns).flatMap(([name, column]): [string, ColumnMeaning][] => {
      if (typeof column === 'string') return [];
      const { replica, compare, lossy, trim, tolerance, case: letters, precision } = column;
      const meaning: ColumnMeaning = {
        replica,
        compare,
        lossy,
        trim,
        tolerance: tolerance === undefined ? undefined : decimalText(String(tolerance)),
        ignoreCase: letters === 'ignore',
        milliseconds: precision === 'ms',
      };
      return [[name, meaning]];
    }),
  );
}
