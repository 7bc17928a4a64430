import type { Expression, Query } from '../../protocol/ksql/ast.js';
import { formatExpression } from '../../protocol/ksql/format.js';
import { type ColumnReference, columnsOf } from '../expressions/children.js';
import type { Source } from '../metadata/source.js';
import { during, failAt, type StatementError } from '../statement-error.js';
import { PSEUDO_COLUMNS, WINDOW_COLUMNS } from './scope.js';

export interface NamedSource {
  readonly source: Source;
  readonly alias: string;
}

type Clause = 'SELECT' | 'JOIN ON' | 'WHERE' | 'GROUP BY' | 'PARTITION BY' | 'HAVING';

/**
 * Refuses names that no source has, or several, before anything is said of types: first what is ambiguous, in the order
 * of the text, then what is unknown, with SELECT as the last clause.
 */
export function checkNames(query: Query, sources: readonly NamedSource[]): void {
  const named = sources.map(({ source, alias }) => ({ alias, columns: columnsNamed(source) }));
  const owners = ({ source, name }: ColumnReference): string[] => [
    ...new Set(
      named.flatMap(({ alias, columns }) =>
        (source === undefined || source === alias) && columns.has(name) ? [alias] : [],
      ),
    ),
  ];
  const [selected, ...others] = clausesOf(query);
  for (const [, expressions] of [selected, ...others]) {
    for (const reference of expressions.flatMap(columnsOf)) {
      const found = owners(reference);
      if (found.length < 2) continue;
      during('Exception while preparing statement', () => {
        throw ambiguous(reference, found);
      });
    }
  }
  for (const [clause, expressions] of [...others, selected]) {
    const unknown = expressions
      .flatMap(columnsOf)
      .find((each) => owners(each).length === 0 && !isGenerated(each, clause, query));
    if (unknown !== undefined) {
      throw failAt(unknown.at, `${clause} column '${formatExpression(unknown)}' cannot be resolved.`);
    }
  }
}

function ambiguous({ name, at }: ColumnReference, sources: readonly string[]): StatementError {
  const sides = sources.map((source) => `${source}.${name}`).sort();
  return failAt(at, `Column '${name}' is ambiguous. Could be ${sides.join(' or ')}.`);
}

const columnsNamed = ({ schema, window }: Source): ReadonlySet<string> =>
  new Set([
    ...[...schema.key, ...schema.value, ...schema.headers].map(({ name }) => name),
    ...PSEUDO_COLUMNS.keys(),
    ...(window === undefined ? [] : WINDOW_COLUMNS.keys()),
  ]);

/** SELECT is the first. */
function clausesOf(query: Query): [[Clause, Expression[]], ...Array<[Clause, Expression[]]>] {
  const { select, joins, where, groupBy, partitionBy, having } = query;
  const given = (expression: Expression | undefined): Expression[] => (expression === undefined ? [] : [expression]);
  return [
    [
      'SELECT',
      select.flatMap((item) => {
        if (item.kind === 'expression') return [item.expression];
        return item.kind === 'all-fields' ? [item.base] : [];
      }),
    ],
    ['JOIN ON', joins.map(({ on }) => on)],
    ['WHERE', given(where)],
    ['GROUP BY', [...groupBy]],
    ['PARTITION BY', [...partitionBy]],
    ['HAVING', given(having)],
  ];
}

/** A join can have a key of its own, and what is grouped in windows has their bounds: where, is judged later. */
const isGenerated = ({ source, name }: ColumnReference, clause: Clause, { joins, window }: Query): boolean =>
  (source === undefined && joins.length > 0 && clause !== 'JOIN ON' && /^ROWKEY(_\d+)?$/.test(name)) ||
  (window !== undefined && WINDOW_COLUMNS.has(name));
