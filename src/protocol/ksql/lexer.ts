import { KsqlSyntaxError, type Position } from './position.js';

/**
 * Tokens of ksqlDB's SQL:
 *   word      letters, digits, `_` and `@`, not beginning with `@`, nor a number; `value` is upper-cased
 *   quoted    `backticks` or "double quotes"; `value` as written, doubled quotes undone
 *   string    'single quotes'; `value` with doubled quotes undone
 *   integer   1   decimal 1.5   float 1.5E3
 *   variable  ${name}, which passes through untouched unless it is substituted
 *   symbol    operators and punctuation
 */
export type TokenKind = 'word' | 'quoted' | 'string' | 'integer' | 'decimal' | 'float' | 'variable' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly value: string;
  /** As written. */
  readonly text: string;
  readonly at: Position;
  /** Offset just behind the token. */
  readonly end: number;
}

const SYMBOLS = ['->*', '->', '=>', ':=', '<>', '!=', '<=', '>=', '||', ...'();,.[]{}=<>+-*/%:'];
const SPACE = /[ \t\r\n\f\uFEFF]/;
const WORD_START = /[A-Za-z_]/;
const WORD = /[A-Za-z0-9_@]*/y;
const NUMBER = /(?:\d+\.\d*|\.\d+|\d+)([eE][+-]?\d+)?/y;
const VARIABLE = /\$\{[A-Za-z0-9_]+\}/y;

/** All tokens of a script, the last one of kind `end`. Throws KsqlSyntaxError for a string or comment that does not end. */
export function tokenize(text: string): Token[] {
  return new Lexer(text).all();
}

class Lexer {
  private offset = 0;
  private line = 1;
  private lineStart = 0;
  private readonly tokens: Token[] = [];

  constructor(private readonly text: string) {}

  all(): Token[] {
    for (;;) {
      this.skipBlanks();
      const token = this.next();
      this.tokens.push(token);
      if (token.kind === 'end') return this.tokens;
    }
  }

  private here(): Position {
    return { offset: this.offset, line: this.line, column: this.offset - this.lineStart + 1 };
  }

  private skipBlanks(): void {
    const { text } = this;
    for (;;) {
      const char = text[this.offset];
      if (char === undefined) return;
      if (SPACE.test(char)) this.advanceTo(this.offset + 1);
      else if (text.startsWith('--', this.offset)) {
        const end = text.indexOf('\n', this.offset);
        this.advanceTo(end === -1 ? text.length : end);
      } else if (text.startsWith('/*', this.offset)) {
        const end = text.indexOf('*/', this.offset + 2);
        if (end === -1)
          throw new KsqlSyntaxError(this.here(), 'Syntax Error\nThe comment is not closed: */ is missing');
        this.advanceTo(end + 2);
      } else return;
    }
  }

  private advanceTo(end: number): void {
    for (let at = this.text.indexOf('\n', this.offset); at !== -1 && at < end; at = this.text.indexOf('\n', at + 1)) {
      this.line += 1;
      this.lineStart = at + 1;
    }
    this.offset = end;
  }

  private next(): Token {
    const char = this.text[this.offset];
    if (char === undefined) return this.token('end', this.offset, '<EOF>');
    if (char === "'") return this.quoted('string', "'");
    if (char === '`' || char === '"') return this.quoted('quoted', char);
    if (WORD_START.test(char)) {
      const word = this.match(WORD) ?? '';
      return this.token('word', this.offset + word.length, word.toUpperCase());
    }
    const number = this.match(NUMBER);
    // `2nd` is a name and `2e3` a number: the longer token is taken, and of two with one length the number.
    const name = /\d/.test(char) ? (this.match(WORD) ?? '') : '';
    if (name.length > (number?.length ?? 0)) return this.token('word', this.offset + name.length, name.toUpperCase());
    if (number !== undefined && number !== '.') {
      const kind = /[eE]/.test(number) ? 'float' : number.includes('.') ? 'decimal' : 'integer';
      return this.token(kind, this.offset + number.length, number);
    }
    const variable = this.match(VARIABLE);
    if (variable !== undefined) return this.token('variable', this.offset + variable.length, variable.slice(2, -1));
    const symbol = SYMBOLS.find((candidate) => this.text.startsWith(candidate, this.offset));
    if (symbol !== undefined) return this.token('symbol', this.offset + symbol.length, symbol);
    throw new KsqlSyntaxError(this.here(), `Syntax Error\nUnexpected character '${char}'`);
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset;
    return pattern.exec(this.text)?.[0];
  }

  private quoted(kind: 'string' | 'quoted', quote: string): Token {
    let value = '';
    let from = this.offset + 1;
    for (;;) {
      const end = this.text.indexOf(quote, from);
      if (end === -1) {
        const what = kind === 'string' ? 'string' : 'identifier';
        throw new KsqlSyntaxError(this.here(), `Syntax Error\nThe ${what} is not closed: ${quote} is missing`);
      }
      value += this.text.slice(from, end);
      if (this.text[end + 1] !== quote) return this.token(kind, end + 1, value);
      value += quote;
      from = end + 2;
    }
  }

  private token(kind: TokenKind, end: number, value: string): Token {
    const token = { kind, value, text: this.text.slice(this.offset, end), at: this.here(), end };
    this.advanceTo(end);
    return token;
  }
}
