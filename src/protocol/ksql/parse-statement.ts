import type { ColumnDefinition, Expression, SourceKind, StatementBody, WithClause } from './ast.js';
import type { Cursor } from './cursor.js';
import { parseExpression } from './parse-expression.js';
import { parseDuration, parseQuery } from './parse-query.js';
import { parseType } from './parse-type.js';
import { KsqlSyntaxError } from './position.js';

type Parse = (cursor: Cursor) => StatementBody;

/** One entry per first word; each parses behind it. EXPLAIN alone needs the whole parser and gets it from parse.ts. */
export const STATEMENTS: Readonly<Record<string, Parse>> = {
  SELECT: (cursor) => ({ kind: 'select', query: parseQuery(cursor) }),
  CREATE: parseCreate,
  INSERT: parseInsert,
  DROP: parseDrop,
  ALTER: parseAlter,
  TERMINATE: (cursor) => ({ kind: 'terminate', query: allOrQuery(cursor) }),
  PAUSE: (cursor) => ({ kind: 'pause', query: allOrQuery(cursor) }),
  RESUME: (cursor) => ({ kind: 'resume', query: allOrQuery(cursor) }),
  SET: (cursor) => {
    cursor.advance();
    return { kind: 'set', ...assignment(cursor) };
  },
  UNSET: (cursor) => {
    cursor.advance();
    return { kind: 'unset', property: cursor.expectString() };
  },
  DEFINE: (cursor) => {
    cursor.advance();
    const name = cursor.variableName();
    cursor.expect('=');
    return { kind: 'define', name, value: cursor.expectString() };
  },
  UNDEFINE: (cursor) => {
    cursor.advance();
    return { kind: 'undefine', name: cursor.variableName() };
  },
  LIST: parseList,
  SHOW: parseList,
  DESCRIBE: parseDescribe,
  PRINT: parsePrint,
  ASSERT: parseAssert,
};

function assignment(cursor: Cursor): { property: string; value: string } {
  const property = cursor.expectString();
  cursor.expect('=');
  return { property, value: cursor.expectString() };
}

/** As the last word of a statement it is missing in what ksqlDB says it expected. */
const isExtended = (cursor: Cursor): boolean => cursor.sees('EXTENDED') && cursor.accept('EXTENDED');

function allOrQuery(cursor: Cursor): string | undefined {
  cursor.advance();
  return cursor.accept('ALL') ? undefined : cursor.identifier();
}

function parseCreate(cursor: Cursor): StatementBody {
  cursor.expect('CREATE');
  if (cursor.accept('TYPE')) return parseCreateType(cursor);
  const orReplace = cursor.accept('OR', 'REPLACE');
  if (!orReplace && (cursor.at('SOURCE', 'CONNECTOR') || cursor.at('SINK', 'CONNECTOR'))) {
    return parseCreateConnector(cursor);
  }
  const readOnly = cursor.accept('SOURCE');
  const type = sourceKind(cursor);
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS');
  const name = cursor.identifier();
  const columns = cursor.accept('(') ? parseColumns(cursor) : [];
  const properties = cursor.accept('WITH') ? parseWith(cursor, true) : new Map<string, Expression>();
  const head = { type, name, orReplace, ifNotExists, with: properties };
  if (columns.length === 0 && !readOnly && cursor.sees('AS')) {
    cursor.expect('AS');
    return { kind: 'create-as-select', ...head, query: parseQuery(cursor) };
  }
  return { kind: 'create-source', ...head, readOnly, columns };
}

function sourceKind(cursor: Cursor): SourceKind {
  if (cursor.accept('STREAM')) return 'STREAM';
  cursor.expect('TABLE');
  return 'TABLE';
}

function parseColumns(cursor: Cursor): ColumnDefinition[] {
  const columns: ColumnDefinition[] = [];
  do {
    const { at } = cursor.token;
    const name = cursor.identifier();
    const type = parseType(cursor);
    columns.push({ name, at, type, ...columnRole(cursor) });
  } while (cursor.accept(','));
  cursor.expect(')');
  return columns;
}

function columnRole(cursor: Cursor): Pick<ColumnDefinition, 'role' | 'header'> {
  if (cursor.accept('KEY')) return { role: 'KEY', header: undefined };
  if (cursor.accept('PRIMARY')) {
    cursor.expect('KEY');
    return { role: 'PRIMARY KEY', header: undefined };
  }
  if (cursor.accept('HEADERS')) return { role: 'HEADERS', header: undefined };
  if (cursor.accept('HEADER')) {
    cursor.expect('(');
    const header = cursor.expectString();
    cursor.expect(')');
    return { role: 'HEADER', header };
  }
  return { role: undefined, header: undefined };
}

