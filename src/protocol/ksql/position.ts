/** A place in a script: 0-based offset, 1-based line and column (as ksqlDB counts them in its messages). */
export interface Position {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** What ksqlDB's parser answers: `line 1:32: Syntax Error` and, on the next line, what it would have taken. */
export class KsqlSyntaxError extends Error {
  readonly line: number;
  readonly column: number;
  /** The message without the position, for callers that print a position of their own. */
  readonly detail: string;

  constructor(at: Position, detail: string) {
    super(`line ${at.line}:${at.column}: ${detail}`);
    this.name = 'KsqlSyntaxError';
    this.line = at.line;
    this.column = at.column;
    this.detail = detail;
  }
}
