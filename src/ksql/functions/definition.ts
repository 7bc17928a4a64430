import type { Expression } from '../../protocol/ksql/ast.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import type { CompileContext, Compiled, World } from '../expressions/compiled.js';
import type { Value } from '../values/value.js';

/** Arguments are typed by the signature: each implementation names their forms, as only a method's type allows. */
export type Implementation = { run(...args: ReadonlyArray<Value | undefined>): Value }['run'];

export interface Variant {
  /**
   * `(STRING, INTEGER) STRING`, `(ARRAY<T>, T) BOOLEAN`, `(STRING, STRING...) STRING`. One upper-case letter is a type
   * variable, ANY any type, ANYDECIMAL any decimal; a result that depends on more than that has `returns`.
   */
  readonly signature: string;
  readonly returns?: (types: ReadonlyArray<SqlType | undefined>) => SqlType;
  /** Default: a null argument makes null without a call. */
  readonly takesNulls?: boolean;
  readonly run?: Implementation;
  /** Instead of `run`: where the implementation depends on the arguments' types or on clock and chance. */
  readonly prepare?: (types: ReadonlyArray<SqlType | undefined>, world: World) => Implementation;
}

export type FunctionCategory =
  | 'STRING'
  | 'MATHEMATICAL'
  | 'DATE / TIME'
  | 'COLLECTION'
  | 'LAMBDA'
  | 'REGULAR EXPRESSION'
  | 'JSON'
  | 'URL'
  | 'CONDITIONAL'
  | 'BYTES'
  | 'BITS'
  | 'OTHER';

export interface ScalarFunction {
  readonly name: string;
  readonly category: FunctionCategory;
  readonly description: string;
  readonly variants: readonly Variant[];
  /** Functions with lambdas compile these themselves, once a variant fits; the other arguments are compiled. */
  readonly special?: (
    call: Extract<Expression, { kind: 'call' }>,
    args: readonly Compiled[],
    context: CompileContext,
    run: (each: Expression, context?: CompileContext) => Compiled,
  ) => Compiled | undefined;
}

export const scalar = (
  category: FunctionCategory,
  name: string,
  description: string,
  ...variants: readonly Variant[]
): ScalarFunction => ({ name, category, description, variants });

/** The usual variant: nulls in, null out. */
export const variant = (signature: string, run: Implementation): Variant => ({ signature, run });

/** Larger results end up in no record, and one statement could take all of the server's memory with them. */
const SIZE_MAX = 10_000_000;

/** Of a text in characters, of an array in elements. Throws where a function would make a larger one. */
export function checkSize(size: number): void {
  if (size > SIZE_MAX) throw new Error(`the result would have ${size} elements; ${SIZE_MAX} are the limit`);
}
