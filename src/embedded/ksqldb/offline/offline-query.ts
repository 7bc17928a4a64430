import type { KafkaRecord } from '../../../clients/kafka/contract.js';
import type { Row } from '../../../ksql/rows/row.js';
import { Store } from '../../../ksql/rows/store.js';
import type { QueryState, RunningQuery } from '../runtime/persistent-query.js';
import { PlanRun, topicsOf } from '../runtime/plan-run.js';
import type { Holding, PersistentQueryOptions } from '../runtime/query-options.js';
import { sinkRecord, sinkTime } from '../runtime/query-run.js';
import { RecordEncoder } from '../runtime/record-codec.js';
import type { MemoryKafka } from './memory-kafka.js';

/** A persistent query without a broker: it is handed each record, and its state lives in memory. */
export class OfflineQuery implements RunningQuery {
  state: QueryState = 'RUNNING';
  readonly errors: Array<{ timestampMs: number; message: string }> = [];
  holding: Holding | undefined;
  private readonly waiting: KafkaRecord[] = [];
  stores: ReadonlyMap<string, Store> = new Map();
  private run: { readonly plan: PlanRun; readonly encoder: RecordEncoder } | undefined;

  constructor(
    readonly options: PersistentQueryOptions,
    private readonly kafka: MemoryKafka,
    /** Of the query of the same id that it replaces: it goes on with its state. */
    private readonly kept: ReadonlyMap<string, Store> | undefined,
  ) {}

  get id(): string {
    return this.options.id;
  }

  get topics(): string[] {
    return topicsOf(this.options.plan);
  }

  async fixStart(): Promise<void> {
    const { id, plan, registry, log, failsOn, sink } = this.options;
    const encoder = await RecordEncoder.create(sink, registry);
    const stores = new Map(plan.stores.map((spec) => [spec.name, this.kept?.get(spec.name) ?? new Store(spec)]));
    this.stores = stores;
    const partitions = (await this.kafka.describeTopic(this.topics[0] ?? ''))?.partitions.length ?? 1;
    const keyBytes = (key: Row['key']) => encoder.encodeKey(key, undefined);
    const options = { id, plan, registry, log, failsOn, stores, partitions, keyBytes };
    this.run = { encoder, plan: await PlanRun.create(options) };
    const { rows } = this.run.plan.built;
    if (rows !== undefined) this.holding = { rows, tasks: [0], of: 1 };
  }

  /** What the record makes of the sink is appended to it. Throws where a row does not fit the sink. */
  async take(record: KafkaRecord): Promise<void> {
    if (!this.topics.includes(record.topic)) return;
    this.waiting.push(record);
    await this.catchUp();
  }

  /** Takes what came while the query was paused. */
  async catchUp(): Promise<void> {
    while (this.state === 'RUNNING') {
      const record = this.waiting.shift();
      if (record === undefined) return;
      await this.feed(record);
    }
  }

  private async feed(record: KafkaRecord): Promise<void> {
    if (this.run === undefined) return;
    const { plan, encoder } = this.run;
    try {
      await plan.unready(record);
    } catch (failure) {
      plan.skipped(record, failure);
      return;
    }
    const { sink, keepsOnly } = this.options;
    plan.feed(record, (row) => {
      const timed = keepsOnly === true ? undefined : sinkTime(encoder, row, this.options);
      if (timed !== undefined) this.kafka.append(sinkRecord(encoder, sink.topic, timed));
    });
  }

  start(): void {}

  async hold(): Promise<void> {}

  release(): void {}

  pause(): void {
    this.state = 'PAUSED';
  }

  continue(): void {
    this.state = 'RUNNING';
  }

  async stop(): Promise<void> {
    this.run = undefined;
  }

  async cleanUp(): Promise<void> {}
}
