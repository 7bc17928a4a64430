import { compile } from '../../../ksql/expressions/compile.js';
import type { CompileContext } from '../../../ksql/expressions/compiled.js';
import { widening } from '../../../ksql/expressions/types.js';
import type { Source } from '../../../ksql/metadata/source.js';
import type { KeyRange } from '../../../ksql/rows/key-range.js';
import type { Row } from '../../../ksql/rows/row.js';
import { parseTimestamp } from '../../../ksql/values/temporal.js';
import { compareValues, type Value } from '../../../ksql/values/value.js';
import type { Expression } from '../../../protocol/ksql/ast.js';
import type { SqlType } from '../../../protocol/ksql/types.js';

/** What a WHERE clause says of the key: which keys it can only be, or at least how it is bounded. */
export interface KeyLookup {
  /** `range`: <, <=, >, >= on a key of one column, which has a setting of its own. */
  readonly kind: 'keys' | 'range' | 'scan';
  /** Why it is a scan, as ksqlDB says it. */
  readonly why: string;
  /** Where in the table the rows can only be; undefined: anywhere. WHERE still has to be asked of each. */
  readonly ranges: readonly KeyRange[] | undefined;
}

/** One place of the key that is bounded, both bounds included. */
interface Bounds {
  readonly low?: Value;
  readonly high?: Value;
}

/** Bounds by place: of the key's columns, then of the window's start. */
type Known = ReadonlyMap<number, Bounds>;

/** A column that is a place of the table's order, `shift` behind the value that it is compared with. */
interface Place {
  readonly at: number;
  readonly type: SqlType;
  readonly shift: number;
}

/** More alternatives than this are no look-up: reading the table once is cheaper. */
const ALTERNATIVES_MAX = 1_000;

const NOTHING: Known = new Map();
const NO_ROW: Row = { key: [], value: null, timestampMs: 0, partition: 0, offset: 0n, headers: [], window: undefined };
const TIMESTAMP: SqlType = { kind: 'TIMESTAMP' };
const MIRRORED: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

export function keyLookup(
  where: Expression | undefined,
  source: Pick<Source, 'schema' | 'window'>,
  base: Omit<CompileContext, 'scope'>,
): KeyLookup {
  if (where === undefined) return { kind: 'scan', why: 'Missing WHERE clause.', ranges: undefined };
  const { key } = source.schema;
  const found = new Conditions(source, base).of(where);
  const exact = (known: Known): number[] => key.flatMap((_, at) => (isPoint(known.get(at)) ? [at] : []));
  const ranges = found.length > ALTERNATIVES_MAX ? undefined : rangesOf(found);
  if (ranges !== undefined && found.every((known) => exact(known).length === key.length)) {
    return { kind: 'keys', why: '', ranges };
  }
  const specified = found.map(exact).find((places) => places.length > 0);
  if (key.length > 1 && specified !== undefined) {
    const names = specified.map((at) => `\`${key[at]?.name}\``).join(', ');
    const why = `Multi-column sources must specify every key in the WHERE clause. Specified: [${names}].`;
    return { kind: 'scan', why, ranges };
  }
  const ranged = key.length === 1 && found.some((known) => known.has(0) && !isPoint(known.get(0)));
  return { kind: ranged ? 'range' : 'scan', why: 'WHERE clause missing key column.', ranges };
}

/** Reads a condition as alternatives, each of which bounds some places. What it cannot read bounds nothing. */
class Conditions {
  private readonly places: ReadonlyMap<string, Place>;
  private readonly context: CompileContext;

  constructor({ schema, window }: Pick<Source, 'schema' | 'window'>, base: Omit<CompileContext, 'scope'>) {
    this.context = { ...base, scope: { sources: [], column: () => undefined } };
    const places = new Map(schema.key.map(({ name, type }, at) => [name, { at, type, shift: 0 }]));
    const start = { at: schema.key.length, type: TIMESTAMP };
    if (window !== undefined) places.set('WINDOWSTART', { ...start, shift: 0 });
    if (window?.sizeMs !== undefined) places.set('WINDOWEND', { ...start, shift: window.sizeMs });
    this.places = places;
  }

