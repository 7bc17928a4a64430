import { StatementError } from '../../../ksql/statement-error.js';
import { KsqlSyntaxError } from '../../../protocol/ksql/position.js';
import { messageOf } from '../../../support/errors.js';

/** What is wrong with a statement, and where in it. */
export interface StatementRefusal {
  readonly message: string;
  readonly at: { readonly line: number; readonly column: number };
}

const BEGINNING = { line: 1, column: 1 };

export function refusalOf(failure: unknown): StatementRefusal {
  if (failure instanceof KsqlSyntaxError) return { message: failure.detail, at: failure };
  if (failure instanceof StatementError) return { message: failure.detail, at: failure.at ?? BEGINNING };
  return { message: messageOf(failure), at: BEGINNING };
}
