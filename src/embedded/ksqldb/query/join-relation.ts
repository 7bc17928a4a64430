import type { Expression, Join } from '../../../protocol/ksql/ast.js';
import { formatExpression } from '../../../protocol/ksql/format.js';
import { formatType, type SqlType } from '../../../protocol/ksql/types.js';
import { compile } from '../expressions/compile.js';
import type { CompileContext, Compiled, Scope } from '../expressions/compiled.js';
import { BIGINT, commonType, describeType, widening } from '../expressions/types.js';
import type { Source } from '../metadata/source.js';
import type { Row } from '../runtime/row.js';
import { notSupported, StatementError } from '../statement-error.js';
import type { Value } from '../values/value.js';
import { mapChildren } from './aggregate-calls.js';
import { foreignKeyJoin, type JoinParts, streamStreamJoin, streamTableJoin, tableTableJoin } from './join-steps.js';
import type { Step } from './plan.js';
import { columnOf, type Relation, type RelationKey, sourceRelation } from './relation.js';
import { PSEUDO_COLUMNS } from './scope.js';

/** The name of the key column of a full outer join: neither side's key is always there. */
const ROWKEY = 'ROWKEY';

/** One cell of a joined row. */
interface Cell {
  readonly alias: string;
  readonly name: string;
  readonly type: SqlType;
}

/** FROM a JOIN b …: joined rows hold the cells of all sides, one after the other. */
export function joinRelations(
  first: { source: Source; alias: string },
  joins: readonly Join[],
  lookUp: (name: string) => Source,
  base: Omit<CompileContext, 'scope'>,
): Relation {
  let left = flatten(sourceRelation(first.source, first.alias, false), first.alias, first.source);
  let relation: Relation = left.relation;
  for (const [at, join] of joins.entries()) {
    const source = lookUp(join.source.name);
    const alias = join.source.alias ?? join.source.name;
    if (left.cells.some((cell) => cell.alias === alias)) {
      throw new StatementError(`Invalid join: each side needs an alias of its own, ${alias} is used twice.`);
    }
    const right = flatten(sourceRelation(source, alias, false), alias, source);
    relation = joinTwo(left, right, join, at, base);
    left = { relation, cells: [...left.cells, ...right.cells], source: undefined };
  }
  return relation;
}

interface Side {
  readonly relation: Relation;
  readonly cells: readonly Cell[];
  /** Undefined where the side is itself a join. */
  readonly source: Source | undefined;
}

/** A source whose rows hold key, value and time in their cells. */
function flatten(relation: Relation, alias: string, source: Source): Side {
  if (source.window !== undefined) throw notSupported('A join of a windowed source');
  const columns = [...source.schema.key, ...source.schema.value, ...source.schema.headers];
  const cells: Cell[] = [
    ...columns.map(({ name, type }) => ({ alias, name, type })),
    { alias, name: 'ROWTIME', type: BIGINT },
  ];
  const flat = (row: Row): Row => ({
    ...row,
    value: row.value === null ? null : [...row.key, ...row.value, BigInt(row.timestampMs)],
  });
  return {
    source,
    cells,
    relation: {
      ...relation,
      stars: [{ alias, columns: columns.map(({ name }) => name), prefixed: true }],
      scope: cellScope(cells),
      value: cells,
      key: relation.key.map(({ name, type }) => ({
        name,
        type,
        expression: columnOf(alias, name),
        means: (each) =>
          each.kind === 'column' && each.name === name && (each.source === undefined || each.source === alias),
      })),
      build: (_, next) => [(row, emit) => next(flat(row), emit)],
    },
  };
}

/** Columns by alias and name; a bare name is taken where only one side has it. */
function cellScope(cells: readonly Cell[], extra?: { readonly name: string; readonly compiled: Compiled }): Scope {
  const compiled = (at: number): Compiled => {
    const type = cells[at]?.type;
    return { type, evaluate: (row) => row.value?.[at] ?? null };
  };
  return {
    sources: [...new Set(cells.map(({ alias }) => alias))],
    column(source, name) {
      if (source !== undefined) {
        const at = cells.findIndex((cell) => cell.alias === source && cell.name === name);
        return at === -1 ? undefined : compiled(at);
      }
      if (extra !== undefined && extra.name === name) return extra.compiled;
      const pseudo = PSEUDO_COLUMNS.get(name);
      if (pseudo !== undefined) return { type: pseudo.type, evaluate: pseudo.get };
      const found = cells.flatMap((cell, at) => (cell.name === name ? [at] : []));
      if (found.length > 1) {
        const sides = found.map((at) => `${cells[at]?.alias}.${name}`).sort();
        throw new StatementError(`Column '${name}' is ambiguous. Could be ${sides.join(' or ')}.`);
      }
      return found[0] === undefined ? undefined : compiled(found[0]);
    },
  };
}

