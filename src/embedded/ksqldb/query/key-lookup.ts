import { compile } from '../../../ksql/expressions/compile.js';
import type { CompileContext } from '../../../ksql/expressions/compiled.js';
import { widening } from '../../../ksql/expressions/types.js';
import type { Column } from '../../../ksql/metadata/schema.js';
import type { Row } from '../../../ksql/rows/row.js';
import type { Value } from '../../../ksql/values/value.js';
import type { Expression } from '../../../protocol/ksql/ast.js';

/** What a WHERE clause says of the key: which keys it can only be, or at least how it is bounded. */
export type KeyLookup =
  | { readonly kind: 'keys'; readonly keys: ReadonlyArray<readonly Value[]> }
  /** <, <=, >, >= on a key of one column: the table's order is no index, but the setting for ranges allows it. */
  | { readonly kind: 'range' }
  | { readonly kind: 'scan'; readonly why: string };

/** Values that key columns are equal to, by their place in the key. */
type Known = ReadonlyMap<number, Value>;

/** More alternatives than this are no look-up: reading the table once is cheaper. */
const ALTERNATIVES_MAX = 1_000;

const NO_ROW: Row = { key: [], value: null, timestampMs: 0, partition: 0, offset: 0n, headers: [], window: undefined };

export function keyLookup(
  where: Expression | undefined,
  key: readonly Column[],
  base: Omit<CompileContext, 'scope'>,
): KeyLookup {
  if (where === undefined) return { kind: 'scan', why: 'Missing WHERE clause.' };
  const context: CompileContext = { ...base, scope: { sources: [], column: () => undefined } };
  const placeOf = (expression: Expression): number =>
    expression.kind === 'column' ? key.findIndex(({ name }) => name === expression.name) : -1;
  const valueFor = (at: number, expression: Expression): Value | undefined => {
    try {
      const { type, evaluate } = compile(expression, context);
      const wanted = key[at]?.type;
      const convert = type === undefined || wanted === undefined ? undefined : widening(type, wanted);
      return convert?.(evaluate(NO_ROW));
    } catch {
      return undefined; // Refers to a column: no constant.
    }
  };
  let ranged = false;
  const equal = (left: Expression, right: Expression): Known[] => {
    const at = placeOf(left);
    const value = at === -1 ? undefined : valueFor(at, right);
    return value === undefined ? [new Map()] : [new Map([[at, value]])];
  };
  const alternatives = (expression: Expression): readonly Known[] => {
    if (expression.kind === 'comparison') {
      if (expression.operator === '=') {
        const { left, right } = expression;
        return placeOf(left) === -1 ? equal(right, left) : equal(left, right);
      }
      ranged ||=
        /[<>]=?$/.test(expression.operator) && [expression.left, expression.right].some((e) => placeOf(e) !== -1);
      return [new Map()];
    }
    if (expression.kind === 'in' && !expression.negated) {
      return expression.values.flatMap((value) => equal(expression.operand, value));
    }
    if (expression.kind !== 'logical') return [new Map()];
    const [left, right] = [alternatives(expression.left), alternatives(expression.right)];
    return expression.operator === 'OR' ? [...left, ...right] : product(left, right);
  };
  const found = alternatives(where);
  if (found.length <= ALTERNATIVES_MAX && found.every((known) => known.size === key.length)) {
    return { kind: 'keys', keys: found.map((known) => key.map((_, at) => known.get(at) ?? null)) };
  }
  const some = found.find((known) => known.size > 0);
  if (key.length > 1 && some !== undefined) {
    const specified = [...some.keys()].map((at) => `\`${key[at]?.name}\``).join(', ');
    return {
      kind: 'scan',
      why: `Multi-column sources must specify every key in the WHERE clause. Specified: [${specified}].`,
    };
  }
  if (ranged && key.length === 1) return { kind: 'range' };
  return { kind: 'scan', why: 'WHERE clause missing key column.' };
}

/** Both hold: what one says of a column is beside what the other says of another. */
function product(left: readonly Known[], right: readonly Known[]): Known[] {
  if (left.length * right.length > ALTERNATIVES_MAX) return [new Map()];
  return left.flatMap((a) => right.map((b) => new Map([...b, ...a])));
}
