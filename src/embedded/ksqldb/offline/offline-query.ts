import type { KafkaRecord } from '../../../clients/kafka/contract.js';
import type { PlanPart } from '../../../ksql/query/plan.js';
import { Store } from '../../../ksql/rows/store.js';
import type { QueryState, RunningQuery } from '../runtime/persistent-query.js';
import { PlanRun, topicsOf } from '../runtime/plan-run.js';
import type { Holding, PersistentQueryOptions } from '../runtime/query-options.js';
import { openOutput, type QueryOutput } from '../runtime/query-output.js';
import type { MemoryKafka } from './memory-kafka.js';

/** A persistent query without a broker: it is handed each record, and its state lives in memory. */
export class OfflineQuery implements RunningQuery {
  state: QueryState = 'RUNNING';
  readonly errors: Array<{ timestampMs: number; message: string }> = [];
  holding: Holding | undefined;
  private readonly waiting: KafkaRecord[] = [];
  stores: ReadonlyMap<string, Store> = new Map();
  private run: { readonly plan: PlanRun; readonly output: QueryOutput } | undefined;

  constructor(
    readonly options: PersistentQueryOptions,
    private readonly kafka: MemoryKafka,
    /** Of the query of the same id that it replaces: it goes on with its state. */
    private readonly kept: ReadonlyMap<string, Store> | undefined,
  ) {}

  get id(): string {
    return this.options.id;
  }

  get parts(): readonly PlanPart[] {
    return [this.options.plan];
  }

  async fixStart(): Promise<void> {
    const { id, plan, registry, log, failsOn } = this.options;
    const output = await openOutput(this.options);
    const stores = new Map(plan.stores.map((spec) => [spec.name, this.kept?.get(spec.name) ?? new Store(spec)]));
    this.stores = stores;
    const partitions = (await this.kafka.describeTopic(topicsOf(plan)[0] ?? ''))?.partitions.length ?? 1;
    const options = { id, plan, registry, log, failsOn, stores, partitions, keyBytes: output.keyBytes };
    this.run = { output, plan: await PlanRun.create(options) };
    const { rows } = this.run.plan.built;
    if (rows !== undefined) this.holding = { rows, tasks: [0], of: 1 };
  }

  /** What the record makes of the sink is appended to it. Throws where a row does not fit the sink. */
  async take(record: KafkaRecord): Promise<void> {
    if (!topicsOf(this.options.plan).includes(record.topic)) return;
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
    const { plan, output } = this.run;
    try {
      await plan.unready(record);
    } catch (failure) {
      plan.skipped(record, failure);
      return;
    }
    plan.feed(record, (row) => {
      const made = output.record(row);
      if (made !== undefined) this.kafka.append(made);
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
