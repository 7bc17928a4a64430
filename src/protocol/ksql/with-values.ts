import type { Expression, WithClause, WithValue } from './ast.js';
import { formatExpression } from './format.js';

/** The plain value of a WITH entry; what is not a literal comes as its text. */
export function withValue(expression: Expression): WithValue {
  switch (expression.kind) {
    case 'string':
    case 'boolean':
      return expression.value;
    case 'double':
      return expression.value;
    case 'integer':
      return expression.value;
    default:
      return formatExpression(expression);
  }
}

/** What stands in no text: an entry that is added. */
export function withEntry(value: string | number): Expression {
  const at = { offset: 0, line: 1, column: 1 };
  return typeof value === 'string' ? { kind: 'string', value, at } : { kind: 'integer', value: BigInt(value), at };
}

export function withText(properties: WithClause, name: string): string | undefined {
  const expression = properties.get(name);
  return expression === undefined ? undefined : String(withValue(expression));
}

/** A connector's config as it goes to Connect: everything as text. */
export function connectorConfig(properties: WithClause): Record<string, string> {
  return Object.fromEntries([...properties].map(([key, expression]) => [key, String(withValue(expression))]));
}
