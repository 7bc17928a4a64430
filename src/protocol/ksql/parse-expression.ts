import type { ArithmeticOperator, ComparisonOperator, Expression } from './ast.js';
import type { Cursor } from './cursor.js';
import { parseType } from './parse-type.js';

/**
 * A Pratt parser. Binding powers, loosest first:
 * OR, AND, NOT, predicates and comparisons, ||, + -, * / %, unary minus, then [..] -> .
 */
const POWER = { or: 1, and: 2, not: 3, predicate: 4, concat: 5, sum: 6, product: 7, unary: 8 } as const;

const COMPARISONS: Readonly<Record<string, ComparisonOperator>> = {
  '=': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

const UNITS: ReadonlySet<string> = new Set(
  'YEAR YEARS MONTH MONTHS DAY DAYS HOUR HOURS MINUTE MINUTES SECOND SECONDS MILLISECOND MILLISECONDS WEEK WEEKS'.split(
    ' ',
  ),
);

export function parseExpression(cursor: Cursor, power = 0): Expression {
  return cursor.nested(() => {
    let left = parsePrefix(cursor);
    for (let links = 1; ; links++) {
      const next = parseInfix(cursor, left, power);
      if (next === undefined) {
        cursor.expectMany();
        return left;
      }
      cursor.checkDepth(links);
      left = next;
    }
  });
}

function parsePrefix(cursor: Cursor): Expression {
  const { at } = cursor.token;
  cursor.expectMany();
  if (cursor.accept('NOT')) return { kind: 'not', operand: parseExpression(cursor, POWER.not), at };
  if (cursor.accept('-')) {
    const operand = parseExpression(cursor, POWER.unary);
    // A negative number is a literal: -9223372036854775808 has no positive counterpart.
    if (operand.kind === 'integer') return { ...operand, value: -operand.value, at };
    if (operand.kind === 'double') return { ...operand, value: -operand.value, at };
    if (operand.kind === 'decimal') return { ...operand, text: `-${operand.text}`.replace('--', ''), at };
    return { kind: 'negate', operand, at };
  }
  if (cursor.accept('+')) return parseExpression(cursor, POWER.unary);
  return parsePostfix(cursor, parsePrimary(cursor));
}

function parsePostfix(cursor: Cursor, start: Expression): Expression {
  let base = start;
  for (let links = 1; ; links++) {
    cursor.checkDepth(links);
    const { at } = cursor.token;
    if (cursor.accept('[')) {
      const index = parseExpression(cursor);
      cursor.expect(']');
      base = { kind: 'subscript', base, index, at };
    } else if (cursor.accept('->')) {
      base = { kind: 'field', base, name: cursor.identifier(), at };
    } else return base;
  }
}

function parseInfix(cursor: Cursor, left: Expression, power: number): Expression | undefined {
  const { at, value, kind } = cursor.token;
  if (power < POWER.or && cursor.accept('OR')) {
    return { kind: 'logical', operator: 'OR', left, right: parseExpression(cursor, POWER.or), at };
  }
  if (power < POWER.and && cursor.accept('AND')) {
    return { kind: 'logical', operator: 'AND', left, right: parseExpression(cursor, POWER.and), at };
  }
  if (power < POWER.predicate) {
    const comparison = kind === 'symbol' ? COMPARISONS[value] : undefined;
    if (comparison !== undefined) {
      cursor.advance();
      return { kind: 'comparison', operator: comparison, left, right: parseExpression(cursor, POWER.predicate), at };
    }
    const predicate = parsePredicate(cursor, left);
    if (predicate !== undefined) return predicate;
  }
  const arithmetic = kind === 'symbol' ? arithmeticPower(value) : undefined;
  if (arithmetic !== undefined && power < arithmetic) {
    cursor.advance();
    const right = parseExpression(cursor, arithmetic);
    return { kind: 'arithmetic', operator: value as ArithmeticOperator | '||', left, right, at };
  }
  if (power < POWER.predicate) for (const each of ['=', '<>', '<', '+', '*', '||']) cursor.at(each);
  return undefined;
}

function arithmeticPower(symbol: string): number | undefined {
  if (symbol === '||') return POWER.concat;
  if (symbol === '+' || symbol === '-') return POWER.sum;
  return symbol === '*' || symbol === '/' || symbol === '%' ? POWER.product : undefined;
}

function parsePredicate(cursor: Cursor, operand: Expression): Expression | undefined {
  const { at } = cursor.token;
  if (cursor.accept('IS')) return parseIs(cursor, operand);
  if (cursor.sees('NOT') && ['BETWEEN', 'IN', 'LIKE'].includes(cursor.peek(1).value)) {
    cursor.advance();
    const inner = parsePredicate(cursor, operand);
    return inner === undefined ? undefined : { kind: 'not', operand: inner, at };
  }
  if (cursor.accept('BETWEEN')) {
    const low = parseExpression(cursor, POWER.predicate);
    cursor.expect('AND');
    return { kind: 'between', operand, low, high: parseExpression(cursor, POWER.predicate), at };
  }
  if (cursor.accept('IN')) {
    cursor.expect('(');
    const values = parseList(cursor);
    cursor.expect(')');
    return { kind: 'in', operand, values, at };
  }
  if (cursor.accept('LIKE')) {
    const pattern = parseExpression(cursor, POWER.predicate);
    const escaping = cursor.accept('ESCAPE') ? cursor.expectString() : undefined;
    return { kind: 'like', operand, pattern, escape: escaping, at };
  }
  return undefined;
}

function parseIs(cursor: Cursor, operand: Expression): Expression {
  const { at } = cursor.token;
  const negated = cursor.accept('NOT');
  if (cursor.accept('NULL')) return { kind: 'is-null', operand, negated, at };
  cursor.expect('DISTINCT', 'FROM');
  const right = parseExpression(cursor, POWER.predicate);
  return {
    kind: 'comparison',
    operator: negated ? 'IS NOT DISTINCT FROM' : 'IS DISTINCT FROM',
    left: operand,
    right,
    at,
  };
}

function parseList(cursor: Cursor): Expression[] {
  const values = [parseExpression(cursor)];
  while (cursor.accept(',')) values.push(parseExpression(cursor));
  return values;
}

function parsePrimary(cursor: Cursor): Expression {
  const { token } = cursor;
  const { at } = token;
  switch (token.kind) {
    case 'integer':
      cursor.advance();
      return { kind: 'integer', value: BigInt(token.value), at };
    case 'decimal':
      cursor.advance();
      return { kind: 'decimal', text: token.value, at };
    case 'float':
      cursor.advance();
      return { kind: 'double', value: Number(token.value), at };
    case 'string':
      cursor.advance();
      return { kind: 'string', value: token.value, at };
    case 'variable':
      if (cursor.peek(1).value === '.') return parseReference(cursor);
      cursor.advance();
      return { kind: 'variable', name: token.value, at };
    case 'symbol':
      return parseParenthesised(cursor);
    case 'word':
      return parseWord(cursor);
    case 'quoted':
      return parseReference(cursor);
    default:
      throw cursor.fail();
  }
}

function parseParenthesised(cursor: Cursor): Expression {
  const { at } = cursor.token;
  if (!cursor.sees('(')) throw cursor.fail();
  const names = lambdaNames(cursor);
  if (names !== undefined) return { kind: 'lambda', parameters: names, body: parseExpression(cursor), at };
  cursor.expect('(');
  const inner = parseExpression(cursor);
  cursor.expect(')');
  return inner;
}

/** `(a, b) =>`: looks ahead, takes it only where the arrow is there. */
function lambdaNames(cursor: Cursor): string[] | undefined {
  const names: string[] = [];
  let ahead = 1;
  for (;;) {
    const name = cursor.peek(ahead);
    if (name.kind !== 'word' && name.kind !== 'quoted') return undefined;
    names.push(name.value);
    const separator = cursor.peek(ahead + 1);
    ahead += 2;
    if (separator.value === ',') continue;
    if (separator.value !== ')' || cursor.peek(ahead).value !== '=>') return undefined;
    for (let taken = 0; taken <= ahead; taken += 1) cursor.advance();
    return names;
  }
}

function parseWord(cursor: Cursor): Expression {
  const { at, value } = cursor.token;
  const next = cursor.peek(1);
  switch (value) {
    case 'NULL':
      cursor.advance();
      return { kind: 'null', at };
    case 'TRUE':
    case 'FALSE':
      cursor.advance();
      return { kind: 'boolean', value: value === 'TRUE', at };
    case 'CASE':
      return parseCase(cursor);
    case 'CAST':
      return parseCast(cursor);
    case 'ARRAY':
      if (next.value === '[') return parseArray(cursor);
      break;
    case 'MAP':
      if (next.value === '(') return parseMap(cursor);
      break;
    case 'STRUCT':
      if (next.value === '(') return parseStruct(cursor);
      break;
  }
  if (next.kind === 'string' && !cursor.token.text.startsWith('`')) {
    cursor.advance();
    cursor.advance();
    return { kind: 'typed-literal', type: value, text: next.value, at };
  }
  if (next.kind === 'symbol' && next.value === '=>') {
    cursor.advance();
    cursor.advance();
    return { kind: 'lambda', parameters: [value], body: parseExpression(cursor), at };
  }
  return parseReference(cursor);
}

function parseReference(cursor: Cursor): Expression {
  const { at } = cursor.token;
  // A few reserved words are functions' names nevertheless; none of ksqlDB's are, so the rule stays simple.
  const first = cursor.identifier();
  if (cursor.sees('(')) return parseCall(cursor, first, at);
  if (cursor.sees('.')) {
    cursor.advance();
    return { kind: 'column', source: first, name: cursor.identifier(), at };
  }
  return { kind: 'column', source: undefined, name: first, at };
}

function parseCall(cursor: Cursor, name: string, at: Expression['at']): Expression {
  cursor.expect('(');
  if (cursor.accept(')')) return { kind: 'call', name, args: [], at };
  if (cursor.sees('*', ')')) {
    cursor.expect('*', ')');
    return { kind: 'call', name, args: [], at };
  }
  const args = [parseArgument(cursor)];
  while (cursor.accept(',')) args.push(parseArgument(cursor));
  cursor.expect(')');
  return { kind: 'call', name, args, at };
}

function parseArgument(cursor: Cursor): Expression {
  const { token } = cursor;
  const next = cursor.peek(1);
  if (token.kind === 'word' && UNITS.has(token.value) && next.value === ',') {
    cursor.advance();
    return { kind: 'unit', unit: token.value, at: token.at };
  }
  return parseExpression(cursor);
}

function parseCase(cursor: Cursor): Expression {
  const { at } = cursor.expect('CASE');
  const operand = cursor.at('WHEN') ? undefined : parseExpression(cursor);
  const branches: Array<{ when: Expression; result: Expression }> = [];
  while (cursor.accept('WHEN')) {
    const when = parseExpression(cursor);
    cursor.expect('THEN');
    branches.push({ when, result: parseExpression(cursor) });
  }
  if (branches.length === 0) cursor.expect('WHEN');
  const otherwise = cursor.accept('ELSE') ? parseExpression(cursor) : undefined;
  cursor.expect('END');
  return { kind: 'case', operand, branches, otherwise, at };
}

function parseCast(cursor: Cursor): Expression {
  const { at } = cursor.expect('CAST');
  cursor.expect('(');
  const operand = parseExpression(cursor);
  cursor.expect('AS');
  const type = parseType(cursor);
  cursor.expect(')');
  return { kind: 'cast', operand, type, at };
}

function parseArray(cursor: Cursor): Expression {
  const { at } = cursor.expect('ARRAY');
  cursor.expect('[');
  const elements = cursor.at(']') ? [] : parseList(cursor);
  cursor.expect(']');
  return { kind: 'array', elements, at };
}

function parseMap(cursor: Cursor): Expression {
  const { at } = cursor.expect('MAP');
  cursor.expect('(');
  const entries: Array<{ key: Expression; value: Expression }> = [];
  if (!cursor.at(')')) {
    do {
      const key = parseExpression(cursor);
      cursor.expect(':=');
      entries.push({ key, value: parseExpression(cursor) });
    } while (cursor.accept(','));
  }
  cursor.expect(')');
  return { kind: 'map', entries, at };
}

function parseStruct(cursor: Cursor): Expression {
  const { at } = cursor.expect('STRUCT');
  cursor.expect('(');
  const fields: Array<{ name: string; value: Expression }> = [];
  if (!cursor.at(')')) {
    do {
      const name = cursor.identifier();
      cursor.expect(':=');
      fields.push({ name, value: parseExpression(cursor) });
    } while (cursor.accept(','));
  }
  cursor.expect(')');
  return { kind: 'struct', fields, at };
}
