import { distance } from 'fastest-levenshtein';
import type { Duration, Statement, StatementBody } from './ast.js';
import { Cursor } from './cursor.js';
import { type Token, tokenize } from './lexer.js';
import { parseDuration } from './parse-query.js';
import { STATEMENTS } from './parse-statement.js';
import { KsqlSyntaxError, type Position } from './position.js';

export interface StatementText {
  /** Without the semicolon, and without comments and blanks around it; those inside stay. */
  readonly text: string;
  /** With the semicolon, where there is one. */
  readonly written: string;
  /** 1-based place of its first character in the script. */
  readonly line: number;
  readonly column: number;
}

/** Cuts a script at its semicolons, those in strings, quoted names and comments excepted. Throws KsqlSyntaxError only where a string or comment does not end. */
export function splitStatements(script: string): StatementText[] {
  const statements: StatementText[] = [];
  let first: Position | undefined;
  let end = 0;
  const close = (at: number) => {
    if (first !== undefined) {
      const { offset, line, column } = first;
      statements.push({ text: script.slice(offset, end), written: script.slice(offset, at), line, column });
    }
    first = undefined;
  };
  for (const token of tokenize(script)) {
    if (token.kind === 'end' || (token.kind === 'symbol' && token.value === ';'))
      close(token.kind === 'end' ? end : token.end);
    else {
      first ??= token.at;
      end = token.end;
    }
  }
  return statements;
}

/** All statements of a script; the last one may lack its semicolon. Throws KsqlSyntaxError at the first that is none. */
export const parseStatements = (script: string): readonly Statement[] => parseScript(script).statements;

/** All statements of a request to ksqlDB, where each ends with its semicolon. Throws KsqlSyntaxError. */
export const parseRequest = (text: string): readonly Statement[] => parseScript(text, { closed: true }).statements;

export interface Script {
  readonly statements: readonly Statement[];
  /** The places that name a custom type, but for its own CREATE TYPE and DROP TYPE. */
  readonly namedTypes: readonly Token[];
}

/** `closed`: the last statement has to end with its semicolon too. */
export function parseScript(script: string, { closed = false } = {}): Script {
  const cursor = new Cursor(tokenize(script), script);
  const statements: Statement[] = [];
  for (;;) {
    while (cursor.accept(';'));
    if (cursor.atEnd()) return { statements, namedTypes: cursor.namedTypes };
    const statement = parseOne(cursor);
    const isClosed = cursor.at(';');
    statements.push(
      isClosed ? { ...statement, written: cursor.slice(statement.at.offset, cursor.token.end) } : statement,
    );
    if (isClosed) continue;
    if (!cursor.atEnd()) throw cursor.fail();
    if (closed) throw new KsqlSyntaxError(cursor.token.at, "Syntax Error\nmissing ';' at '<EOF>'");
  }
}

/** Exactly one statement. */
export function parseStatement(text: string): Statement {
  const [statement, second] = parseStatements(text);
  const start: Position = { offset: 0, line: 1, column: 1 };
  if (statement === undefined) throw new KsqlSyntaxError(start, 'Syntax Error\nA statement is missing');
  if (second !== undefined) throw new KsqlSyntaxError(second.at, 'Syntax Error\nOnly one statement is expected here');
  return statement;
}

function parseOne(cursor: Cursor): Statement {
  const { at } = cursor.token;
  const body = parseBody(cursor);
  const end = cursor.previous?.end ?? at.offset;
  const text = cursor.slice(at.offset, end);
  return { ...body, text, written: `${text};`, at };
}

/** `10 SECONDS`, as written in a property. Throws KsqlSyntaxError. */
export function parseDurationText(text: string): Duration {
  const cursor = new Cursor(tokenize(text), text);
  const duration = parseDuration(cursor);
  if (cursor.token.kind !== 'end') throw cursor.fail();
  return duration;
}

function parseBody(cursor: Cursor): StatementBody {
  const { token } = cursor;
  if (token.kind === 'word' && token.value === 'EXPLAIN') return parseExplain(cursor);
  const parse = token.kind === 'word' ? STATEMENTS[token.value] : undefined;
  if (parse === undefined) throw unknownStatement(token.text, token.at);
  return parse(cursor);
}

function parseExplain(cursor: Cursor): StatementBody {
  cursor.expect('EXPLAIN');
  const begins = cursor.token.kind === 'word' && STATEMENTS[cursor.token.value] !== undefined;
  if (!begins) return { kind: 'explain', query: cursor.identifier(), statement: undefined };
  return { kind: 'explain', query: undefined, statement: parseOne(cursor) };
}

function unknownStatement(text: string, at: Position): KsqlSyntaxError {
  const words = [...Object.keys(STATEMENTS), 'EXPLAIN'];
  const nearest = words
    .map((word) => ({ word, away: distance(word, text.toUpperCase()) }))
    .sort((a, b) => a.away - b.away)[0];
  return new KsqlSyntaxError(
    at,
    `Syntax Error\nUnknown statement '${text}'\nDid you mean '${nearest?.word ?? 'CREATE'}'?`,
  );
}