function joinTwo(left: Side, right: Side, join: Join, at: number, base: Omit<CompileContext, 'scope'>): Relation {
  const [onLeft, onRight] = sides(join, left, right);
  const [leftOn, rightOn] = [
    compile(onLeft, { ...base, scope: left.relation.scope }),
    compile(onRight, { ...base, scope: right.relation.scope }),
  ];
  const type = commonType(leftOn.type, rightOn.type);
  if (type === undefined || leftOn.type === undefined || rightOn.type === undefined) {
    throw new StatementError(
      `Invalid join condition: types don't match. Got ${formatExpression(onLeft)}{${describeType(leftOn.type)}} = ${formatExpression(onRight)}{${describeType(rightOn.type)}}.`,
    );
  }
  const cells = [...left.cells, ...right.cells];
  const parts: JoinParts = {
    name: `Join${at}`,
    kind: join.kind,
    leftKey: converted(leftOn, type),
    rightKey: converted(rightOn, type),
    keyType: type,
    leftCells: left.cells,
    rightCells: right.cells,
    within: join.within,
    leftPrimary: left.relation.key.map((key) => key.type),
  };
  const kinds = `${left.relation.type}-${right.relation.type}`;
  const foreign = kinds === 'TABLE-TABLE' && !left.relation.key.some((key) => key.means(onLeft));
  const joined = chooseJoin(parts, kinds, foreign, join, right, onRight);
  const key = foreign ? left.relation.key : [keyOf(join, onLeft, onRight, type)];
  const result = left.relation.type === 'STREAM' || right.relation.type === 'STREAM' ? 'STREAM' : 'TABLE';
  const rowKey: Compiled = { type, evaluate: (row) => row.key[0] ?? null };
  const full = join.kind === 'FULL' && !foreign;
  const stars = [
    ...(full ? [{ alias: '', columns: [ROWKEY], prefixed: false }] : []),
    ...left.relation.stars.filter(({ alias }) => alias !== ''),
    ...right.relation.stars,
  ];
  return {
    inputs: [...left.relation.inputs, ...right.relation.inputs],
    type: result,
    scope: cellScope(cells, full ? { name: ROWKEY, compiled: rowKey } : undefined),
    stars,
    key,
    window: undefined,
    stores: [...left.relation.stores, ...joined.stores],
    value: cells.map(({ alias, name, type: cell }) => ({ name: `${alias}_${name}`, type: cell })),
    copartitioned: copartition(left, right, foreign),
    build: (context, next) => {
      const steps = joined.build(context, next);
      return [...left.relation.build(context, steps.left), ...right.relation.build(context, steps.right)];
    },
    explain: {
      name: 'JOIN',
      schema: cells.map(({ alias, name, type: cell }) => `\`${alias}_${name}\` ${formatType(cell)}`).join(', '),
      inputs: [left.relation.explain, right.relation.explain],
    },
  };
}

interface ChosenJoin {
  readonly stores: Relation['stores'];
  readonly build: (
    context: Parameters<Relation['build']>[0],
    next: Step,
  ) => { readonly left: Step; readonly right: Step };
}

