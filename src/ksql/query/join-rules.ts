import type { Expression, Join } from '../../protocol/ksql/ast.js';
import { formatExpression } from '../../protocol/ksql/format.js';
import { formatType } from '../../protocol/ksql/types.js';
import { columnsOf } from '../expressions/children.js';
import type { Compiled } from '../expressions/compiled.js';
import { describeType } from '../expressions/types.js';
import type { Source } from '../metadata/source.js';
import { StatementError } from '../statement-error.js';
import type { Side } from './join-side.js';
import type { JoinForm } from './logical-plan.js';

export function checkSources(
  first: Source,
  joined: ReadonlyArray<{ readonly source: Source; readonly alias: string }>,
): void {
  const seen = new Set([first.name]);
  for (const { source } of joined) {
    if (seen.has(source.name)) {
      throw new StatementError(
        joined.length > 1
          ? `N-way joins do not support multiple occurrences of the same source. Source: '${source.name}'.`
          : `Can not join '${first.name}' to '${source.name}': self joins are not yet supported.`,
      );
    }
    seen.add(source.name);
  }
}

/** Without the parentheses that formatting puts around a comparison. */
const bare = (expression: Expression): string => formatExpression(expression).replace(/^\(|\)$/g, '');

/** Splits ON a = b into what the left and what the right side gives. */
export function splitCriteria({ on }: Join, left: Side, right: Side): [Expression, Expression] {
  if (on.kind === 'logical') {
    throw new StatementError(`JOINs on multiple conditions are not yet supported. Got ${formatExpression(on)}.`);
  }
  if (on.kind !== 'comparison') throw new StatementError(`Unsupported join expression: ${formatExpression(on)}`);
  if (on.operator !== '=') throw new StatementError('Only equality join criteria is supported.');
  const [used, usedRight] = [on.left, on.right].map((each) => sourcesOf(each, left, right));
  if (used === undefined || usedRight === undefined || used.size !== 1 || usedRight.size !== 1) {
    throw new StatementError(
      `Invalid comparison expression '${bare(on)}' in join '${bare(on)}'. Each side of the join comparision must contain references from exactly one source.`,
    );
  }
  const [[first = ''], [second = '']] = [[...used], [...usedRight]];
  if (first === second) {
    throw new StatementError(
      `Each side of the join must reference exactly one source and not the same source. Left side references \`${first}\` and right references \`${second}\``,
    );
  }
  const isRight = (alias: string): boolean => right.cells.some((cell) => cell.alias === alias);
  if (isRight(second)) return [on.left, on.right];
  if (isRight(first)) return [on.right, on.left];
  throw new StatementError(
    `Invalid join condition: ${bare(on)} does not refer to the source that is joined, ${right.cells[0]?.alias ?? ''}.`,
  );
}

/** Aliases that an expression's columns belong to. */
function sourcesOf(expression: Expression, left: Side, right: Side): Set<string> {
  const cells = [...left.cells, ...right.cells];
  return new Set(
    columnsOf(expression).flatMap(
      ({ source, name }) => source ?? cells.find((cell) => cell.name === name)?.alias ?? [],
    ),
  );
}

interface Criteria {
  readonly join: Join;
  readonly left: Side;
  readonly right: Side;
  readonly onLeft: Expression;
  readonly onRight: Expression;
  /** Its place among the query's joins. */
  readonly at: number;
}

export function checkTypes({ onLeft, onRight }: Criteria, left: Compiled, right: Compiled): void {
  if (left.type !== undefined && right.type !== undefined && formatType(left.type) === formatType(right.type)) return;
  throw new StatementError(
    `Invalid join condition: types don't match. Got ${formatExpression(onLeft)}{${describeType(left.type)}} = ${formatExpression(onRight)}{${describeType(right.type)}}.`,
  );
}

