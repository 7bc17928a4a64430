import type { Token } from './lexer.js';
import { KsqlSyntaxError } from './position.js';
import { RESERVED } from './reserved.js';

/** As many candidates as ksqlDB shows; with more it only names the place. */
const CANDIDATES_SHOWN_MAX = 3;

/**
 * Levels of one expression or type within another, and links of one chain (a + b + c …), which is a tree as deep as it is long.
 * All that is done with them goes down by recursion. Far beyond what anybody writes.
 */
export const DEPTH_MAX = 500;

/** Walks over tokens and remembers what would have been taken at the furthest one, for the message. */
export class Cursor {
  private index = 0;
  private expected = new Set<string>();
  /** An expression begins here, or one that ends here could go on: far more could follow than is in `expected`. */
  private manyExpected = false;
  private depth = 0;
  /** Where custom types were named so far. */
  readonly namedTypes: Token[] = [];

  constructor(
    private readonly tokens: readonly Token[],
    readonly text: string,
  ) {}

  get token(): Token {
    return this.peek(0);
  }

  peek(ahead: number): Token {
    const token = this.tokens[Math.min(this.index + ahead, this.tokens.length - 1)];
    if (token === undefined) throw new Error('a token list always has an end');
    return token;
  }

  /** The last token that was taken. */
  get previous(): Token | undefined {
    return this.tokens[this.index - 1];
  }

  advance(): Token {
    const { token } = this;
    this.index += 1;
    this.expectAnew();
    return token;
  }

  private is(token: Token, wanted: string): boolean {
    return (token.kind === 'word' || token.kind === 'symbol') && token.value === wanted;
  }

  /** Whether these words or symbols come next, in this order. */
  at(...wanted: readonly string[]): boolean {
    const matches = wanted.every((each, ahead) => this.is(this.peek(ahead), each));
    if (!matches && wanted[0] !== undefined) this.expected.add(wanted[0]);
    return matches;
  }

  /** Like `at`, but leaves no trace in the message. */
  sees(...wanted: readonly string[]): boolean {
    return wanted.every((each, ahead) => this.is(this.peek(ahead), each));
  }

  expectMany(): void {
    this.manyExpected = true;
  }

  /** What has been expected at this token does not count. */
  expectAnew(): void {
    this.expected.clear();
    this.manyExpected = false;
  }

  accept(...wanted: readonly string[]): boolean {
    if (!this.at(...wanted)) return false;
    for (const _ of wanted) this.advance();
    return true;
  }

  expect(...wanted: readonly string[]): Token {
    let last = this.token;
    for (const each of wanted) {
      if (!this.at(each)) throw this.fail();
      last = this.advance();
    }
    return last;
  }

  expectKind(kind: Token['kind'], name: string): Token {
    if (this.token.kind !== kind) {
      this.expected.add(name);
      throw this.fail();
    }
    return this.advance();
  }

  expectInteger(): number {
    return Number(this.expectKind('integer', 'INTEGER_VALUE').value);
  }

  expectString(): string {
    return this.expectKind('string', 'STRING').value;
  }

  atEnd(): boolean {
    return this.token.kind === 'end';
  }

  atIdentifier(): boolean {
    const { kind, value } = this.token;
    return kind === 'quoted' || kind === 'variable' || (kind === 'word' && !RESERVED.has(value));
  }

  /** The name of a variable: any bare word that begins with no digit. */
  variableName(): string {
    if (this.token.kind === 'word' && !/^\d/.test(this.token.value)) return this.advance().value;
    this.expected.add('IDENTIFIER');
    throw this.fail();
  }

  /** A name: bare words come upper-cased, quoted ones and ${x} as written. */
  identifier(): string {
    const { token } = this;
    if (!this.atIdentifier()) {
      this.expected.add('IDENTIFIER');
      if (token.kind === 'word') {
        throw new KsqlSyntaxError(
          token.at,
          `Syntax Error\n"${token.text}" is a reserved keyword and it can't be used as an identifier. You can use it as an identifier by escaping it as '${token.text}'`,
        );
      }
      throw this.fail();
    }
    this.advance();
    return token.kind === 'variable' ? token.text : token.value;
  }

  /** Reads what may hold its own kind. Throws KsqlSyntaxError where it nests too deeply. */
  nested<T>(parse: () => T): T {
    this.checkDepth(++this.depth);
    const parsed = parse();
    this.depth -= 1; // nothing is read after a failure
    return parsed;
  }

  /** Throws KsqlSyntaxError. */
  checkDepth(levels: number): void {
    if (levels > DEPTH_MAX)
      throw new KsqlSyntaxError(this.token.at, `Syntax Error\nThe statement nests deeper than ${DEPTH_MAX} levels`);
  }

  fail(): KsqlSyntaxError {
    const { token } = this;
    const candidates = this.manyExpected
      ? []
      : [...this.expected].sort(symbolsFirst).map((each) => (NAMES.has(each) ? each : `'${each}'`));
    if (candidates.length === 1) return new KsqlSyntaxError(token.at, `Syntax Error\nExpecting ${candidates[0]}`);
    if (candidates.length > 1 && candidates.length <= CANDIDATES_SHOWN_MAX) {
      return new KsqlSyntaxError(token.at, `Syntax Error\nExpecting {${candidates.join(', ')}}`);
    }
    const near = token.kind === 'end' ? '";"' : `'${token.text}'`;
    return new KsqlSyntaxError(
      token.at,
      `Syntax Error\nSyntax error at or near ${near} at line ${token.at.line}:${token.at.column}`,
    );
  }

  /** The text between two offsets, as written. */
  slice(from: number, to: number): string {
    return this.text.slice(from, to);
  }
}

const NAMES: ReadonlySet<string> = new Set(['STRING', 'INTEGER_VALUE', 'IDENTIFIER', '<EOF>']);

/** The end of the statement, other punctuation, then keywords, then kinds of tokens, each in order. */
const rank = (text: string): number => (NAMES.has(text) ? 2 : /^[A-Z]/.test(text) ? 1 : text === ';' ? -1 : 0);
const symbolsFirst = (a: string, b: string): number => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