/** `(NAME = literal, 'other.name' = literal)`; names come upper-cased where `upper` is asked for. */
function parseWith(cursor: Cursor, upper: boolean): WithClause {
  cursor.expect('(');
  const properties = new Map<string, Expression>();
  do {
    const { token } = cursor;
    const written = token.kind === 'string' ? cursor.expectString() : withName(cursor);
    const name = upper ? written.toUpperCase() : written;
    if (properties.has(name)) {
      throw new KsqlSyntaxError(token.at, `Duplicate property found: ${name}`);
    }
    cursor.expect('=');
    properties.set(name, parseLiteral(cursor));
  } while (cursor.accept(','));
  cursor.expect(')');
  return properties;
}

const LITERALS: ReadonlySet<Expression['kind']> = new Set([
  ...(['null', 'boolean', 'integer', 'decimal', 'double', 'string', 'typed-literal', 'variable'] as const),
]);

/** A name where only a value can stand, such as KAFKA_TOPIC = orders, wants quotes. */
function parseLiteral(cursor: Cursor): Expression {
  const { token } = cursor;
  const value = parseExpression(cursor);
  cursor.expectAnew(); // a literal does not go on
  if (LITERALS.has(value.kind)) return value;
  const { line, column } = token.at;
  throw new KsqlSyntaxError(
    token.at,
    `Syntax Error\nSyntax error at or near '${token.text}' at line ${line}:${column}`,
  );
}

function withName(cursor: Cursor): string {
  const { token } = cursor;
  cursor.identifier();
  return token.kind === 'word' ? token.text : token.value;
}

function parseCreateConnector(cursor: Cursor): StatementBody {
  const type = cursor.advance().value as 'SOURCE' | 'SINK';
  cursor.expect('CONNECTOR');
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS');
  const name = cursor.token.kind === 'string' ? cursor.expectString() : cursor.identifier();
  cursor.expect('WITH');
  return { kind: 'create-connector', type, ifNotExists, name, with: parseWith(cursor, false) };
}

function parseCreateType(cursor: Cursor): StatementBody {
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS');
  const name = cursor.identifier();
  cursor.expect('AS');
  return { kind: 'create-type', name, ifNotExists, type: parseType(cursor) };
}

function parseInsert(cursor: Cursor): StatementBody {
  cursor.expect('INSERT', 'INTO');
  const target = cursor.identifier();
  if (cursor.at('SELECT') || cursor.at('WITH')) {
    const properties = cursor.accept('WITH') ? parseWith(cursor, true) : new Map<string, Expression>();
    return { kind: 'insert-select', target, with: properties, query: parseQuery(cursor) };
  }
  const columns: string[] = [];
  if (cursor.accept('(')) {
    do columns.push(cursor.identifier());
    while (cursor.accept(','));
    cursor.expect(')');
  }
  cursor.expect('VALUES');
  cursor.expect('(');
  const values = [parseExpression(cursor)];
  while (cursor.accept(',')) values.push(parseExpression(cursor));
  cursor.expect(')');
  return { kind: 'insert-values', target, columns, values };
}

function parseDrop(cursor: Cursor): StatementBody {
  cursor.expect('DROP');
  if (cursor.accept('CONNECTOR')) {
    const ifExists = cursor.accept('IF', 'EXISTS');
    const name = cursor.token.kind === 'string' ? cursor.expectString() : cursor.identifier();
    return { kind: 'drop-connector', ifExists, name };
  }
  if (cursor.accept('TYPE')) {
    const ifExists = cursor.accept('IF', 'EXISTS');
    return { kind: 'drop-type', ifExists, name: cursor.identifier() };
  }
  const type = sourceKind(cursor);
  const ifExists = cursor.accept('IF', 'EXISTS');
  const name = cursor.identifier();
  return { kind: 'drop-source', type, name, ifExists, deleteTopic: cursor.accept('DELETE', 'TOPIC') };
}

