import type { KafkaClient, KafkaRecord, PartitionPosition } from '../../../clients/kafka/contract.js';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import type { QueryPlan } from '../query/plan.js';
import type { Registry } from '../upstream/registry.js';
import type { Value } from '../values/value.js';
import { RecordDecoder } from './record-codec.js';
import type { Row } from './row.js';

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
    const decoders = new Map<string, RecordDecoder>();
    for (const { source } of plan.inputs) decoders.set(source.topic, await RecordDecoder.create(source, registry));
    const topics = [...decoders.keys()];
    const from = (
      await Promise.all(topics.map((topic) => kafka.offsets(topic, untilEnd ? 'earliest' : offsetReset)))
    ).flat();
    const ends = untilEnd ? (await Promise.all(topics.map((topic) => kafka.offsets(topic, 'latest')))).flat() : [];
    const open = openPartitions(from, ends);
    if (untilEnd && open.size === 0) return;
    const step = plan.build((failure) => log.warn(`query ${id}: ${messageOf(failure)}`));
    const { signal } = this.stopping;
    const reader = kafka.reader({ from, signal });
    try {
      for await (const batch of reader) {
        for (const record of batch.records) {
          const end = open.get(`${record.topic} ${record.partition}`);
          if (untilEnd && (end === undefined || record.offset >= end)) continue;
          yield* this.process(record, decoders, step);
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

  private async *process(
    record: KafkaRecord,
    decoders: ReadonlyMap<string, RecordDecoder>,
    step: ReturnType<QueryPlan['build']>,
  ): AsyncGenerator<ResultRow> {
    const { log, id } = this.options;
    const decoder = decoders.get(record.topic);
    if (decoder === undefined) return;
    const results: Row[] = [];
    try {
      const wait = decoder.unready(record);
      if (wait !== undefined) await wait;
      const row = decoder.decode(record);
      if (row !== undefined) step(row, (each) => results.push(each));
    } catch (failure) {
      log.warn(`query ${id} skips a record that it can't read: ${messageOf(failure)}`);
    }
    for (const row of results) yield toResult(row, this.options.plan);
  }
}

export function toResult(row: Row, plan: QueryPlan): ResultRow {
  const values = plan.order.map(({ from, at }) => (from === 'key' ? row.key[at] : row.value?.[at]) ?? null);
  return { values, tombstone: row.value === null };
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
