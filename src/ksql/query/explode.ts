import type { Expression, Query, SelectItem } from '../../protocol/ksql/ast.js';
import { formatExpression } from '../../protocol/ksql/format.js';
import { contains, mapChildren } from '../expressions/children.js';
import { compile } from '../expressions/compile.js';
import type { CompileContext } from '../expressions/compiled.js';
import { TABLE_FUNCTIONS } from '../functions/table-functions.js';
import type { Column } from '../metadata/schema.js';
import { StatementError } from '../statement-error.js';
import type { TableCall } from './logical-plan.js';
import type { Relation } from './relation.js';

/** A name that nobody can write. */
const slotOf = ({ name }: Column): string => `\u0000${name}`;

/**
 * EXPLODE in the select list: the relation's rows are multiplied first, the calls become columns of them. Several run
 * side by side, the shorter ones filled up with null; a row for which all are empty is gone.
 */
export function explode(
  query: Query,
  relation: Relation,
  context: CompileContext,
): { query: Query; relation: Relation } {
  const found: TableCall[] = [];
  const rewrite = (expression: Expression): Expression => {
    const definition = expression.kind === 'call' ? TABLE_FUNCTIONS.get(expression.name) : undefined;
    if (expression.kind !== 'call' || definition === undefined) return mapChildren(expression, rewrite);
    if (
      expression.args.some((arg) => contains(arg, (each) => each.kind === 'call' && TABLE_FUNCTIONS.has(each.name)))
    ) {
      throw new StatementError(`Table functions can not be nested: ${formatExpression(expression)}`);
    }
    const args = expression.args.map((arg) => compile(arg, context));
    const { returns, rows } = definition.create(args.map(({ type }) => type));
    const column = { name: `KSQL_SYNTH_${found.length}`, type: returns };
    found.push({ expression, column, rows: (row) => rows(args.map(({ evaluate }) => evaluate(row))) });
    return { kind: 'column', source: undefined, name: slotOf(column), standsFor: expression, at: expression.at };
  };
  let generated = 0;
  const select = query.select.map((item): SelectItem => {
    if (item.kind !== 'expression') return item;
    const before = found.length;
    const expression = rewrite(item.expression);
    if (found.length === before || item.alias !== undefined || expression.kind !== 'column')
      return { ...item, expression };
    const alias = `KSQL_COL_${generated}`;
    generated += 1;
    return { kind: 'expression', expression, alias };
  });
  if (found.length === 0) return { query, relation };
  if (query.groupBy.length > 0) throw new StatementError('Table functions cannot be used with aggregations.');
  if (relation.node.type === 'TABLE') {
    throw new StatementError('Table source is not supported with table functions');
  }
  const { node } = relation;
  const width = node.schema.value.length;
  const value = [...node.schema.value, ...found.map(({ column }) => column)];
  return {
    query: { ...query, select },
    relation: {
      ...relation,
      node: { kind: 'flat-map', type: 'STREAM', calls: found, schema: { ...node.schema, value }, input: node },
      scope: {
        sources: relation.scope.sources,
        column(source, name) {
          const at = found.findIndex(({ column }) => slotOf(column) === name);
          if (at === -1) return relation.scope.column(source, name);
          return { type: found[at]?.column.type, evaluate: (row) => row.value?.[width + at] ?? null };
        },
      },
    },
  };
}
