import type { RecordProducer, TransactionalProducer } from '../../../clients/kafka/contract.js';
import type { TableRows } from '../../../ksql/query/table-results.js';
import type { Row } from '../../../ksql/rows/row.js';
import type { Store } from '../../../ksql/rows/store.js';
import { type PlanRun, topicsOf } from './plan-run.js';
import type { PersistentQueryOptions } from './query-options.js';
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

/** How many tasks a query has; Infinity: one for each partition that there is or will be. */
export async function taskCount(options: PersistentQueryOptions): Promise<number> {
  const { kafka, plan, group, sharing } = options;
  const mayDivide = sharing !== undefined && plan.divisible;
  if (plan.stores.length === 0) return mayDivide ? Number.POSITIVE_INFINITY : 1;
  const topics = await Promise.all(topicsOf(plan).map((topic) => kafka.describeTopic(topic)));
  const counts = topics.map((topic) => topic?.partitions.length ?? 1);
  const [first = 1] = counts;
  return createChangelog(kafka, group, mayDivide && counts.every((count) => count === first) ? first : 1);
}

export const taskOf = (partition: number, count: number): number =>
  count === Number.POSITIVE_INFINITY ? partition : partition % count;

/** What an engine that was killed, or is taken over from, left open is aborted before the state and the offsets are read. */
export async function openProducers(
  { exactlyOnce, kafka, group }: PersistentQueryOptions,
  tasks: readonly number[],
): Promise<ReadonlyMap<number, RecordProducer | TransactionalProducer>> {
  if (!exactlyOnce) {
    const producer = tasks.length === 0 ? undefined : kafka.producer();
    return new Map(tasks.flatMap((task) => (producer === undefined ? [] : [[task, producer] as const])));
  }
  const producers = new Map(
    tasks.map((task) => [task, kafka.transactionalProducer({ transactionalId: `${group}-${task}` })]),
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
