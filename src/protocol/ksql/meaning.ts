import { type Token, tokenize } from './lexer.js';
import { normaliseStatement } from './normalise.js';
import { KsqlSyntaxError } from './position.js';
import { identifier } from './rename.js';
import { quoteText } from './types.js';

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
  if (kind === 'quoted') return identifier(value);
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