function chooseJoin(
  parts: JoinParts,
  kinds: string,
  foreign: boolean,
  join: Join,
  right: Side,
  onRight: Expression,
): ChosenJoin {
  const onPrimary = right.relation.key.some((key) => key.means(onRight));
  switch (kinds) {
    case 'STREAM-STREAM':
      if (join.within === undefined) {
        throw new StatementError(
          `Stream-stream joins must have a WITHIN clause specified. None was provided. To learn about how to specify a WITHIN clause with a stream-stream join, please visit: https://docs.confluent.io/current/ksql/docs/syntax-reference.html#create-stream-as-select`,
        );
      }
      return streamStreamJoin(parts);
    case 'STREAM-TABLE':
      if (join.within !== undefined)
        throw new StatementError(
          'A window definition was provided for a Stream-Table join. These joins are not windowed. Please drop the window definition (ie. the WITHIN clause) and try to execute your join again.',
        );
      if (join.kind !== 'INNER' && join.kind !== 'LEFT')
        throw new StatementError(
          `${join.kind === 'FULL' ? 'Full outer' : 'Right outer'} joins between streams and tables are not supported.`,
        );
      if (!onPrimary) throw notPrimary('stream-table', join);
      return streamTableJoin(parts);
    case 'TABLE-TABLE':
      if (join.within !== undefined)
        throw new StatementError(
          'A window definition was provided for a Table-Table join. These joins are not windowed. Please drop the window definition (i.e. the WITHIN clause) and try to execute your Table-Table join again.',
        );
      if (!onPrimary) throw notPrimary('table-table', join);
      if (!foreign) return tableTableJoin(parts);
      if (join.kind !== 'INNER' && join.kind !== 'LEFT')
        throw new StatementError(
          `Invalid join type: ${join.kind.toLowerCase()}-outer join not supported for foreign-key table-table join.`,
        );
      return foreignKeyJoin(parts);
    default:
      throw new StatementError(
        `Join between invalid operands requested: left type: TABLE, right type: STREAM. A table can only be joined to a table: put the stream first.`,
      );
  }
}

const notPrimary = (what: string, join: Join): StatementError =>
  new StatementError(
    `Invalid join condition: ${what} joins require to join on the primary key of the right input table. Got ${formatExpression(join.on).replace(/^\(|\)$/g, '')}.`,
  );

function converted({ type: from, evaluate }: Compiled, to: SqlType): (row: Row) => Value {
  const convert = from === undefined ? undefined : widening(from, to);
  if (convert === undefined || (from !== undefined && formatType(from) === formatType(to))) return evaluate;
  return (row) => {
    const value = evaluate(row);
    return value === null ? null : convert(value);
  };
}

/** Splits ON a = b into what the left and what the right side gives. */
function sides({ on }: Join, left: Side, right: Side): [Expression, Expression] {
  if (on.kind !== 'comparison' || on.operator !== '=') {
    throw new StatementError(`Unsupported join expression: ${formatExpression(on)}. Only equi joins are supported.`);
  }
  const from = (expression: Expression, side: Side): boolean =>
    columnsOf(expression).every(({ source, name }) =>
      side.cells.some((cell) => cell.name === name && (source === undefined || cell.alias === source)),
    );
  if (columnsOf(on.left).length === 0 || columnsOf(on.right).length === 0) {
    throw new StatementError(
      `Invalid comparison expression '${formatExpression(on)}' in join '${formatExpression(on)}'. Each side of the join comparision must contain references from exactly one source.`,
    );
  }
  if (from(on.left, left) && from(on.right, right)) return [on.left, on.right];
  if (from(on.right, left) && from(on.left, right)) return [on.right, on.left];
  throw new StatementError(
    `Invalid join condition: each side of ${formatExpression(on)} must refer to the columns of one source.`,
  );
}

function columnsOf(expression: Expression): Array<Extract<Expression, { kind: 'column' }>> {
  if (expression.kind === 'column') return [expression];
  const found: Array<Extract<Expression, { kind: 'column' }>> = [];
  mapChildren(expression, (child) => {
    found.push(...columnsOf(child));
    return child;
  });
  return found;
}

/** Which columns carry the key: those that hold it in every row, whichever side is missing. */
function keyOf(join: Join, onLeft: Expression, onRight: Expression, type: SqlType): RelationKey {
  const carriers = { INNER: [onLeft, onRight], LEFT: [onLeft], RIGHT: [onRight], FULL: [] }[join.kind];
  const [first] = carriers;
  const same = (a: Expression, b: Expression): boolean =>
    formatExpression(a) === formatExpression(b) ||
    (a.kind === 'column' &&
      b.kind === 'column' &&
      a.name === b.name &&
      (a.source === undefined || b.source === undefined));
  if (first === undefined) {
    const expression: Expression = { kind: 'column', source: undefined, name: ROWKEY, at: join.at };
    return { name: ROWKEY, type, expression, means: (each) => each.kind === 'column' && each.name === ROWKEY };
  }
  const name = first.kind === 'column' ? `${first.source ?? ''}_${first.name}`.replace(/^_/, '') : ROWKEY;
  return { name, type, expression: first, means: (each) => carriers.some((carrier) => same(each, carrier)) };
}

function copartition(left: Side, right: Side, foreign: boolean): Relation['copartitioned'] {
  const before = left.relation.copartitioned;
  const first = left.relation.inputs[0]?.source;
  return foreign || first === undefined || right.source === undefined ? before : [...before, [first, right.source]];
}
