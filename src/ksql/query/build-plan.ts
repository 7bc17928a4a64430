import { formatType } from '../../protocol/ksql/types.js';
import { columnsIn } from '../expressions/children.js';
import { widening } from '../expressions/types.js';
import type { Column } from '../metadata/schema.js';
import type { Row } from '../rows/row.js';
import { withValue } from '../rows/row.js';
import type { Value } from '../values/value.js';
import { aggregateSteps, groupReader } from './aggregate-steps.js';
import { foreignKeyJoin, guarded, type JoinSteps, streamTableJoin, tableTableJoin } from './join-steps.js';
import type { JoinForm } from './logical-plan.js';
import type {
  FlatMapStep,
  JoinStep,
  PhysicalStep,
  ReadStep,
  SelectStep,
  SendStep,
  WidenStep,
} from './physical-plan.js';
import { PSEUDO_COLUMNS, WINDOW_COLUMNS } from './scope.js';
import { selectRows } from './select-rows.js';
import type { Step, StepContext } from './step.js';
import { streamStreamJoin } from './stream-join-steps.js';
import { keepResult, RESULTS, type TableRows, tableRows } from './table-results.js';

/** What becomes of the rows of one input. */
export interface BuiltInput {
  readonly step: Step;
  /** Rows without a value, and those for which it does not hold, are none for the step. */
  readonly where: RowCondition | undefined;
}

/** A condition of a row, and the columns that it looks at. */
export interface RowCondition {
  readonly columns: ReadonlySet<string>;
  readonly holds: (row: Row) => boolean;
}

/** A running plan: what takes its inputs, and what it holds of its table for pull queries. */
export interface BuiltPlan {
  /** In order of the plan's inputs. */
  readonly inputs: readonly BuiltInput[];
  /** Rows of the table that the query maintains. */
  readonly rows?: TableRows;
}

const PASS_ON: Step = (row, emit) => emit(row);

/** Makes of a plan what runs it. */
export function buildPlan({ physical }: { readonly physical: PhysicalStep }, context: StepContext): BuiltPlan {
  return build(physical, context, PASS_ON);
}

/** `next` takes the rows that a step makes; what is built takes each input before it. */
function build(step: PhysicalStep, context: StepContext, next: Step): BuiltPlan {
  switch (step.kind) {
    case 'read':
      return {
        inputs: [
          { step: step.flat === undefined ? next : flatten(step, step.flat, next), where: conditionOf(step, context) },
        ],
      };
    case 'repartition':
      return build(step.input, context, next);
    case 'send':
      return build(step.input, context, send(step, context, next));
    case 'flat-map':
      return build(step.input, context, multiply(step, context, next));
    case 'widen':
      return build(step.input, context, widen(step, next));
    case 'join': {
      const { left, right } = JOINS[step.form](step, context, next);
      return { inputs: [...build(step.left, context, left).inputs, ...build(step.right, context, right).inputs] };
    }
    case 'select':
      return buildSelect(step, context, next);
    case 'aggregate': {
      const { step: aggregate, rows } = aggregateSteps(step, context);
      return { inputs: build(step.input, context, then(aggregate, next)).inputs, rows };
    }
  }
}

function conditionOf({ where }: ReadStep, context: StepContext): RowCondition | undefined {
  if (where === undefined) return undefined;
  const condition = guarded(context, where);
  return { columns: columnsIn(where.expression), holds: (row) => condition(row) === true };
}

const JOINS: Readonly<Record<JoinForm, (step: JoinStep, context: StepContext, next: Step) => JoinSteps>> = {
  'stream-stream': streamStreamJoin,
  'stream-table': streamTableJoin,
  'table-table': tableTableJoin,
  'foreign-key': foreignKeyJoin,
};

function buildSelect(step: SelectStep, context: StepContext, next: Step): BuiltPlan {
  const select = selectRows(step, context.failed);
  if (!step.table) return build(step.input, context, then(select.row, next));
  const results = context.store(RESULTS);
  const keep: Step = (row, emit) =>
    select.row(row, (each) =>
      keepResult(results, each, (kept) => next(select.shown(kept), emit), step.where === undefined),
    );
  return { inputs: build(step.input, context, keep).inputs, rows: tableRows(results) };
}

/** The last step's rows are what is emitted: nothing stands between. */
const then = (step: Step, next: Step): Step =>
  next === PASS_ON ? step : (row, emit) => step(row, (each) => next(each, emit));

/** Key, value, window bounds and pseudo columns as the cells of one row. */
function flatten({ input: { read } }: ReadStep, system: readonly string[], next: Step): Step {
  const readers = system.map((name) => {
    const column = PSEUDO_COLUMNS.get(name) ?? WINDOW_COLUMNS.get(name);
    return column !== undefined && (read.all || read.names.has(name)) ? column.get : () => null;
  });
  return (row, emit) => {
    if (row.value === null) return next(row, emit);
    const value = [...row.key, ...row.value];
    for (const get of readers) value.push(get(row));
    next(withValue(row, value), emit);
  };
}

/** A row that belongs to no group is not sent. */
function send({ by }: SendStep, context: StepContext, next: Step): Step {
  const groupOf = groupReader({ where: undefined, groups: by }, context);
  return (row, emit) => {
    const group = row.value === null ? undefined : groupOf(row);
    if (row.value !== null && group !== undefined) next(withValue(row, [...row.value, ...group]), emit);
  };
}

/** Several table functions run side by side, the shorter lists filled up with null. */
function multiply({ calls }: FlatMapStep, context: StepContext, next: Step): Step {
  return (row, emit) => {
    if (row.value === null) return;
    const lists = calls.map(({ rows }) => {
      try {
        return rows(row);
      } catch (failure) {
        context.failed(failure);
        return [];
      }
    });
    const count = Math.max(...lists.map((list) => list.length));
    for (let at = 0; at < count; at += 1) {
      next({ ...row, value: [...row.value, ...lists.map((list) => list[at] ?? null)] }, emit);
    }
  };
}

function widen({ from, to }: WidenStep, next: Step): Step {
  const converters = (columns: readonly Column[], wider: readonly Column[]) =>
    columns.map(({ type }, at) => {
      const wanted = wider[at]?.type ?? type;
      return formatType(type) === formatType(wanted) ? undefined : widening(type, wanted);
    });
  const [keys, values] = [converters(from.key, to.key), converters(from.value, to.value)];
  const convert = (list: readonly Value[], by: typeof keys): Value[] =>
    list.map((value, at) => (value === null ? null : (by[at]?.(value) ?? value)));
  const widened = (row: Row): Row => ({
    ...row,
    key: convert(row.key, keys),
    value: row.value === null ? null : convert(row.value, values),
  });
  return (row, emit) => next(widened(row), emit);
}
