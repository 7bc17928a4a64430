import type { SqlType } from '../../protocol/ksql/types.js';
import { describeType } from '../expressions/types.js';
import { StatementError } from '../statement-error.js';
import { ofKind, type Value } from '../values/value.js';

/** A function that makes rows: one for each value that it gives. */
export interface TableFunction {
  readonly name: string;
  readonly description: string;
  readonly signatures: readonly string[];
  create(types: ReadonlyArray<SqlType | undefined>): {
    readonly returns: SqlType;
    readonly rows: (args: readonly Value[]) => readonly Value[];
  };
}

/** Every way of keeping or blanking each element; one way each for what is null already. */
function cube(elements: readonly Value[]): Value[][] {
  return elements.reduce<Value[][]>(
    (all, each) =>
      each === null
        ? all.map((list) => [...list, null])
        : all.flatMap((list) => [
            [...list, null],
            [...list, each],
          ]),
    [[]],
  );
}

export const TABLE_FUNCTIONS: ReadonlyMap<string, TableFunction> = new Map(
  (
    [
      {
        name: 'EXPLODE',
        description: 'One row for each element of an array.',
        signatures: ['(ARRAY<T>) T'],
        create([type]) {
          if (type?.kind !== 'ARRAY')
            throw new StatementError(`Function 'EXPLODE' does not accept parameters (${describeType(type)}).`);
          const rows = ofKind(type.kind, (list) => list);
          return { returns: type.element, rows: ([list = null]) => (list === null ? [] : rows(list)) };
        },
      },
      {
        name: 'CUBE_EXPLODE',
        description: 'One row for each way of keeping or blanking the elements of an array.',
        signatures: ['(ARRAY<T>) ARRAY<T>'],
        create([type]) {
          if (type?.kind !== 'ARRAY')
            throw new StatementError(`Function 'CUBE_EXPLODE' does not accept parameters (${describeType(type)}).`);
          const rows = ofKind(type.kind, cube);
          return { returns: type, rows: ([list = null]) => (list === null ? [] : rows(list)) };
        },
      },
    ] satisfies TableFunction[]
  ).map((each) => [each.name, each]),
);
