import type { SqlType } from '../../protocol/ksql/types.js';
import type { Typed } from '../expressions/compiled.js';
import type { RowSchema } from '../metadata/schema.js';
import type { StoreSpec } from '../rows/store.js';
import { AGGREGATE_STATES, PREVIOUS_ROWS } from './aggregate-steps.js';
import { joinStores } from './join-steps.js';
import type { AggregateNode, JoinNode, LogicalNode, ProjectNode, SelectKeyNode } from './logical-plan.js';
import type { AggregateStep, JoinStep, PhysicalStep, SelectStep } from './physical-plan.js';
import { resultStore } from './table-results.js';

/** What runs a query: neighbouring nodes become one step where that spares making rows in between. */
export function lower(node: LogicalNode): PhysicalStep {
  switch (node.kind) {
    case 'source':
      return { kind: 'read', input: node, flat: node.flat, where: undefined };
    case 'join':
      return lowerJoin(node);
    case 'select-key':
      return { kind: 'repartition', by: node.by, input: lower(node.input) };
    case 'flat-map':
      return { kind: 'flat-map', calls: node.calls, input: lower(node.input) };
    case 'widen':
      return { kind: 'widen', from: node.input.schema, to: node.schema, input: lower(node.input) };
    case 'project':
      return lowerProjection(node);
    default:
      throw new Error(`a ${node.kind} node has a projection after it`);
  }
}

function lowerJoin(node: JoinNode): JoinStep {
  const types = ({ schema }: LogicalNode): SqlType[] => schema.value.map(({ type }) => type);
  const step = {
    kind: 'join' as const,
    form: node.form,
    join: node.join,
    name: `Join${node.at}`,
    left: lower(node.left),
    right: lower(node.right),
    leftKey: node.on.left,
    rightKey: node.on.right,
    keyType: node.on.left.type ?? ({ kind: 'STRING' } as const),
    leftCells: types(node.left),
    rightCells: types(node.right),
    within: node.within,
    leftPrimary: node.left.schema.key.map(({ type }) => type),
  };
  return { ...step, stores: joinStores(step) };
}

/** The rows of a WHERE, and the condition where the step that takes them has to look at it. */
function lowerFiltered(node: LogicalNode): { where: Typed | undefined; rows: LogicalNode; input: PhysicalStep } {
  const { condition: where, input: rows } = takeFilter(node);
  const input = lower(rows);
  const isReadAlone = input.kind === 'read' && input.flat === undefined && rows.type === 'STREAM';
  return isReadAlone ? { where: undefined, rows, input: { ...input, where } } : { where, rows, input };
}

function takeFilter(node: LogicalNode): { condition: Typed | undefined; input: LogicalNode } {
  return node.kind === 'filter' ? node : { condition: undefined, input: node };
}

function lowerProjection(node: ProjectNode): SelectStep | AggregateStep {
  const { condition, input } = takeFilter(node.input);
  if (input.kind === 'aggregate') return lowerAggregation(node, input, condition);
  const keyed: SelectKeyNode | undefined = input.kind === 'select-key' ? input : undefined;
  const { where, input: filtered } = lowerFiltered(keyed?.input ?? node.input);
  const table = node.type === 'TABLE';
  return {
    kind: 'select',
    where,
    keys: keyed?.by,
    columns: node.columns,
    table,
    transient: node.transient,
    stores: table ? [resultStore(node.schema)] : [],
    input: filtered,
  };
}

function lowerAggregation(project: ProjectNode, node: AggregateNode, having: Typed | undefined): AggregateStep {
  const { by } = node.input;
  const { where, rows, input } = lowerFiltered(node.input.input);
  const table = rows.type === 'TABLE';
  const stays = !table && by.length === rows.schema.key.length && by.every((each, at) => isKey(each, rows.schema, at));
  const states: StoreSpec = {
    name: AGGREGATE_STATES,
    key: node.schema.key.map(({ type }) => type),
    state: {
      kind: 'STRUCT',
      fields: node.calls.map(({ aggregate }, at) => ({ name: `A${at}`, type: aggregate.state })),
    },
  };
  return {
    kind: 'aggregate',
    where,
    groups: by,
    calls: node.calls,
    having,
    columns: project.columns,
    window: node.window,
    final: node.final,
    table,
    stores: [
      ...(table ? [previousRows(rows.schema)] : []),
      states,
      ...(node.final ? [resultStore(project.schema)] : []),
    ],
    input: stays ? input : { kind: 'repartition', by, input },
  };
}

const isKey = ({ expression }: Typed, { key }: RowSchema, at: number): boolean =>
  expression.kind === 'column' && expression.name === key[at]?.name;

/** A table's rows as they were: a change takes the old one out of its group. */
const previousRows = ({ key, value }: RowSchema): StoreSpec => ({
  name: PREVIOUS_ROWS,
  key: key.map(({ type }) => type),
  state: { kind: 'STRUCT', fields: value },
});