function parseAlter(cursor: Cursor): StatementBody {
  cursor.expect('ALTER');
  if (cursor.accept('SYSTEM')) return { kind: 'alter-system', ...assignment(cursor) };
  const type = sourceKind(cursor);
  const name = cursor.identifier();
  const add: Array<{ name: string; type: ReturnType<typeof parseType> }> = [];
  do {
    cursor.expect('ADD');
    cursor.accept('COLUMN');
    const column = cursor.identifier();
    add.push({ name: column, type: parseType(cursor) });
  } while (cursor.accept(','));
  return { kind: 'alter-source', type, name, add };
}

function parseList(cursor: Cursor): StatementBody {
  cursor.advance();
  if (cursor.accept('PROPERTIES')) return { kind: 'list-properties' };
  if (cursor.accept('TYPES')) return { kind: 'list-types' };
  if (cursor.accept('VARIABLES')) return { kind: 'list-variables' };
  if (cursor.accept('FUNCTIONS')) return { kind: 'list-functions' };
  if (cursor.accept('ALL')) {
    cursor.expect('TOPICS');
    return { kind: 'list-topics', all: true, extended: isExtended(cursor) };
  }
  if (cursor.accept('TOPICS')) return { kind: 'list-topics', all: false, extended: isExtended(cursor) };
  if (cursor.accept('STREAMS')) return { kind: 'list-streams', extended: isExtended(cursor) };
  if (cursor.accept('TABLES')) return { kind: 'list-tables', extended: isExtended(cursor) };
  if (cursor.accept('QUERIES')) return { kind: 'list-queries', extended: isExtended(cursor) };
  const type = cursor.accept('SOURCE') ? 'SOURCE' : cursor.accept('SINK') ? 'SINK' : undefined;
  if (type === undefined && cursor.accept('CONNECTOR')) {
    cursor.expect('PLUGINS');
    return { kind: 'list-connector-plugins' };
  }
  cursor.expect('CONNECTORS');
  return { kind: 'list-connectors', type };
}

function parseDescribe(cursor: Cursor): StatementBody {
  cursor.expect('DESCRIBE');
  if (cursor.accept('FUNCTION')) return { kind: 'describe-function', name: cursor.identifier() };
  if (cursor.accept('CONNECTOR')) {
    const name = cursor.token.kind === 'string' ? cursor.expectString() : cursor.identifier();
    return { kind: 'describe-connector', name };
  }
  if (cursor.accept('STREAMS')) {
    return { kind: 'describe-sources', type: 'STREAM', extended: isExtended(cursor) };
  }
  if (cursor.accept('TABLES')) {
    return { kind: 'describe-sources', type: 'TABLE', extended: isExtended(cursor) };
  }
  const name = cursor.identifier();
  return { kind: 'describe-source', name, extended: isExtended(cursor) };
}

function parsePrint(cursor: Cursor): StatementBody {
  cursor.expect('PRINT');
  const { token } = cursor;
  const topic = token.kind === 'string' ? cursor.expectString() : withName(cursor);
  const fromBeginning = cursor.accept('FROM', 'BEGINNING');
  const interval = cursor.accept('INTERVAL') || cursor.accept('SAMPLE') ? cursor.expectInteger() : undefined;
  const limit = cursor.accept('LIMIT') ? cursor.expectInteger() : undefined;
  return { kind: 'print', topic, fromBeginning, interval, limit };
}

function parseAssert(cursor: Cursor): StatementBody {
  cursor.expect('ASSERT');
  const exists = !cursor.accept('NOT', 'EXISTS');
  if (cursor.accept('TOPIC')) {
    const { token } = cursor;
    const topic = token.kind === 'string' ? cursor.expectString() : withName(cursor);
    const properties = cursor.accept('WITH') ? parseWith(cursor, true) : new Map<string, Expression>();
    return { kind: 'assert-topic', topic, exists, with: properties, timeout: timeout(cursor) };
  }
  cursor.expect('SCHEMA');
  let subject: string | undefined;
  let id: number | undefined;
  if (cursor.accept('SUBJECT')) {
    cursor.accept('=');
    const { token } = cursor;
    subject = token.kind === 'string' ? cursor.expectString() : withName(cursor);
  }
  if (cursor.accept('ID')) {
    cursor.accept('=');
    id = cursor.expectInteger();
  }
  return { kind: 'assert-schema', subject, id, exists, timeout: timeout(cursor) };
}

function timeout(cursor: Cursor): ReturnType<typeof parseDuration> | undefined {
  return cursor.accept('TIMEOUT') ? parseDuration(cursor) : undefined;
}
