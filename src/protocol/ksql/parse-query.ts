import type { Duration, Expression, Join, Query, SelectItem, SourceRef, Window } from './ast.js';
import type { Cursor } from './cursor.js';
import { parseExpression } from './parse-expression.js';
import { AFTER_SOURCE } from './reserved.js';

const UNIT_MS: Readonly<Record<string, number>> = {
  MILLISECOND: 1,
  SECOND: 1_000,
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: 86_400_000,
};

/** `10 SECONDS`. */
export function parseDuration(cursor: Cursor): Duration {
  const count = cursor.expectInteger();
  const { token } = cursor;
  const unit = token.value.replace(/S$/, '');
  const unitMs = token.kind === 'word' ? UNIT_MS[unit] : undefined;
  if (unitMs === undefined) {
    for (const each of Object.keys(UNIT_MS)) cursor.at(`${each}S`);
    throw cursor.fail();
  }
  cursor.advance();
  return { count, unit: `${unit}S`, ms: count * unitMs };
}

export function parseQuery(cursor: Cursor): Query {
  cursor.expect('SELECT');
  const select = [parseSelectItem(cursor)];
  while (cursor.accept(',')) select.push(parseSelectItem(cursor));
  cursor.expect('FROM');
  const from = parseSource(cursor);
  const joins: Join[] = [];
  for (let join = parseJoin(cursor); join !== undefined; join = parseJoin(cursor)) joins.push(join);
  const window = cursor.accept('WINDOW') ? parseWindow(cursor) : undefined;
  const where = cursor.accept('WHERE') ? parseExpression(cursor) : undefined;
  const groupBy = cursor.accept('GROUP') ? parseGroup(cursor) : [];
  const partitionBy = cursor.accept('PARTITION') ? parseGroup(cursor) : [];
  const having = cursor.accept('HAVING') ? parseExpression(cursor) : undefined;
  const emit = cursor.accept('EMIT') ? parseEmit(cursor) : undefined;
  const limit = cursor.accept('LIMIT') ? cursor.expectInteger() : undefined;
  return { select, from, joins, window, where, groupBy, partitionBy, having, emit, limit };
}

function parseEmit(cursor: Cursor): 'CHANGES' | 'FINAL' {
  if (cursor.accept('FINAL')) return 'FINAL';
  cursor.expect('CHANGES');
  return 'CHANGES';
}

function parseSelectItem(cursor: Cursor): SelectItem {
  const { at } = cursor.token;
  if (cursor.accept('*')) return { kind: 'all', source: undefined, at };
  if (cursor.atIdentifier() && cursor.peek(1).value === '.' && cursor.peek(2).value === '*') {
    const source = cursor.identifier();
    cursor.expect('.', '*');
    return { kind: 'all', source, at };
  }
  const expression = parseExpression(cursor);
  if (cursor.accept('->*')) return { kind: 'all-fields', base: expression, at };
  if (cursor.accept('AS')) return { kind: 'expression', expression, alias: cursor.identifier() };
  const alias = cursor.atIdentifier() ? cursor.identifier() : undefined;
  return { kind: 'expression', expression, alias };
}

function parseSource(cursor: Cursor): SourceRef {
  const { at } = cursor.token;
  const name = cursor.identifier();
  if (cursor.accept('AS')) return { name, alias: cursor.identifier(), at };
  const { token } = cursor;
  const aliased = cursor.atIdentifier() && !(token.kind === 'word' && AFTER_SOURCE.has(token.value));
  return { name, alias: aliased ? cursor.identifier() : undefined, at };
}

function parseJoin(cursor: Cursor): Join | undefined {
  const { at } = cursor.token;
  let kind: Join['kind'] = 'INNER';
  if (cursor.accept('INNER')) cursor.expect('JOIN');
  else if (cursor.at('LEFT') || cursor.at('RIGHT') || cursor.at('FULL')) {
    kind = cursor.advance().value as Join['kind'];
    cursor.accept('OUTER');
    cursor.expect('JOIN');
  } else if (!cursor.accept('JOIN')) return undefined;
  const source = parseSource(cursor);
  const within = cursor.accept('WITHIN') ? parseWithin(cursor) : undefined;
  cursor.expect('ON');
  return { kind, source, within, on: parseExpression(cursor), at };
}

