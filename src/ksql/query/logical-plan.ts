import type { Expression, Join, SourceKind } from '../../protocol/ksql/ast.js';
import type { Typed } from '../expressions/compiled.js';
import type { Aggregate } from '../functions/aggregate.js';
import type { Column, RowSchema } from '../metadata/schema.js';
import type { Source } from '../metadata/source.js';
import type { Row } from '../rows/row.js';
import type { Value } from '../values/value.js';
import type { WindowRules } from './windows.js';

/** Names of a source's columns that a query reads; `all`: its rows are kept as a whole, for queries that may replace it. */
export interface ColumnsRead {
  readonly names: Set<string>;
  all: boolean;
}

export interface PlannedInput {
  readonly source: Source;
  readonly alias: string;
  /** Filled while the query is planned; values of other columns are not made. */
  readonly read: ColumnsRead;
  /** Its topic holds rows that another part of the query has sent by so many cells, which are their last. */
  readonly sentBy?: number;
}

/** Which of ksqlDB's joins two sides make. */
export type JoinForm = 'stream-stream' | 'stream-table' | 'table-table' | 'foreign-key';

/** A call of a table function, which becomes a column. */
export interface TableCall {
  readonly expression: Expression;
  readonly column: Column;
  readonly rows: (row: Row) => readonly Value[];
}

export interface NamedExpression extends Typed {
  readonly name: string;
}

/** What every node says of its rows. */
interface Rows {
  readonly type: SourceKind;
  /** Columns as they lie in key and value of the node's rows. */
  readonly schema: RowSchema;
}

interface OneInput extends Rows {
  readonly input: LogicalNode;
}

export interface SourceNode extends Rows, PlannedInput {
  readonly kind: 'source';
  /** Beside others in a join: the value holds key, value, window bounds and pseudo columns, one after the other. */
  readonly flat: readonly string[] | undefined;
}

export interface JoinNode extends Rows {
  readonly kind: 'join';
  readonly form: JoinForm;
  readonly join: Join['kind'];
  /** Which of the query's joins it is, from 0. */
  readonly at: number;
  readonly left: LogicalNode;
  readonly right: LogicalNode;
  readonly on: { readonly left: Typed; readonly right: Typed };
  readonly within: Join['within'];
}

/** Rows get another key; a join or an aggregation after it has them by that key. */
export interface SelectKeyNode extends OneInput {
  readonly kind: 'select-key';
  readonly by: readonly Typed[];
}

export interface FlatMapNode extends OneInput {
  readonly kind: 'flat-map';
  readonly calls: readonly TableCall[];
}

/** WHERE before, HAVING after an aggregation. */
export interface FilterNode extends OneInput {
  readonly kind: 'filter';
  readonly condition: Typed;
}

export interface GroupByNode extends OneInput {
  readonly kind: 'group-by';
  readonly by: readonly Typed[];
}

/** One aggregate of a query: what goes in for a row. */
export interface AggregateCall {
  readonly text: string;
  readonly name: string;
  readonly aggregate: Aggregate;
  readonly args: ReadonlyArray<(row: Row) => Value>;
}

export interface AggregateNode extends OneInput {
  readonly kind: 'aggregate';
  readonly input: GroupByNode;
  readonly calls: readonly AggregateCall[];
  readonly window: WindowRules | undefined;
  /** EMIT FINAL: a window's groups go out once, when it has closed. */
  readonly final: boolean;
}

export interface ProjectNode extends OneInput {
  readonly kind: 'project';
  readonly columns: readonly NamedExpression[];
  /** For a client: it sees the columns of a row that is deleted, and no stream's null values. */
  readonly transient: boolean;
}

/** INSERT INTO … SELECT: values become those of the wider types that the stream has. */
export interface WidenNode extends OneInput {
  readonly kind: 'widen';
}

/**
 * What a query asks for, as a tree of values: the rows of its sources at the leaves, its result at the root. Each leaf of an
 * expression is typed, and holds what evaluates it. `lower` makes of it what is run.
 */
export type LogicalNode =
  | SourceNode
  | JoinNode
  | SelectKeyNode
  | FlatMapNode
  | FilterNode
  | GroupByNode
  | AggregateNode
  | ProjectNode
  | WidenNode;

export function inputsOf(node: LogicalNode): readonly LogicalNode[] {
  if (node.kind === 'source') return [];
  return node.kind === 'join' ? [node.left, node.right] : [node.input];
}

/** The sources that a query reads, in the order of FROM and its joins. */
export const sourcesOf = (node: LogicalNode): readonly SourceNode[] =>
  node.kind === 'source' ? [node] : inputsOf(node).flatMap(sourcesOf);

/**
 * The source in whose format keys are written where the query says none: a join's left one, unless only the left rows have to
 * get another key for it. See https://github.com/confluentinc/ksql/pull/6393.
 */
export function keySourceOf(node: LogicalNode): Source {
  if (node.kind === 'source') return node.source;
  if (node.kind !== 'join') return keySourceOf(node.input);
  return keySourceOf(node.left.kind === 'select-key' && node.right.kind !== 'select-key' ? node.right : node.left);
}
