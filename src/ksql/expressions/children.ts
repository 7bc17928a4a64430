import type { Expression } from '../../protocol/ksql/ast.js';

/** The expression with other children. */
export function mapChildren(expression: Expression, change: (child: Expression) => Expression): Expression {
  switch (expression.kind) {
    case 'field':
      return { ...expression, base: change(expression.base) };
    case 'subscript':
      return { ...expression, base: change(expression.base), index: change(expression.index) };
    case 'negate':
    case 'not':
    case 'is-null':
    case 'cast':
      return { ...expression, operand: change(expression.operand) };
    case 'arithmetic':
    case 'comparison':
    case 'logical':
      return { ...expression, left: change(expression.left), right: change(expression.right) };
    case 'between':
      return {
        ...expression,
        operand: change(expression.operand),
        low: change(expression.low),
        high: change(expression.high),
      };
    case 'in':
      return { ...expression, operand: change(expression.operand), values: expression.values.map(change) };
    case 'like':
      return { ...expression, operand: change(expression.operand), pattern: change(expression.pattern) };
    case 'case':
      return {
        ...expression,
        operand: expression.operand === undefined ? undefined : change(expression.operand),
        branches: expression.branches.map(({ when, result }) => ({ when: change(when), result: change(result) })),
        otherwise: expression.otherwise === undefined ? undefined : change(expression.otherwise),
      };
    case 'array':
      return { ...expression, elements: expression.elements.map(change) };
    case 'map':
      return {
        ...expression,
        entries: expression.entries.map(({ key, value }) => ({ key: change(key), value: change(value) })),
      };
    case 'struct':
      return { ...expression, fields: expression.fields.map(({ name, value }) => ({ name, value: change(value) })) };
    case 'call':
      return { ...expression, args: expression.args.map(change) };
    case 'lambda':
      return { ...expression, body: change(expression.body) };
    default:
      return expression;
  }
}

export type ColumnReference = Extract<Expression, { kind: 'column' }>;

/** The columns in it, from left to right; a lambda's parameters are none. */
export function columnsOf(expression: Expression): ColumnReference[] {
  if (expression.kind === 'column') return [expression];
  const found: ColumnReference[] = [];
  mapChildren(expression, (child) => {
    found.push(...columnsOf(child));
    return child;
  });
  if (expression.kind !== 'lambda') return found;
  return found.filter(({ source, name }) => source !== undefined || !expression.parameters.includes(name));
}

/** Names of the columns in it. */
export function columnsIn(expression: Expression, names = new Set<string>()): ReadonlySet<string> {
  contains(expression, (each) => {
    if (each.kind === 'column') names.add(each.name);
    return false;
  });
  return names;
}

/** Whether it, or anything in it, is such an expression. */
export function contains(expression: Expression, wanted: (each: Expression) => boolean): boolean {
  if (wanted(expression)) return true;
  let found = false;
  mapChildren(expression, (child) => {
    found ||= contains(child, wanted);
    return child;
  });
  return found;
}