/** Chooses the form, or says why there is none. */
export function joinForm(criteria: Criteria): JoinForm {
  const { join, left, right, onLeft, onRight } = criteria;
  if (left.relation.node.type === 'TABLE' && right.relation.node.type === 'STREAM') {
    throw new StatementError(
      `Invalid join order: table-stream joins are not supported; only stream-table joins. Got ${left.source?.name} ${join.kind}${join.kind === 'INNER' ? '' : ' OUTER'} JOIN ${right.source?.name}.`,
    );
  }
  if (right.relation.node.type === 'STREAM') {
    if (join.within === undefined) {
      throw new StatementError(
        'Stream-Stream joins must have a WITHIN clause specified. None was provided. To learn about how to specify a WITHIN clause with a stream-stream join, please visit: https://docs.confluent.io/current/ksql/docs/syntax-reference.html#create-stream-as-select',
      );
    }
    checkWindows(criteria);
    return 'stream-stream';
  }
  const what = left.relation.node.type === 'STREAM' ? 'Stream-Table' : 'Table-Table';
  if (join.within !== undefined) {
    throw new StatementError(
      `A window definition was provided for a ${what} join. These joins are not windowed. Please drop the window definition (ie. the WITHIN clause) and try to execute your join again.`,
    );
  }
  const onPrimary = isWholeKey(right, onRight);
  if (left.relation.node.type === 'STREAM') {
    if (join.kind === 'RIGHT' || join.kind === 'FULL') {
      throw new StatementError(
        `${join.kind === 'FULL' ? 'Full outer' : 'Right outer'} joins between streams and tables are not supported.`,
      );
    }
    if (!onPrimary) throw notPrimary("stream-table joins require to join on the table's primary key", join);
    checkWindows(criteria);
    return 'stream-table';
  }
  if (!onPrimary) {
    throw notPrimary('table-table joins require to join on the primary key of the right input table', join);
  }
  if (isWholeKey(left, onLeft)) {
    checkWindows(criteria);
    return 'table-table';
  }
  checkForeignKey(criteria);
  return 'foreign-key';
}

export const isWholeKey = ({ relation }: Side, on: Expression): boolean =>
  relation.key.length === 1 && relation.key[0]?.means(on) === true;

const notPrimary = (rule: string, { on }: Join): StatementError =>
  new StatementError(`Invalid join condition: ${rule}. Got ${bare(on)}.`);

/** In a row of joins only the first may be one. */
function checkForeignKey({ join, left, right, at }: Criteria): void {
  if (at > 0) {
    throw new StatementError(
      `Invalid join condition: foreign-key table-table joins are not supported as part of n-way joins. Got ${bare(join.on)}.`,
    );
  }
  if (join.kind === 'RIGHT' || join.kind === 'FULL') {
    throw new StatementError(
      `Invalid join type: ${join.kind.toLowerCase()}-outer join not supported for foreign-key table-table join. Got ${left.source?.name} ${join.kind} OUTER JOIN ${right.source?.name}.`,
    );
  }
  if (left.relation.window !== undefined || right.relation.window !== undefined) {
    throw new StatementError('Foreign-key table-table joins are not supported for windowed tables.');
  }
}

/** Keys of windows join only keys of windows of the same kind, and only as they are. */
function checkWindows({ left, right, onLeft, onRight }: Criteria): void {
  const [a, b] = [left.relation.window, right.relation.window];
  if (a === undefined && b === undefined) return;
  const describe = (window: typeof a): string =>
    window === undefined ? 'not windowed' : window.kind === 'SESSION' ? 'SESSION windowed' : 'TIME windowed';
  for (const [side, on] of [
    [left, onLeft],
    [right, onRight],
  ] as const) {
    if (side.relation.window !== undefined && !isWholeKey(side, on)) {
      throw new StatementError(
        'Implicit repartitioning of windowed sources is not supported. See https://github.com/confluentinc/ksql/issues/4385.',
      );
    }
  }
  if (describe(a) !== describe(b)) {
    throw new StatementError(
      `Incompatible windowed sources.\nLeft source: ${describe(a)}\nRight source: ${describe(b)}`,
    );
  }
}
