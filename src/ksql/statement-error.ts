import type { Position } from '../protocol/ksql/position.js';

/** A statement that the engine refuses: answered with 400 and this text, never with a 5xx. */
export class StatementError extends Error {
  /** Where in the script, as far as it is known. */
  at: Position | undefined;
  private readonly said: string;
  private step: Step | undefined;

  constructor(
    message: string,
    /** ksqlDB's code: HTTP status × 100 and a running number. */
    readonly code = 40001,
  ) {
    super(message);
    this.name = 'StatementError';
    this.said = message;
  }

  /** The message without a step and a place, for callers that print the place themselves. */
  get detail(): string {
    return this.said.replace(PLACE, '');
  }

  /** The innermost step counts. */
  tookPlace(step: Step): void {
    if (this.step !== undefined) return;
    this.step = step;
    this.message = `${step}: ${this.message}`;
  }
}

/** The steps of ksqlDB that write before what they refuse which step it was. */
export type Step =
  | 'Failed to prepare statement'
  | 'Exception while preparing statement'
  | 'Could not determine output schema for query due to error';

export function during<Result>(step: Step, work: () => Result): Result {
  try {
    return work();
  } catch (failure) {
    if (failure instanceof StatementError) failure.tookPlace(step);
    throw failure;
  }
}

const PLACE = /^Line: \d+, Col: \d+: /;

/** `Line: 1, Col: 8: …`: how ksqlDB's analyser names a place. */
export function failAt(at: Position, message: string): StatementError {
  const failure = new StatementError(`Line: ${at.line}, Col: ${at.column}: ${message}`);
  failure.at = at;
  return failure;
}

/** For what the grammar has and the engine has not: said, never ignored. */
export const notSupported = (what: string): StatementError =>
  new StatementError(`${what} is not supported by this engine yet`);

/** What fails in it without a place of its own is at this one. */
export function placedAt<Result>(at: Position, work: () => Result): Result {
  try {
    return work();
  } catch (failure) {
    if (failure instanceof StatementError) failure.at ??= at;
    throw failure;
  }
}
