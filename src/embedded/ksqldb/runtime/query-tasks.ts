import type { RecordProducer, TransactionalProducer } from '../../../clients/kafka/contract.js';
import { ensureTopic } from '../../../clients/kafka/ensure-topic.js';
import { cutPlan } from '../../../ksql/query/cut-plan.js';
import type { TableRows } from '../../../ksql/query/table-results.js';
import type { Row } from '../../../ksql/rows/row.js';
import type { Store } from '../../../ksql/rows/store.js';
import { type PlanRun, topicsOf } from './plan-run.js';
import type { PersistentQueryOptions, QueryPart } from './query-options.js';
import { repartitionSpec } from './repartition.js';
import { createChangelog } from './state-changelog.js';
import type { TimeMerge } from './time-merge.js';

/** A query's part that has a state of its own: what the partitions of one number make, or all where it is not divided. */
export interface Task {
  readonly number: number;
  readonly run: PlanRun;
  /** One for all tasks; with exactly once each has its own, so that whoever takes a task over fences who had it. */
  readonly producer: RecordProducer;
  readonly transactions: TransactionalProducer | undefined;
  readonly merge: TimeMerge | undefined;
  readonly stores: ReadonlyMap<string, Store>;
  readonly emit: (row: Row) => void;
  moved: boolean;
}

/**
 * What of a query runs as one, and how it is divided: once made, its changelog has a partition for each task. A plan that is not
 * divisible is cut in two where it has several.
 */
export async function partsOf(options: PersistentQueryOptions): Promise<readonly QueryPart[]> {
  const { kafka, plan, group, sharing } = options;
  const isShared = sharing !== undefined;
  const whole = { ...options, transactions: group };
  if (plan.stores.length === 0) {
    return [{ ...whole, taskCount: isShared && plan.divisible ? Number.POSITIVE_INFINITY : 1 }];
  }
  const cut = plan.divisible ? undefined : cutPlan(plan, `${group}-`);
  const mayDivide = isShared && (plan.divisible || cut !== undefined);
  const topics = await Promise.all(topicsOf(plan).map((topic) => kafka.describeTopic(topic)));
  const counts = topics.map((topic) => topic?.partitions.length ?? 1);
  const [first = 1] = counts;
  const taskCount = await createChangelog(
    kafka,
    group,
    mayDivide && counts.every((each) => each === first) ? first : 1,
  );
  if (cut === undefined || taskCount === 1) return [{ ...whole, taskCount }];
  const [upper, lower] = cut;
  for (const topic of topicsOf(lower)) await ensureTopic(kafka, repartitionSpec(topic, taskCount));
  return [
    {
      ...options,
      plan: upper,
      taskCount: Number.POSITIVE_INFINITY,
      transactions: `${group}-repartition`,
      // Whatever the guarantee of the query: a row that is sent again would count twice.
      exactlyOnce: true,
    },
    { ...whole, plan: lower, taskCount, offsetReset: 'earliest' },
  ];
}

/** The repartition topic, where the query was cut when it was made. */
export async function topicsBetween({ kafka, plan, group }: PersistentQueryOptions): Promise<readonly string[]> {
  const [, lower] = cutPlan(plan, `${group}-`) ?? [];
  const topics = lower === undefined ? [] : topicsOf(lower);
  const known = await Promise.all(topics.map((topic) => kafka.describeTopic(topic).catch(() => undefined)));
  return topics.filter((_, at) => known[at] !== undefined);
}

export const taskOf = (partition: number, count: number): number =>
  count === Number.POSITIVE_INFINITY ? partition : partition % count;

/** What an engine that was killed, or is taken over from, left open is aborted before the state and the offsets are read. */
export async function openProducers(
  { exactlyOnce, kafka, transactions }: QueryPart,
  tasks: readonly number[],
): Promise<ReadonlyMap<number, RecordProducer | TransactionalProducer>> {
  if (!exactlyOnce) {
    const producer = tasks.length === 0 ? undefined : kafka.producer();
    return new Map(tasks.flatMap((task) => (producer === undefined ? [] : [[task, producer] as const])));
  }
  const producers = new Map(
    tasks.map((task) => [task, kafka.transactionalProducer({ transactionalId: `${transactions}-${task}` })]),
  );
  try {
    await Promise.all([...producers.values()].map((producer) => producer.init()));
    return producers;
  } catch (failure) {
    await Promise.all([...producers.values()].map((producer) => producer.close().catch(() => {})));
    throw failure;
  }
}

/** The rows of several tasks: no two have one key. */
export const joined = (tables: readonly TableRows[]): TableRows => ({
  *all() {
    for (const table of tables) yield* table.all();
  },
  *between(ranges) {
    for (const table of tables) yield* table.between(ranges);
  },
});