  of(expression: Expression): readonly Known[] {
    switch (expression.kind) {
      case 'comparison': {
        const { left, operator, right } = expression;
        const direct = this.bounds(left, operator, right);
        return [direct === NOTHING ? this.bounds(right, MIRRORED[operator] ?? operator, left) : direct];
      }
      case 'between': {
        const { operand, low, high } = expression;
        return product([this.bounds(operand, '>=', low)], [this.bounds(operand, '<=', high)]);
      }
      case 'in':
        return expression.values.map((value) => this.bounds(expression.operand, '=', value));
      case 'logical': {
        const [left, right] = [this.of(expression.left), this.of(expression.right)];
        return expression.operator === 'OR' ? [...left, ...right] : product(left, right);
      }
      default:
        return [NOTHING];
    }
  }

  private bounds(column: Expression, operator: string, constant: Expression): Known {
    const place = column.kind === 'column' ? this.places.get(column.name) : undefined;
    const value = place === undefined ? undefined : this.constant(constant, place);
    if (place === undefined || value === undefined || value === null) return NOTHING;
    switch (operator) {
      case '=':
        return new Map([[place.at, { low: value, high: value }]]);
      case '<':
      case '<=':
        return new Map([[place.at, { high: value }]]);
      case '>':
      case '>=':
        return new Map([[place.at, { low: value }]]);
      default:
        return NOTHING;
    }
  }

  /** The value in the place's type; undefined where it depends on a row, or has no value in that type. */
  private constant(expression: Expression, { type: wanted, shift }: Place): Value | undefined {
    try {
      if (wanted === TIMESTAMP && expression.kind === 'string') return Number(parseTimestamp(expression.value)) - shift;
      const { type, evaluate } = compile(expression, this.context);
      if (type === undefined) return undefined;
      if (wanted !== TIMESTAMP) return widening(type, wanted)?.(evaluate(NO_ROW));
      const ms = ['INTEGER', 'BIGINT', 'TIMESTAMP'].includes(type.kind) ? evaluate(NO_ROW) : null;
      return ms === null ? undefined : Number(ms) - shift;
    } catch {
      return undefined; // Refers to a column: no constant.
    }
  }
}

const isPoint = (bounds: Bounds | undefined): boolean =>
  bounds?.low !== undefined && bounds.high !== undefined && compareValues(bounds.low, bounds.high) === 0;

/** Both hold: the narrower bound of each place. */
function product(left: readonly Known[], right: readonly Known[]): Known[] {
  if (left.length * right.length > ALTERNATIVES_MAX) return [NOTHING];
  return left.flatMap((a) => right.map((b) => new Map([...a, ...[...b].map(narrowed(a))])));
}

const narrowed =
  (other: Known) =>
  ([at, bounds]: readonly [number, Bounds]): [number, Bounds] => {
    const { low, high } = other.get(at) ?? {};
    const [lows, highs] = [[low, bounds.low].filter(isThere), [high, bounds.high].filter(isThere)];
    const [lowest] = lows.sort((a, b) => compareValues(b, a));
    const [highest] = highs.sort(compareValues);
    return [
      at,
      { ...(lowest === undefined ? {} : { low: lowest }), ...(highest === undefined ? {} : { high: highest }) },
    ];
  };

const isThere = (value: Value | undefined): value is Value => value !== undefined;

/** Undefined where an alternative says nothing of the first place: it is to be found anywhere. */
function rangesOf(alternatives: readonly Known[]): KeyRange[] | undefined {
  const ranges = alternatives.map((known) => {
    const [from, to]: [Value[], Value[]] = [[], []];
    for (let at = 0; ; at += 1) {
      const bounds = known.get(at);
      if (bounds?.low !== undefined) from.push(bounds.low);
      if (bounds?.high !== undefined) to.push(bounds.high);
      if (!isPoint(bounds)) return { from, to };
    }
  });
  return ranges.some(({ from, to }) => from.length === 0 && to.length === 0) ? undefined : ranges;
}
