import type { KafkaRecord } from '../../../clients/kafka/contract.js';
import type { Registry } from '../../../ksql/formats/registry.js';
import { type BuiltPlan, buildPlan } from '../../../ksql/query/build-plan.js';
import type { PlanPart } from '../../../ksql/query/plan.js';
import type { Step } from '../../../ksql/query/step.js';
import type { Row } from '../../../ksql/rows/row.js';
import type { Store } from '../../../ksql/rows/store.js';
import type { FatalRecords } from '../../../ksql/statements/properties.js';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import { RegistryUnavailable } from '../upstream/registry.js';
import { LoopTurn } from './loop-turn.js';
import { InvalidTimestamp, RecordDecoder } from './record-codec.js';
import { SentRows } from './repartition.js';
import { type KeyBytes, keysOfSteps } from './step-keys.js';

interface Input {
  readonly decoder: Pick<RecordDecoder, 'waits' | 'unready' | 'decode'>;
  readonly step: Step;
}

export interface PlanRunOptions {
  readonly id: string;
  readonly plan: PlanPart;
  readonly registry: Registry | undefined;
  readonly log: Log;
  /** Absent: what cannot be read is always skipped. */
  readonly failsOn?: FatalRecords;
  readonly partitions: number;
  readonly stores: ReadonlyMap<string, Store>;
  /** Of the results; absent: they are written nowhere. */
  readonly keyBytes?: KeyBytes;
}

/** A plan with its stores, fed record by record. One topic may be several inputs (a stream joined with itself). */
export class PlanRun {
  private readonly waits: boolean;

  private constructor(
    private readonly options: PlanRunOptions,
    private readonly inputs: ReadonlyMap<string, readonly Input[]>,
    readonly built: BuiltPlan,
  ) {
    this.waits = [...inputs.values()].some((each) => each.some(({ decoder }) => decoder.waits));
  }

  static async create(options: PlanRunOptions): Promise<PlanRun> {
    const { plan, registry, log, id, stores, partitions } = options;
    const keysOf = await keysOfSteps(plan, partitions, options.keyBytes);
    const recalled: Array<Iterable<unknown>> = [];
    const built = buildPlan(plan, {
      recall: (entries) => recalled.push(entries),
      failed: (failure) => log.warn(`query ${id}: ${messageOf(failure)}`),
      store: (name) => {
        const store = stores.get(name);
        if (store === undefined) throw new Error(`the plan has no store ${name}`);
        return store;
      },
      keysOf,
    });
    for (const entries of recalled) await inTurns(entries);
    const inputs = new Map<string, Input[]>();
    for (const [at, { source, read, sentBy }] of plan.inputs.entries()) {
      const input = built.inputs[at];
      if (input === undefined) continue;
      const asked = { read: read.all ? undefined : read.names, where: input.where };
      const decoder =
        sentBy === undefined
          ? await RecordDecoder.create(source, registry, asked)
          : new SentRows(source.schema, sentBy);
      inputs.set(source.topic, [...(inputs.get(source.topic) ?? []), { decoder, step: input.step }]);
    }
    return new PlanRun(options, inputs, built);
  }

  /** Where something has to be fetched before the record can be read: await it first. */
  unready(record: KafkaRecord): Promise<unknown> | undefined {
    if (!this.waits) return undefined;
    const inputs = this.inputs.get(record.topic);
    if (inputs === undefined) return undefined;
    let all: Promise<unknown> | undefined;
    for (const { decoder } of inputs) {
      try {
        const wait = decoder.unready(record);
        if (wait !== undefined) all = all === undefined ? wait : Promise.all([all, wait]);
      } catch {
        // `feed` meets the same failure and says so.
      }
    }
    return all;
  }

  /** What can't be read is logged and skipped, as ksqlDB does unless it is told otherwise. */
  feed(record: KafkaRecord, emit: (row: Row) => void): void {
    for (const { decoder, step } of this.inputs.get(record.topic) ?? []) {
      let row: Row | undefined;
      try {
        row = decoder.decode(record);
      } catch (failure) {
        this.skipped(record, failure);
        continue;
      }
      if (row !== undefined) step(row, emit);
    }
  }

  /**
   * Throws where the registry alone is to blame: the record may be fine, so the query has to meet it again. ksqlDB itself
   * skips it there too, and loses what arrives while its registry is away.
   */
  skipped(record: KafkaRecord, failure: unknown): void {
    const { failsOn, id, log } = this.options;
    const isFatal = failure instanceof InvalidTimestamp ? failsOn?.untimed : failsOn?.unreadable;
    if (failure instanceof RegistryUnavailable || isFatal === true) throw failure;
    const { topic, partition, offset } = record;
    log.warn(`query ${id} skipped a record that it cannot read: ${messageOf(failure)}`, {
      topic,
      partition,
      offset,
    });
  }
}

/** Goes through the entries, and lets the event loop turn between. */
async function inTurns(entries: Iterable<unknown>): Promise<void> {
  const turn = new LoopTurn();
  turn.begin();
  for (const _ of entries) {
    const pause = turn.over();
    if (pause !== undefined) await pause;
  }
}

export const topicsOf = (plan: PlanPart): string[] => [...new Set(plan.inputs.map(({ source }) => source.topic))];
