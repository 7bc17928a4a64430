import type { Expression } from '../../protocol/ksql/ast.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { type CompileContext, type Compiled, isOf, type Scope } from '../expressions/compiled.js';
import { elementOf } from '../expressions/literals.js';
import { arrayOf, commonType, describeType, mapOf } from '../expressions/types.js';
import type { Row } from '../rows/row.js';
import { StatementError } from '../statement-error.js';
import { ofKind, type Value } from '../values/value.js';
import type { ScalarFunction } from './definition.js';

type Run = (each: Expression, context?: CompileContext) => Compiled;

interface Lambda {
  readonly type: SqlType;
  readonly apply: (row: Row, ...args: Value[]) => Value;
}

/** Compiles a lambda's body; its parameters are slots that each call fills. */
function compileLambda(
  expression: Expression | undefined,
  types: readonly SqlType[],
  context: CompileContext,
  run: Run,
  name: string,
): Lambda {
  if (expression?.kind !== 'lambda' || expression.parameters.length !== types.length) {
    throw new StatementError(`Function '${name}' needs a lambda with ${types.length} argument(s)`);
  }
  const slots: Value[] = types.map(() => null);
  const { parameters, body } = expression;
  checkParameters(parameters, context.scope);
  const inner: CompileContext = {
    ...context,
    scope: {
      sources: context.scope.sources,
      parameters: new Set([...(context.scope.parameters ?? []), ...parameters]),
      column(source, column) {
        const at = source === undefined ? parameters.indexOf(column) : -1;
        const type = types[at];
        if (type === undefined) return context.scope.column(source, column);
        return { type, evaluate: () => slots[at] ?? null };
      },
    },
  };
  const compiled = run(body, inner);
  if (compiled.type === undefined) throw new StatementError(`Function '${name}': a lambda can't be NULL, use CAST`);
  const { type, evaluate } = compiled;
  return {
    type,
    apply(row, ...args) {
      const before = [...slots];
      for (const [at, value] of args.entries()) slots[at] = value;
      const result = elementOf(evaluate, row);
      for (const [at, value] of before.entries()) slots[at] = value;
      return result;
    },
  };
}

/** A parameter of a column's name would hide the column, so ksqlDB refuses it; one of a lambda around may be hidden. */
function checkParameters(parameters: readonly string[], scope: Scope): void {
  const column = parameters.find((name) => !scope.parameters?.has(name) && scope.column(undefined, name) !== undefined);
  if (column !== undefined) throw new StatementError(`Lambda function argument can't be a column name: ${column}`);
}

type Special = NonNullable<ScalarFunction['special']>;

const transform: Special = ({ args: [, first, second] }, [source], context, run) => {
  if (source !== undefined && isOf(source, 'ARRAY')) {
    const lambda = compileLambda(first, [source.type.element], context, run, 'TRANSFORM');
    return {
      type: arrayOf(lambda.type),
      evaluate: (row) => source.evaluate(row)?.map((each) => lambda.apply(row, each)) ?? null,
    };
  }
  if (source === undefined || !isOf(source, 'MAP')) return undefined;
  const { type } = source;
  const key = compileLambda(first, [type.key, type.value], context, run, 'TRANSFORM');
  const value = compileLambda(second, [type.key, type.value], context, run, 'TRANSFORM');
  return {
    type: mapOf(key.type, value.type),
    evaluate: (row) => {
      const map = source.evaluate(row);
      return map && new Map([...map].map(([k, v]) => [key.apply(row, k, v), value.apply(row, k, v)]));
    },
  };
};

const filter: Special = ({ args: [, predicate] }, [source], context, run) => {
  const type = source?.type;
  if (source === undefined || (type?.kind !== 'ARRAY' && type?.kind !== 'MAP')) return undefined;
  const types = type.kind === 'ARRAY' ? [type.element] : [type.key, type.value];
  const lambda = compileLambda(predicate, types, context, run, 'FILTER');
  if (lambda.type.kind !== 'BOOLEAN')
    throw new StatementError(`FILTER needs a lambda that is BOOLEAN, not ${describeType(lambda.type)}`);
  const keep =
    type.kind === 'ARRAY'
      ? ofKind(type.kind, (list, row: Row): Value => list.filter((each) => lambda.apply(row, each) === true))
      : ofKind(type.kind, (map, row: Row) => new Map([...map].filter(([k, v]) => lambda.apply(row, k, v) === true)));
  return {
    type,
    evaluate: (row) => {
      const value = source.evaluate(row);
      return value === null ? null : keep(value, row);
    },
  };
};

const reduce: Special = ({ args: [, , step] }, [source, initial], context, run) => {
  const type = source?.type;
  const state = initial?.type;
  if (source === undefined || initial === undefined || state === undefined) return undefined;
  if (type?.kind !== 'ARRAY' && type?.kind !== 'MAP') return undefined;
  const types = type.kind === 'ARRAY' ? [state, type.element] : [state, type.key, type.value];
  const lambda = compileLambda(step, types, context, run, 'REDUCE');
  if (commonType(state, lambda.type) === undefined) return undefined;
  const fold =
    type.kind === 'ARRAY'
      ? ofKind(type.kind, (list, row: Row, first: Value) =>
          list.reduce((all, each) => lambda.apply(row, all, each), first),
        )
      : ofKind(type.kind, (map, row: Row, first: Value) =>
          [...map].reduce((all, [k, v]) => lambda.apply(row, all, k, v), first),
        );
  return {
    type: state,
    evaluate: (row) => {
      const value = source.evaluate(row);
      const first = initial.evaluate(row);
      return value === null || first === null ? first : fold(value, row, first);
    },
  };
};

const lambda = (
  name: string,
  description: string,
  special: Special,
  ...signatures: readonly string[]
): ScalarFunction => ({
  name,
  category: 'LAMBDA',
  description,
  variants: signatures.map((signature) => ({ signature })),
  special,
});

export const LAMBDA_FUNCTIONS: readonly ScalarFunction[] = [
  lambda(
    'TRANSFORM',
    'Each element of an array through a lambda, (array, x => …), or each key and value of a map, (map, (k, v) => …, (k, v) => …).',
    transform,
    '(ARRAY<T>, LAMBDA) ARRAY<U>',
    '(MAP<K, V>, LAMBDA, LAMBDA) MAP<A, B>',
  ),
  lambda(
    'FILTER',
    'The elements or entries for which a lambda is true: (array, x => …), (map, (k, v) => …).',
    filter,
    '(ARRAY<T>, LAMBDA) ARRAY<T>',
    '(MAP<K, V>, LAMBDA) MAP<K, V>',
  ),
  lambda(
    'REDUCE',
    'All elements or entries folded into one value by a lambda: (array, start, (s, x) => …), (map, start, (s, k, v) => …).',
    reduce,
    '(ARRAY<T>, S, LAMBDA) S',
    '(MAP<K, V>, S, LAMBDA) S',
  ),
];
