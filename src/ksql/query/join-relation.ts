import type { Expression, Join } from '../../protocol/ksql/ast.js';
import { formatExpression } from '../../protocol/ksql/format.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { typedExpression } from '../expressions/compile.js';
import type { CompileContext, Compiled, Typed } from '../expressions/compiled.js';
import { StatementError } from '../statement-error.js';
import { checkSources, checkTypes, isWholeKey, joinForm, splitCriteria } from './join-rules.js';
import { type Cell, cellScope, clashingNames, type Side, sourceSide } from './join-side.js';
import { type LogicalNode, sourcesOf } from './logical-plan.js';
import type { NamedSource } from './names.js';
import { columnOf, type Relation, type RelationKey } from './relation.js';

/** FROM a JOIN b …: joined rows hold the cells of all sides, one after the other. */
export function joinRelations(
  first: NamedSource,
  joined: readonly NamedSource[],
  joins: readonly Join[],
  base: Omit<CompileContext, 'scope'>,
): Relation {
  checkSources(first.source, joined);
  let left = sourceSide(first.source, first.alias);
  for (const [at, join] of joins.entries()) {
    const { source, alias } = joined[at] ?? first;
    if (left.cells.some((cell) => cell.alias === alias)) {
      throw new StatementError(`Invalid join: each side needs an alias of its own, ${alias} is used twice.`);
    }
    const right = sourceSide(source, alias);
    const relation = joinTwo({ left, right, join, at }, base);
    left = { relation, cells: [...left.cells, ...right.cells], source: undefined };
  }
  return left.relation;
}

interface Two {
  readonly left: Side;
  readonly right: Side;
  readonly join: Join;
  readonly at: number;
}

function joinTwo(two: Two, base: Omit<CompileContext, 'scope'>): Relation {
  const { left, right, join, at } = two;
  const [onLeft, onRight] = splitCriteria(join, left, right);
  const leftOn = typedExpression(onLeft, { ...base, scope: left.relation.scope });
  const rightOn = typedExpression(onRight, { ...base, scope: right.relation.scope });
  const criteria = { ...two, onLeft, onRight };
  checkTypes(criteria, leftOn, rightOn);
  const form = joinForm(criteria);
  const type: SqlType = leftOn.type ?? { kind: 'STRING' };
  const cells = [...left.cells, ...right.cells];
  // Only a stream beside a table is kept in no store.
  if (form !== 'stream-table') {
    for (const { read } of [left, right].flatMap((side) => sourcesOf(side.relation.node))) read.all = true;
  }
  const key = form === 'foreign-key' ? left.relation.key : [keyOf(two, onLeft, onRight, type, cells)];
  const synthetic = key[0]?.synthetic === true ? key[0] : undefined;
  return {
    node: {
      kind: 'join',
      type: left.relation.node.type,
      form,
      join: join.kind,
      at,
      left: form === 'foreign-key' ? left.relation.node : byKey(left, leftOn),
      right: byKey(right, rightOn),
      on: { left: leftOn, right: rightOn },
      within: join.within,
      schema: {
        key: key.map(({ name, type: part }) => ({ name, type: part })),
        value: cells.map(({ alias, name, type: cell }) => ({ name: `${alias}_${name}`, type: cell })),
        headers: [],
      },
    },
    scope: joinedScope(cells, synthetic),
    stars: [
      ...(synthetic === undefined ? [] : [{ alias: '', columns: [synthetic.name], prefixed: false }]),
      ...left.relation.stars.filter(({ alias }) => alias !== ''),
      ...right.relation.stars,
    ],
    nameOf: joinedNames(cells),
    key,
    ...(form === 'foreign-key' ? { keyOf: left.cells[0]?.alias ?? '' } : {}),
    window: left.relation.window,
  };
}

/** A side whose rows do not lie by what it joins on is put in that order first. */
function byKey(side: Side, on: Typed): LogicalNode {
  const { node } = side.relation;
  if (isWholeKey(side, on.expression)) return node;
  const name = on.expression.kind === 'column' ? on.expression.name : 'KSQL_COL_0';
  const key = [{ name, type: on.type ?? ({ kind: 'STRING' } as const) }];
  return { kind: 'select-key', type: node.type, by: [on], schema: { ...node.schema, key }, input: node };
}

function joinedScope(cells: readonly Cell[], synthetic: RelationKey | undefined): Relation['scope'] {
  if (synthetic === undefined) return cellScope(cells);
  const compiled: Compiled = { type: synthetic.type, evaluate: (row) => row.key[0] ?? null };
  return cellScope(cells, { name: synthetic.name, compiled });
}

/** `ALIAS_COL` for a column that several sides have, its own name otherwise. */
function joinedNames(cells: readonly Cell[]): Relation['nameOf'] {
  const clashing = clashingNames(cells);
  return (source, name) => (source !== undefined && clashing.has(name) ? `${source}_${name}` : name);
}

/**
 * The key of joined rows, by the names of the columns that it is equal to. Those of a side that may be missing come last:
 * ksqlDB's own example of a left join takes its key from the table. Where there is none (a full join, a join of
 * expressions), ksqlDB adds the column ROWKEY.
 */
function keyOf(
  { join, left }: Two,
  onLeft: Expression,
  onRight: Expression,
  type: SqlType,
  cells: readonly Cell[],
): RelationKey {
  // In a row of joins the key of those before is equal to what this one joins on.
  const before = left.relation.key.find((key) => key.means(onLeft));
  const lefts = unique([...(before?.expressions ?? []), onLeft]).filter(isColumn);
  const rights = [onRight].filter(isColumn);
  const carriers = {
    INNER: [...lefts, ...rights],
    LEFT: [...lefts, ...rights],
    RIGHT: [...rights, ...lefts],
    FULL: [],
  }[join.kind];
  const [first] = carriers;
  if (first !== undefined) {
    const isNullable = (each: Expression): boolean =>
      (join.kind === 'LEFT' && lefts.length > 0 && rights.some((one) => same(each, one))) ||
      (join.kind === 'RIGHT' && rights.length > 0 && lefts.some((one) => same(each, one)));
    const means = (each: Expression): boolean => carriers.some((one) => same(each, one)) && !isNullable(each);
    return { name: first.name, type, expressions: carriers, means };
  }
  const taken = new Set(cells.map(({ name }) => name));
  let name = 'ROWKEY';
  for (let next = 1; taken.has(name); next += 1) name = `ROWKEY_${next}`;
  return {
    name,
    type,
    synthetic: true,
    expressions: [columnOf(undefined, name)],
    means: (each) => each.kind === 'column' && each.source === undefined && each.name === name,
  };
}

const isColumn = (each: Expression): each is Extract<Expression, { kind: 'column' }> => each.kind === 'column';

const unique = (all: readonly Expression[]): Expression[] =>
  all.filter((each, at) => all.findIndex((other) => same(each, other)) === at);

const same = (a: Expression, b: Expression): boolean =>
  formatExpression(a) === formatExpression(b) ||
  (a.kind === 'column' &&
    b.kind === 'column' &&
    a.name === b.name &&
    (a.source === undefined || b.source === undefined));
