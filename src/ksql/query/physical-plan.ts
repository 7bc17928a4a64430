import type { Join } from '../../protocol/ksql/ast.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import type { Typed } from '../expressions/compiled.js';
import type { RowSchema } from '../metadata/schema.js';
import type { Source } from '../metadata/source.js';
import type { StoreSpec } from '../rows/store.js';
import type { AggregateCall, JoinForm, NamedExpression, PlannedInput, TableCall } from './logical-plan.js';
import type { WindowRules } from './windows.js';

interface Stateful {
  /** What it keeps, and recovers from its changelog. */
  readonly stores: readonly StoreSpec[];
}

interface OneInput {
  readonly input: PhysicalStep;
}

export interface ReadStep {
  readonly kind: 'read';
  readonly input: PlannedInput;
  readonly flat: readonly string[] | undefined;
  /** WHERE of a stream that is read alone: what it leaves out need not be decoded as a whole. */
  readonly where: Typed | undefined;
}

export interface JoinStep extends Stateful {
  readonly kind: 'join';
  readonly form: JoinForm;
  readonly join: Join['kind'];
  /** Unique in the query: names its stores. */
  readonly name: string;
  readonly left: PhysicalStep;
  readonly right: PhysicalStep;
  readonly leftKey: Typed;
  readonly rightKey: Typed;
  readonly keyType: SqlType;
  /** Types of the cells of each side. */
  readonly leftCells: readonly SqlType[];
  readonly rightCells: readonly SqlType[];
  readonly within: Join['within'];
  /** Types of the left table's own key: a foreign-key join keeps it. */
  readonly leftPrimary: readonly SqlType[];
}

/**
 * From here on rows are taken as lying where their new key belongs: Kafka Streams writes them to a topic of its own for it. Where
 * one process reads all partitions, only stream time is kept by that partition; else `cutPlan` cuts the plan here.
 */
export interface RepartitionStep extends OneInput {
  readonly kind: 'repartition';
  readonly by: readonly Typed[];
}

/** The end of a plan's first part: a row goes to the topic before the second one with its new key behind its values. */
export interface SendStep extends OneInput {
  readonly kind: 'send';
  readonly topic: string;
  readonly by: readonly Typed[];
  /** Of what is sent. */
  readonly schema: RowSchema;
}

export interface FlatMapStep extends OneInput {
  readonly kind: 'flat-map';
  readonly calls: readonly TableCall[];
}

/** WHERE, PARTITION BY and the projection in one: a row is made once. */
export interface SelectStep extends OneInput, Stateful {
  readonly kind: 'select';
  readonly where: Typed | undefined;
  /** PARTITION BY; undefined: the key stays. */
  readonly keys: readonly Typed[] | undefined;
  readonly columns: readonly NamedExpression[];
  readonly table: boolean;
  readonly transient: boolean;
}

/** WHERE, GROUP BY, the aggregates, HAVING and the projection in one. */
export interface AggregateStep extends OneInput, Stateful {
  readonly kind: 'aggregate';
  readonly where: Typed | undefined;
  readonly groups: readonly Typed[];
  readonly calls: readonly AggregateCall[];
  readonly having: Typed | undefined;
  readonly columns: readonly NamedExpression[];
  readonly window: WindowRules | undefined;
  readonly final: boolean;
  readonly table: boolean;
}

export interface WidenStep extends OneInput {
  readonly kind: 'widen';
  readonly from: RowSchema;
  readonly to: RowSchema;
}

/** What is run for each row, from the last step back to where its inputs are read. */
export type PhysicalStep =
  | ReadStep
  | JoinStep
  | RepartitionStep
  | SendStep
  | FlatMapStep
  | SelectStep
  | AggregateStep
  | WidenStep;

/** Whose rows a step takes. */
export function precedingSteps(step: PhysicalStep): readonly PhysicalStep[] {
  if (step.kind === 'read') return [];
  return step.kind === 'join' ? [step.left, step.right] : [step.input];
}

/** All steps up to one, inputs first. */
export const stepsOf = (step: PhysicalStep): PhysicalStep[] => [...precedingSteps(step).flatMap(stepsOf), step];

/** In order of FROM and its joins: a built plan has a step for each. */
export const plannedInputs = (step: PhysicalStep): PlannedInput[] =>
  stepsOf(step).flatMap((each) => (each.kind === 'read' ? [each.input] : []));

export const storesOf = (step: PhysicalStep): StoreSpec[] =>
  stepsOf(step).flatMap((each) => ('stores' in each ? each.stores : []));

/** Sources that need the same number of partitions. */
export function copartitionedOf(step: PhysicalStep): Array<readonly [Source, Source]> {
  return stepsOf(step).flatMap((each) => {
    if (each.kind !== 'join' || each.form === 'foreign-key') return [];
    const [[left], [right]] = [plannedInputs(each.left), plannedInputs(each.right)];
    return left === undefined || right === undefined ? [] : [[left.source, right.source] as const];
  });
}

/**
 * Whether rows that meet in its state come from partitions of one number: each number may have a state, and a process, of its
 * own. Keys of windows are partitioned together with their bounds, by which nothing is joined or grouped.
 */
export function isDivisible(step: PhysicalStep): boolean {
  const steps = stepsOf(step);
  const gathers = steps.some(({ kind }) => kind === 'join' || kind === 'aggregate');
  if (gathers && plannedInputs(step).some(({ source }) => source.window !== undefined)) return false;
  return steps.every((each) => each.kind !== 'repartition' && !(each.kind === 'join' && each.form === 'foreign-key'));
}
