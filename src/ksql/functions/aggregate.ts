import type { SqlType } from '../../protocol/ksql/types.js';
import { describeType } from '../expressions/types.js';
import { StatementError } from '../statement-error.js';
import type { Value } from '../values/value.js';

/**
 * One use of an aggregate: its state is a value of `state`, so that a changelog can hold it. Its methods may name the form
 * of their states: they are called with those that it made.
 */
export interface Aggregate<State extends Value = Value> {
  readonly returns: SqlType;
  readonly state: SqlType;
  readonly initial: State;
  add(state: State, args: readonly Value[]): State;
  /** Takes a row back: only then can the aggregate work on a table. */
  undo?(state: State, args: readonly Value[]): State;
  /** Of two sessions that become one. */
  merge(left: State, right: State): State;
  result(state: State): Value;
}

export interface AggregateFunction {
  readonly name: string;
  readonly description: string;
  readonly signatures: readonly string[];
  /** Arguments that have to be literals: the last one, or all but the first. */
  readonly literals?: 'last' | 'all-but-first';
  /** Takes any number of further columns between the first argument and the last. */
  readonly openEnded?: true;
  /**
   * `types` of the arguments, `constants` the values of those that are literals, `properties` of the request or session.
   * Throws StatementError.
   */
  create(
    types: ReadonlyArray<SqlType | undefined>,
    constants: ReadonlyArray<Value | undefined>,
    properties: ReadonlyMap<string, string>,
  ): Aggregate;
}

export const same = (state: Value): Value => state;
export const struct = (fields: Record<string, SqlType>): SqlType => ({
  kind: 'STRUCT',
  fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
});

/** Types whose values have an order. */
export const ORDERED = ['INTEGER', 'BIGINT', 'DOUBLE', 'DECIMAL', 'DATE', 'TIME', 'TIMESTAMP', 'STRING', 'BYTES'];

export function wrong(name: string, types: ReadonlyArray<SqlType | undefined>): StatementError {
  return new StatementError(`Function '${name}' does not accept parameters (${types.map(describeType).join(', ')}).`);
}
