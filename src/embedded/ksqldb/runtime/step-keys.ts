import { partitionOfKey } from '../../../clients/kafka/partitioner.js';
import type { Format } from '../../../ksql/formats/format.js';
import { JSON_FORMAT } from '../../../ksql/formats/json.js';
import { formatNamed } from '../../../ksql/formats/table.js';
import type { Column } from '../../../ksql/metadata/schema.js';
import {
  type AggregateStep,
  type JoinStep,
  type PhysicalStep,
  plannedInputs,
  stepsOf,
} from '../../../ksql/query/physical-plan.js';
import type { PlanPart } from '../../../ksql/query/plan.js';
import { typed } from '../../../ksql/query/plan-stream.js';
import type { StepKeys } from '../../../ksql/query/step.js';
import { StatementError } from '../../../ksql/statement-error.js';
import type { Value } from '../../../ksql/values/value.js';
import type { SqlType } from '../../../protocol/ksql/types.js';

export type KeyBytes = (key: readonly Value[]) => Uint8Array | null;

const NONE = Buffer.alloc(0);

/** The keys of all steps that have state by key. `resultKey`: of the query's results. */
export async function keysOfSteps(
  { physical }: Pick<PlanPart, 'physical'>,
  partitions: number,
  resultKey: KeyBytes | undefined,
): Promise<(step: AggregateStep | JoinStep) => StepKeys> {
  const made = new Map<AggregateStep | JoinStep, StepKeys>();
  const last = keying(physical);
  for (const step of stepsOf(physical)) {
    if (step.kind !== 'aggregate' && step.kind !== 'join') continue;
    const encode = await keyBytesOf(step, step === last ? resultKey : undefined);
    const bytes: StepKeys['bytes'] = (key) => encode(key) ?? NONE;
    made.set(step, { bytes, partition: (key) => (partitions === 1 ? 0 : partitionOfKey(bytes(key), partitions)) });
  }
  return (step) => {
    const keys = made.get(step);
    if (keys === undefined) throw new Error(`the plan has no step ${step.kind}`);
    return keys;
  };
}

/** The step whose keys the results have; undefined where they have others, or those of the rows that are read. */
function keying(step: PhysicalStep): PhysicalStep | undefined {
  if (step.kind === 'aggregate' || step.kind === 'join') return step;
  if (step.kind === 'read' || step.kind === 'repartition') return undefined;
  return step.kind === 'select' && step.keys !== undefined ? undefined : keying(step.input);
}

/** As in topics that ksqlDB makes for itself: in the format of the first source's keys, where that can hold them. Groups lie where their results do. */
async function keyBytesOf(step: AggregateStep | JoinStep, resultKey: KeyBytes | undefined): Promise<KeyBytes> {
  const columns = keyTypes(step).map((type, at): Column => ({ name: `K${at}`, type }));
  const source = plannedInputs(step)[0]?.source;
  const format = formatNamed(source?.key.format ?? JSON_FORMAT.name);
  if (resultKey !== undefined && (step.kind === 'aggregate' || format.inference)) return resultKey;
  const serde = await (holds(format, columns) ? format : JSON_FORMAT).serde({
    role: 'key',
    columns,
    wrapped: columns.length > 1,
    topic: '',
    delimiter: source?.key.delimiter ?? ',',
    registry: undefined,
    schemaFullName: undefined,
    schemaId: undefined,
    nullable: undefined,
  });
  return (key) => serde.encode(key);
}

function keyTypes(step: AggregateStep | JoinStep): readonly SqlType[] {
  if (step.kind === 'aggregate') return step.groups.map(typed);
  return step.form === 'foreign-key' ? step.leftPrimary : [step.keyType];
}

/** Not those with a registered schema: nobody reads these bytes. */
function holds(format: Format, columns: readonly Column[]): boolean {
  if (format.inference || format.name === 'NONE') return false;
  try {
    format.check(columns, 'key');
    return true;
  } catch (failure) {
    if (failure instanceof StatementError) return false;
    throw failure;
  }
}
