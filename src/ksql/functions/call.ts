import type { Expression } from '../../protocol/ksql/ast.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import type { CompileContext, Compiled } from '../expressions/compiled.js';
import { describeType, widening } from '../expressions/types.js';
import type { Row } from '../rows/row.js';
import { StatementError } from '../statement-error.js';
import type { Value } from '../values/value.js';
import { AGGREGATES } from './aggregates.js';
import type { Implementation, ScalarFunction, Variant } from './definition.js';
import { fitness, INTERVAL_UNIT, LAMBDA, parseSignature, substitute } from './signature.js';
import { SCALAR_FUNCTIONS } from './table.js';
import { TABLE_FUNCTIONS } from './table-functions.js';

type Call = Extract<Expression, { kind: 'call' }>;

export const isFunction = (name: string): boolean =>
  SCALAR_FUNCTIONS.has(name) || AGGREGATES.has(name) || TABLE_FUNCTIONS.has(name);

export function unknownFunction({ name, at }: Call): StatementError {
  const failure = new StatementError(`Can't find any functions with the name '${name}'`);
  failure.at = at;
  return failure;
}

export function compileCall(
  call: Call,
  context: CompileContext,
  run: (each: Expression, c?: CompileContext) => Compiled,
): Compiled {
  const definition = SCALAR_FUNCTIONS.get(call.name);
  if (definition === undefined && TABLE_FUNCTIONS.has(call.name)) {
    throw new StatementError(`Table functions are not allowed outside the select list: ${call.name}`);
  }
  if (definition === undefined && AGGREGATES.has(call.name)) {
    throw new StatementError(
      `Use of aggregate function ${call.name} requires a GROUP BY clause, and is not allowed in WHERE, PARTITION BY and ON.`,
    );
  }
  if (definition === undefined) throw unknownFunction(call);
  const args = call.args.map((each): Compiled => {
    if (each.kind === 'unit') return { type: INTERVAL_UNIT, evaluate: () => each.unit };
    // Functions that take lambdas compile them themselves.
    return each.kind === 'lambda' ? { type: LAMBDA, evaluate: () => null } : run(each);
  });
  const types = args.map(({ type }) => type);
  const chosen = choose(definition, types);
  if (chosen === undefined) throw notAccepted(definition, types);
  const { variant } = chosen;
  if (definition.special !== undefined) {
    const compiled = definition.special(call, args, context, run);
    if (compiled === undefined) throw notAccepted(definition, types);
    return compiled;
  }
  const type = chosen.returns();
  const implementation = variant.prepare?.(chosen.targets, context.world) ?? variant.run;
  if (implementation === undefined) throw new Error(`${definition.name}${variant.signature} has no implementation`);
  const converted = args.map(({ type, evaluate }, at) => convertArgument(type, chosen.targets[at], evaluate));
  return { type, evaluate: invoker(implementation, converted, variant.takesNulls === true) };
}

function convertArgument(
  from: SqlType | undefined,
  to: SqlType | undefined,
  evaluate: (row: Row) => Value,
): (row: Row) => Value {
  if (from === undefined || to === undefined || describeType(from) === describeType(to)) return evaluate;
  const convert = widening(from, to);
  if (convert === undefined) throw new StatementError(`${describeType(from)} can't be used as ${describeType(to)}`);
  return (row) => convert(evaluate(row));
}

/** Calls with few arguments get a closure of their own: this is the hot path of most queries. */
function invoker(
  call: Implementation,
  args: ReadonlyArray<(row: Row) => Value>,
  takesNulls: boolean,
): (row: Row) => Value {
  const [first, second] = args;
  if (first === undefined) return () => call();
  if (takesNulls) return (row) => call(...args.map((each) => each(row)));
  if (args.length === 1) {
    return (row) => {
      const value = first(row);
      return value === null ? null : call(value);
    };
  }
  if (args.length === 2 && second !== undefined) {
    return (row) => {
      const a = first(row);
      const b = second(row);
      return a === null || b === null ? null : call(a, b);
    };
  }
  return (row) => {
    const values = args.map((each) => each(row));
    return values.includes(null) ? null : call(...values);
  };
}

interface Chosen {
  readonly variant: Variant;
  readonly cost: number;
  readonly targets: ReadonlyArray<SqlType | undefined>;
  readonly returns: () => SqlType;
}

function choose(definition: ScalarFunction, types: ReadonlyArray<SqlType | undefined>): Chosen | undefined {
  let best: Chosen | undefined;
  for (const variant of definition.variants) {
    const signature = parseSignature(variant.signature);
    const found = fitness(signature, types);
    if (found === undefined || (best !== undefined && best.cost <= found.cost)) continue;
    const { bindings, targets, cost } = found;
    const returns = () => variant.returns?.(targets) ?? substitute(signature.returns, bindings, definition.name);
    best = { variant, cost, targets, returns };
  }
  return best;
}

function notAccepted({ name, variants }: ScalarFunction, types: ReadonlyArray<SqlType | undefined>): StatementError {
  const valid = variants.map(({ signature }) => `${name}${signature.slice(0, signature.lastIndexOf(')') + 1)}`);
  return new StatementError(
    `Function '${name}' does not accept parameters (${types.map(describeType).join(', ')}).\nValid alternatives are:\n${valid.join('\n')}`,
  );
}
