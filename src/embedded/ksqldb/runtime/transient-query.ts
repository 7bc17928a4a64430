import type { KafkaClient, KafkaRecord, PartitionPosition } from '../../../clients/kafka/contract.js';
import type { Registry } from '../../../ksql/formats/registry.js';
import type { QueryPlan } from '../../../ksql/query/plan.js';
import type { Row } from '../../../ksql/rows/row.js';
import { Store } from '../../../ksql/rows/store.js';
import type { Value } from '../../../ksql/values/value.js';
import type { Log } from '../../../support/log.js';
import { PlanRun, topicsOf } from './plan-run.js';
import { TimeMerge } from './time-merge.js';

export interface TransientOptions {
  readonly id: string;
  readonly sql: string;
  readonly plan: QueryPlan;
  readonly offsetReset: 'earliest' | 'latest';
  /** Read what is there now, and end: a pull query on a stream. */
  readonly untilEnd: boolean;
  readonly kafka: KafkaClient;
  readonly registry: Registry | undefined;
  readonly log: Log;
}

/** One row of an answer: values in the order of the projection. */
export interface ResultRow {
  readonly values: readonly Value[];
  /** A table's row that is gone; only its key columns are filled. */
  readonly tombstone: boolean;
}

/** A query whose rows go to one client. It commits nothing and leaves nothing behind. */
export class TransientQuery {
  private readonly stopping = new AbortController();
  private done: Promise<void> = Promise.resolve();

  constructor(readonly options: TransientOptions) {}

  get id(): string {
    return this.options.id;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.done.catch(() => {});
  }

  /** Rows as they come; ends at the limit, at the end (`untilEnd`) or when it is stopped. */
  async *rows(): AsyncGenerator<ResultRow> {
    let finish: () => void = () => {};
    this.done = new Promise((resolve) => {
      finish = resolve;
    });
    try {
      yield* this.limited();
    } finally {
      finish();
    }
  }

  private async *limited(): AsyncGenerator<ResultRow> {
    const { limit } = this.options.plan;
    if (limit === 0) return;
    let count = 0;
    for await (const row of this.all()) {
      yield row;
      count += 1;
      if (limit !== undefined && count >= limit) return;
    }
  }

  private async *all(): AsyncGenerator<ResultRow> {
    const { plan, kafka, offsetReset, registry, untilEnd, log, id } = this.options;
    const topics = topicsOf(plan);
    const from = (
      await Promise.all(topics.map((topic) => kafka.offsets(topic, untilEnd ? 'earliest' : offsetReset)))
    ).flat();
    const several = topics.length > 1;
    const ends =
      untilEnd || several ? (await Promise.all(topics.map((topic) => kafka.offsets(topic, 'latest')))).flat() : [];
    const open = openPartitions(from, ends);
    const merge = new TimeMerge(from, several ? ends : []);
    if (untilEnd && open.size === 0) return;
    const stores = new Map(plan.stores.map((spec) => [spec.name, new Store(spec)]));
    const partitions = Math.max(1, from.filter(({ topic }) => topic === topics[0]).length);
    const run = await PlanRun.create({ id, plan, registry, log, stores, partitions });
    const { signal } = this.stopping;
    const reader = kafka.reader({ from, signal });
    try {
      for await (const batch of reader) {
        merge.push(batch);
        for (let next = merge.next(); next !== undefined; next = merge.next()) {
          const { record } = next;
          const end = open.get(`${record.topic} ${record.partition}`);
          if (untilEnd && (end === undefined || record.offset >= end)) continue;
          yield* this.process(record, run);
          if (signal.aborted) return;
        }
        const key = `${batch.topic} ${batch.partition}`;
        const end = open.get(key);
        if (end !== undefined && batch.nextOffset >= end) open.delete(key);
        if (untilEnd && open.size === 0) return;
      }
    } catch (failure) {
      if (!signal.aborted) throw failure;
    } finally {
      await reader.close();
    }
  }

  private async *process(record: KafkaRecord, run: PlanRun): AsyncGenerator<ResultRow> {
    const results: Row[] = [];
    try {
      const wait = run.unready(record);
      if (wait !== undefined) await wait;
      run.feed(record, (each) => results.push(each));
    } catch (failure) {
      run.skipped(record, failure);
    }
    for (const row of results) yield toResult(row, this.options.plan);
  }
}

export function toResult(row: Row, plan: QueryPlan): ResultRow {
  const values = plan.order.map(({ from, at }) => (from === 'key' ? row.key[at] : row.value?.[at]) ?? null);
  return { values, tombstone: row.value === null || row.deleted === true };
}

/** Partitions that hold something to read, with their ends. */
function openPartitions(from: readonly PartitionPosition[], ends: readonly PartitionPosition[]): Map<string, bigint> {
  const starts = new Map(from.map(({ topic, partition, offset }) => [`${topic} ${partition}`, offset]));
  return new Map(
    ends
      .map(({ topic, partition, offset }) => [`${topic} ${partition}`, offset] as const)
      .filter(([key, offset]) => offset > (starts.get(key) ?? 0n)),
  );
}
