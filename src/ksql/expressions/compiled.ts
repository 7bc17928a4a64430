import type { Expression } from '../../protocol/ksql/ast.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import type { Row } from '../rows/row.js';
import type { TypeOf, Value, ValueForms } from '../values/value.js';

/** An expression ready to run. `type` is undefined for NULL, which is of every type. */
export interface Compiled {
  readonly type: SqlType | undefined;
  readonly evaluate: (row: Row) => Value;
}

/** An expression whose values are of a kind: `isOf(operand, 'ARRAY')`. */
export interface CompiledOf<Kind extends SqlType['kind']> extends Compiled {
  readonly type: TypeOf<Kind>;
  readonly evaluate: (row: Row) => ValueForms[Kind] | null;
}

export const isOf = <Kind extends SqlType['kind']>(operand: Compiled, kind: Kind): operand is CompiledOf<Kind> =>
  operand.type?.kind === kind;

/** An expression with what came of it: plans print the one and run the other. */
export interface Typed extends Compiled {
  readonly expression: Expression;
}

/** What the engine's functions may use of the world. */
export interface World {
  readonly now: () => number;
  readonly random: () => number;
}

export interface Scope {
  /** Undefined where no source has such a column. */
  column(source: string | undefined, name: string): Compiled | undefined;
  /** For messages. */
  readonly sources: readonly string[];
  /** Names that are parameters of the lambdas around. */
  readonly parameters?: ReadonlySet<string>;
}

export interface CompileContext {
  readonly scope: Scope;
  readonly world: World;
  /** CREATE TYPE's names. */
  readonly types: ReadonlyMap<string, SqlType>;
}
