import type { Expression } from './ast.js';
import { formatType, quoteText, type SqlType, writeName } from './types.js';

const list = (expressions: readonly Expression[]): string => expressions.map(formatExpression).join(', ');

/**
 * An expression in one canonical spelling: two expressions mean the same columns and operations exactly if they
 * print the same, which is how a GROUP BY expression is found again in the select list.
 */
export function formatExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'null':
      return 'null';
    case 'boolean':
      return String(expression.value);
    case 'integer':
      return expression.value.toString();
    case 'decimal':
      return expression.text;
    case 'double':
      return formatDouble(expression.value);
    case 'string':
      return quoteText(expression.value);
    case 'typed-literal':
      return `${expression.type} ${quoteText(expression.text)}`;
    case 'variable':
      return `\${${expression.name}}`;
    case 'column':
      if (expression.standsFor !== undefined) return formatExpression(expression.standsFor);
      return expression.source === undefined
        ? writeName(expression.name)
        : `${writeName(expression.source)}.${writeName(expression.name)}`;
    case 'field':
      return `${formatExpression(expression.base)}->${writeName(expression.name)}`;
    case 'subscript':
      return `${formatExpression(expression.base)}[${formatExpression(expression.index)}]`;
    case 'negate':
      // Two of them side by side would begin a comment.
      return `-${expression.operand.kind === 'negate' ? ' ' : ''}${formatExpression(expression.operand)}`;
    case 'arithmetic':
    case 'comparison':
    case 'logical':
      return `(${formatExpression(expression.left)} ${expression.operator} ${formatExpression(expression.right)})`;
    case 'not':
      return `(NOT ${formatExpression(expression.operand)})`;
    case 'call':
      return `${writeName(expression.name)}(${expression.name === 'COUNT' ? list(expression.args) || '*' : list(expression.args)})`;
    case 'lambda':
      return `(${expression.parameters.map(writeName).join(', ')}) => ${formatExpression(expression.body)}`;
    case 'unit':
      return expression.unit;
    case 'cast':
      return `CAST(${formatExpression(expression.operand)} AS ${writeType(expression.type)})`;
    case 'array':
      return `ARRAY[${list(expression.elements)}]`;
    case 'map':
      return `MAP(${expression.entries.map(({ key, value }) => `${formatExpression(key)}:=${formatExpression(value)}`).join(', ')})`;
    case 'struct':
      return `STRUCT(${expression.fields.map((field) => `${writeName(field.name)}:=${formatExpression(field.value)}`).join(', ')})`;
    default:
      return formatPredicate(expression);
  }
}

type Predicate = Extract<Expression, { kind: 'between' | 'in' | 'like' | 'is-null' | 'case' }>;

function formatPredicate(expression: Predicate): string {
  const operand = expression.operand === undefined ? '' : formatExpression(expression.operand);
  switch (expression.kind) {
    case 'between':
      return `(${operand} BETWEEN ${formatExpression(expression.low)} AND ${formatExpression(expression.high)})`;
    case 'in':
      return `(${operand} IN (${list(expression.values)}))`;
    case 'like': {
      const escaping = expression.escape === undefined ? '' : ` ESCAPE ${quoteText(expression.escape)}`;
      return `(${operand} LIKE ${formatExpression(expression.pattern)}${escaping})`;
    }
    case 'is-null':
      return `(${operand} IS ${expression.negated ? 'NOT ' : ''}NULL)`;
    case 'case': {
      const branches = expression.branches.map(
        ({ when, result }) => ` WHEN ${formatExpression(when)} THEN ${formatExpression(result)}`,
      );
      const otherwise = expression.otherwise === undefined ? '' : ` ELSE ${formatExpression(expression.otherwise)}`;
      return `(CASE${operand === '' ? '' : ` ${operand}`}${branches.join('')}${otherwise} END)`;
    }
  }
}

function formatDouble(value: number): string {
  const text = value.toExponential().toUpperCase().replace('+', '');
  return text.includes('E') ? text : `${text}E0`;
}

/** A type as a person would write it. */
export function writeType(type: SqlType): string {
  switch (type.kind) {
    case 'ARRAY':
      return `ARRAY<${writeType(type.element)}>`;
    case 'MAP':
      return `MAP<${writeType(type.key)}, ${writeType(type.value)}>`;
    case 'STRUCT':
      return `STRUCT<${type.fields.map((field) => `${writeName(field.name)} ${writeType(field.type)}`).join(', ')}>`;
    case 'NAMED':
      return writeName(type.name);
    default:
      return formatType(type);
  }
}
