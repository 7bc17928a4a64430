import type { Expression } from '../../protocol/ksql/ast.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import type { Row } from '../rows/row.js';
import { failAt } from '../statement-error.js';
import type { Value } from '../values/value.js';
import { castTo } from './cast.js';
import type { Compiled } from './compiled.js';
import { commonType, describeType, STRING } from './types.js';

export const constant = (type: SqlType, value: Value): Compiled => ({ type, evaluate: () => value });

/** What an element of an array, map, struct or lambda gives: an error in one is that one's null, the others stay. */
export function elementOf(evaluate: (row: Row) => Value, row: Row): Value {
  try {
    return evaluate(row);
  } catch {
    return null;
  }
}

/** Text literals beside other types are read as those: ARRAY[1, '2'], a IN ('1', '2'). */
export function readLiterals(expressions: readonly Expression[], all: readonly Compiled[]): Compiled[] {
  const isText = (at: number): boolean => expressions[at]?.kind === 'string';
  const type = all
    .filter((_, at) => !isText(at))
    .reduce<SqlType | undefined>((one, { type: next }) => commonType(one, next), undefined);
  if (type === undefined || type.kind === 'STRING' || !READABLE.has(type.kind)) return [...all];
  return all.map((each, at) => {
    const expression = expressions[at];
    if (expression?.kind !== 'string') return each;
    try {
      return constant(type, castTo(STRING, type)(expression.value));
    } catch {
      throw failAt(expression.at, `invalid input syntax for type ${describeType(type)}: "${expression.value}".`);
    }
  });
}

const READABLE: ReadonlySet<SqlType['kind']> = new Set(['INTEGER', 'BIGINT', 'DECIMAL', 'DOUBLE', 'BOOLEAN']);
