import type { Expression, Query, SelectItem } from '../../../protocol/ksql/ast.js';
import { formatExpression } from '../../../protocol/ksql/format.js';
import { compile, failAt } from '../expressions/compile.js';
import type { CompileContext } from '../expressions/compiled.js';
import { StatementError } from '../statement-error.js';

/** One column of the output, before it is known whether it lies in key or value. */
export interface Selected {
  readonly name: string;
  readonly expression: Expression;
}

/** A source's columns in the order of SELECT *: key, window bounds, value, headers. */
export interface StarSource {
  readonly alias: string;
  readonly columns: readonly string[];
  /** In joins, SELECT * prefixes names with the alias. */
  readonly prefixed: boolean;
}

/** Replaces stars, gives every expression its name. Throws for two of one name. */
export function expandSelect(query: Query, stars: readonly StarSource[], context: CompileContext): Selected[] {
  const selected: Array<{ name: string | undefined; expression: Expression }> = [];
  for (const item of query.select) {
    if (item.kind === 'expression')
      selected.push({ name: item.alias ?? ownName(item.expression), expression: item.expression });
    else if (item.kind === 'all') selected.push(...expandStar(item, stars));
    else selected.push(...expandFields(item, context));
  }
  const taken = new Set(selected.flatMap(({ name }) => (name === undefined ? [] : [name])));
  let next = 0;
  const named = selected.map(({ name, expression }) => {
    if (name !== undefined) return { name, expression };
    while (taken.has(`KSQL_COL_${next}`)) next += 1;
    const generated = `KSQL_COL_${next}`;
    next += 1;
    return { name: generated, expression };
  });
  const seen = new Set<string>();
  for (const { name } of named) {
    if (seen.has(name)) throw new StatementError(`The projection contains a duplicate output field name: \`${name}\`.`);
    seen.add(name);
  }
  return named;
}

function ownName(expression: Expression): string | undefined {
  if (expression.kind === 'column') return expression.name;
  return expression.kind === 'field' ? expression.name : undefined;
}

function expandStar(
  item: Extract<SelectItem, { kind: 'all' }>,
  stars: readonly StarSource[],
): Array<{ name: string; expression: Expression }> {
  const chosen = item.source === undefined ? stars : stars.filter(({ alias }) => alias === item.source);
  if (chosen.length === 0) throw failAt(item.at, `'${item.source}' is not a valid stream/table name or alias.`);
  return chosen.flatMap(({ alias, columns, prefixed }) =>
    columns.map((name) => ({
      name: prefixed ? `${alias}_${name}` : name,
      expression: { kind: 'column', source: stars.length === 1 ? undefined : alias, name, at: item.at },
    })),
  );
}

function expandFields(
  item: Extract<SelectItem, { kind: 'all-fields' }>,
  context: CompileContext,
): Array<{ name: string; expression: Expression }> {
  const { type } = compile(item.base, context);
  if (type?.kind !== 'STRUCT')
    throw failAt(item.at, `Cannot use ->* on ${formatExpression(item.base)}: it is no STRUCT`);
  return type.fields.map(({ name }) => ({ name, expression: { kind: 'field', base: item.base, name, at: item.at } }));
}
