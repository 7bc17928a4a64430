import type { Query, Statement } from './ast.js';
import { type Token, tokenize } from './lexer.js';
import { normaliseStatement } from './normalise.js';
import { parseStatement } from './parse.js';
import { KsqlSyntaxError } from './position.js';
import { quoteText, writeName } from './types.js';
import { withText } from './with-values.js';

/**
 * A statement in one spelling: two statements that differ in white space, comments, the case of words or the order of their
 * WITH properties have the same. One that is no ksql keeps its text, blanks folded.
 */
export function statementMeaning(text: string): string {
  let tokens: readonly Token[];
  try {
    tokens = tokenize(text).filter(({ kind, value }) => kind !== 'end' && !(kind === 'symbol' && value === ';'));
  } catch (failure) {
    if (!(failure instanceof KsqlSyntaxError)) throw failure;
    return normaliseStatement(text);
  }
  const words: string[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const end = endOfProperties(tokens, at);
    if (end === undefined) words.push(...tokens.slice(at, at + 1).map(spelling));
    else {
      words.push('WITH', '(', sortedProperties(tokens.slice(at + 2, end)), ')');
      at = end;
    }
  }
  return words.join(' ');
}

function spelling({ kind, value, text }: Token): string {
  if (kind === 'word') return value;
  if (kind === 'quoted') return writeName(value);
  if (kind === 'string') return quoteText(value);
  return kind === 'symbol' && value === '!=' ? '<>' : text;
}

/** Where the parenthesis behind a WITH is closed; undefined: no WITH (…) begins here. */
function endOfProperties(tokens: readonly Token[], at: number): number | undefined {
  const [first, second] = [tokens[at], tokens[at + 1]];
  if (first?.kind !== 'word' || first.value !== 'WITH' || second?.value !== '(') return undefined;
  const end = tokens.findIndex(({ kind, value }, index) => index > at && kind === 'symbol' && value === ')');
  return end === -1 ? undefined : end;
}

function sortedProperties(tokens: readonly Token[]): string {
  const properties: string[][] = [[]];
  for (const token of tokens) {
    if (token.kind === 'symbol' && token.value === ',') properties.push([]);
    else properties.at(-1)?.push(spelling(token));
  }
  return properties
    .map((words) => words.join(' '))
    .sort()
    .join(' , ');
}

/**
 * Whether two texts start the same query: as a person wrote it, and as a server shows it, which says aliases, the sources of columns
 * and properties of the topic that may be left out.
 */
export function isSameQuery(text: string, other: string): boolean {
  const [one, two] = [text, other].map(queryOf);
  if (one === undefined || two === undefined) return statementMeaning(text) === statementMeaning(other);
  return alike(one, two);
}

function queryOf(text: string): unknown {
  const statement = parsed(text);
  if (statement?.kind !== 'create-as-select' && statement?.kind !== 'insert-select') return undefined;
  const { kind, query } = statement;
  const sink = kind === 'insert-select' ? statement.target : statement.name;
  const id = withText(statement.with, 'QUERY_ID')?.toUpperCase() ?? '';
  return { kind, sink, id, query: { ...query, emit: query.emit ?? 'CHANGES' } satisfies Query };
}

function parsed(text: string): Statement | undefined {
  try {
    return parseStatement(text);
  } catch (failure) {
    if (!(failure instanceof KsqlSyntaxError)) throw failure;
    return undefined;
  }
}

const PLACE = 'at';
const MAY_BE_LEFT_OUT: ReadonlySet<string> = new Set(['alias', 'source']);

/** Syntax trees, wherever they stood. */
function alike(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return one === other;
  const [left, right] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
  return [...new Set([...left.keys(), ...right.keys()])].every((name) => {
    const [a, b]: unknown[] = [left.get(name), right.get(name)];
    return name === PLACE || (MAY_BE_LEFT_OUT.has(name) && (a === undefined || b === undefined)) || alike(a, b);
  });
}