/** What is after GRACE. */
function parseGrace(cursor: Cursor): Duration {
  cursor.expect('PERIOD');
  return parseDuration(cursor);
}

function parseWithin(cursor: Cursor): NonNullable<Join['within']> {
  let before: Duration;
  let after: Duration;
  if (cursor.accept('(')) {
    before = parseDuration(cursor);
    cursor.expect(',');
    after = parseDuration(cursor);
    cursor.expect(')');
  } else {
    before = parseDuration(cursor);
    after = before;
  }
  return { before, after, grace: cursor.accept('GRACE') ? parseGrace(cursor) : undefined };
}

/** What is after GROUP or PARTITION. */
function parseGroup(cursor: Cursor): Expression[] {
  cursor.expect('BY');
  // GROUP BY (A, B) is the same as GROUP BY A, B; but (A + B) * 2, … begins with a parenthesis too.
  const grouped = cursor.sees('(') && closesAtClause(cursor);
  if (grouped) cursor.expect('(');
  const list: Expression[] = [];
  if (!(grouped && cursor.at(')'))) {
    list.push(parseExpression(cursor));
    while (cursor.accept(',')) list.push(parseExpression(cursor));
  }
  if (grouped) cursor.expect(')');
  return list;
}

/** Whether the parenthesis that begins here closes right before the next clause, so that it encloses the whole list. */
function closesAtClause(cursor: Cursor): boolean {
  let depth = 0;
  for (let ahead = 0; ; ahead += 1) {
    const token = cursor.peek(ahead);
    if (token.kind === 'end') return false;
    if (token.kind !== 'symbol') continue;
    if (token.value === '(') depth += 1;
    if (token.value !== ')') continue;
    depth -= 1;
    if (depth > 0) continue;
    const next = cursor.peek(ahead + 1);
    return next.kind === 'end' || [';', 'EMIT', 'HAVING', 'PARTITION', 'LIMIT', ')'].includes(next.value);
  }
}

function parseWindow(cursor: Cursor): Window {
  const kinds = ['TUMBLING', 'HOPPING', 'SESSION'];
  // WINDOW name TUMBLING (…): the name means nothing, but may stand there.
  if (cursor.atIdentifier() && cursor.peek(1).value !== '(') cursor.identifier();
  if (cursor.accept('TUMBLING')) {
    cursor.expect('(', 'SIZE');
    const size = parseDuration(cursor);
    return { kind: 'TUMBLING', size, ...parseWindowEnd(cursor) };
  }
  if (cursor.accept('HOPPING')) {
    cursor.expect('(', 'SIZE');
    const size = parseDuration(cursor);
    cursor.expect(',', 'ADVANCE', 'BY');
    const advance = parseDuration(cursor);
    return { kind: 'HOPPING', size, advance, ...parseWindowEnd(cursor) };
  }
  if (cursor.accept('SESSION')) {
    cursor.expect('(');
    const gap = parseDuration(cursor);
    return { kind: 'SESSION', gap, ...parseWindowEnd(cursor) };
  }
  for (const each of kinds) cursor.at(each);
  throw cursor.fail();
}

function parseWindowEnd(cursor: Cursor): { retention: Duration | undefined; grace: Duration | undefined } {
  let retention: Duration | undefined;
  let grace: Duration | undefined;
  while (cursor.accept(',')) {
    if (cursor.accept('RETENTION')) retention = parseDuration(cursor);
    else {
      cursor.expect('GRACE');
      grace = parseGrace(cursor);
    }
  }
  cursor.expect(')');
  return { retention, grace };
}
