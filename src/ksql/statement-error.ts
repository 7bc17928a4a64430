/** A statement that the engine refuses: answered with 400 and this text, never with a 5xx. */
export class StatementError extends Error {
  constructor(
    message: string,
    /** ksqlDB's code: HTTP status × 100 and a running number. */
    readonly code = 40001,
  ) {
    super(message);
    this.name = 'StatementError';
  }
}

/** For what the grammar has and the engine has not: said, never ignored. */
export const notSupported = (what: string): StatementError =>
  new StatementError(`${what} is not supported by this engine yet`);
