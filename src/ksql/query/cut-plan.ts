import type { Typed } from '../expressions/compiled.js';
import type { Column, RowSchema } from '../metadata/schema.js';
import type { ReadStep } from './physical-plan.js';
import { type PlanPart, planPart } from './plan.js';
import { typed } from './plan-stream.js';

/** As ksqlDB calls the topic behind a GROUP BY, after the group of its query. */
const TOPIC = 'Aggregate-GroupBy-repartition';

/**
 * A plan in two parts: the first one sends rows to a topic in which they lie by their groups, the second one reads them there, so
 * that rows which meet come from one partition. Undefined where a plan is not cut: it has no GROUP BY of something else than the
 * key, or its rows are not those of one stream as they are read.
 */
export function cutPlan(
  { physical }: Pick<PlanPart, 'physical'>,
  prefix = '',
): readonly [PlanPart, PlanPart] | undefined {
  if (physical.kind !== 'aggregate' || physical.table || physical.input.kind !== 'repartition') return undefined;
  const { groups, input } = physical;
  const { input: read } = input;
  if (read.kind !== 'read' || read.input.source.window !== undefined) return undefined;
  const { source, alias } = read.input;
  const topic = `${prefix}${TOPIC}`;
  const cells = [...source.schema.value, ...source.schema.headers];
  const schema: RowSchema = { key: source.schema.key, value: [...cells, ...groups.map(groupColumn)], headers: [] };
  const sent: ReadStep = {
    ...read,
    where: undefined,
    input: {
      source: { ...source, topic, schema, timestamp: undefined },
      alias,
      read: { names: new Set(), all: true },
      sentBy: groups.length,
    },
  };
  return [
    planPart({ kind: 'send', topic, by: groups, schema, input: read }),
    planPart({ ...physical, groups: groups.map((group, at) => cellAt(group, cells.length + at)), input: sent }),
  ];
}

const groupColumn = (group: Typed, at: number): Column => ({
  name: `KSQL_GROUP_${at}`,
  type: typed(group),
});

/** What was evaluated before a row was sent. It is not evaluated again: a function of time or chance would give another group. */
const cellAt = (group: Typed, at: number): Typed => ({ ...group, evaluate: ({ value }) => value?.[at] ?? null });
