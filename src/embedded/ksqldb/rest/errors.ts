import { StatementError } from '../../../ksql/statement-error.js';
import { KsqlSyntaxError } from '../../../protocol/ksql/position.js';
import { messageOf } from '../../../support/errors.js';
import type { Engine } from '../engine.js';

export interface HttpFailure {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Throws what a request gets once the cluster has been terminated. */
export function refuseIfTerminated({ terminated }: Engine): void {
  if (terminated) throw new StatementError('The cluster has been terminated. No new request will be accepted.', 50303);
}

export const genericError = (code: number, message: string): HttpFailure => ({
  status: Math.floor(code / 100),
  body: { '@type': 'generic_error', error_code: code, message },
});

/** The request is at fault, not what a statement says. */
const BAD_REQUEST = 40000;

/** What a statement's failure answers: the caller's mistakes are 4xx; 5xx is kept for defects of the engine. */
export function statementFailure(failure: unknown, statementText: string, entities: readonly unknown[]): HttpFailure {
  const code = failure instanceof StatementError ? failure.code : failure instanceof KsqlSyntaxError ? 40001 : 50000;
  if (code === BAD_REQUEST) return genericError(code, messageOf(failure));
  const status = code === 42801 ? 428 : Math.floor(code / 100);
  return {
    status,
    body: { '@type': 'statement_error', error_code: code, message: messageOf(failure), statementText, entities },
  };
}
