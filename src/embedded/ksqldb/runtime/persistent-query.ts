import type { KafkaClient } from '../../../clients/kafka/contract.js';
import type { Registry } from '../../../ksql/formats/registry.js';
import type { Source } from '../../../ksql/metadata/source.js';
import type { QueryPlan } from '../../../ksql/query/plan.js';
import type { TableRows } from '../../../ksql/query/table-results.js';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import { pause } from '../../../support/retry.js';
import { topicsOf } from './plan-run.js';
import { QueryRun } from './query-run.js';
import { changelogTopic, createChangelog } from './state-changelog.js';

/** A failed query begins again at its committed offsets after this; the pause doubles while it keeps failing. */
const RESTART_PAUSE_MS = 1_000;
const RESTART_PAUSE_MAX_MS = 15_000;
const ERRORS_KEPT_MAX = 10;

export type QueryState = 'RUNNING' | 'PAUSED' | 'ERROR';

export interface PersistentQueryOptions {
  readonly id: string;
  readonly sql: string;
  readonly plan: QueryPlan;
  readonly sink: Source;
  /** CREATE SOURCE TABLE: its rows are kept for pull queries and written nowhere. */
  readonly keepsOnly?: boolean;
  readonly group: string;
  readonly offsetReset: 'earliest' | 'latest';
  /** Outputs, state and offsets of one commit in one transaction. */
  readonly exactlyOnce: boolean;
  readonly kafka: KafkaClient;
  readonly registry: Registry | undefined;
  readonly log: Log;
}

/** A persistent query as statements and routes see it: running on Kafka, or in memory. */
export interface RunningQuery {
  readonly id: string;
  readonly options: PersistentQueryOptions;
  readonly topics: readonly string[];
  readonly state: QueryState;
  /** Failures of running it, newest last. */
  readonly errors: ReadonlyArray<{ readonly timestampMs: number; readonly message: string }>;
  /** What it holds of the table that it maintains, as soon as its state is restored. */
  readonly rows: TableRows | undefined;
  /** Fixes where it begins, once and for all. To be done before the statement is answered. */
  fixStart(): Promise<void>;
  start(): void;
  pause(): void;
  continue(): void;
  stop(): Promise<void>;
  /** After it has stopped for good: its group and state go, so that nothing of it is left. */
  cleanUp(): Promise<void>;
}

/**
 * States: created -> RUNNING -> (PAUSED <-> RUNNING) -> stopped; a failure makes it ERROR until it has begun again.
 * Offsets are committed after the outputs are acknowledged, at least once, or in one transaction with them.
 */
export class PersistentQuery implements RunningQuery {
  state: QueryState = 'RUNNING';
  readonly errors: Array<{ timestampMs: number; message: string }> = [];
  rows: TableRows | undefined;
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private resume: (() => void) | undefined;
  private paused: Promise<void> | undefined;

  constructor(readonly options: PersistentQueryOptions) {}

  get id(): string {
    return this.options.id;
  }

  get topics(): string[] {
    return topicsOf(this.options.plan);
  }

  async fixStart(): Promise<void> {
    const { kafka, group, offsetReset, plan } = this.options;
    if (plan.stores.length > 0) await createChangelog(kafka, group);
    const committed = await kafka.committedOffsets(group, this.topics);
    const known = new Set(committed.map(({ topic, partition }) => `${topic} ${partition}`));
    const starts = (await Promise.all(this.topics.map((topic) => kafka.offsets(topic, offsetReset)))).flat();
    const missing = starts.filter(({ topic, partition }) => !known.has(`${topic} ${partition}`));
    if (missing.length > 0) await kafka.commitOffsets(group, missing);
  }

  start(): void {
    this.running = this.runUntilStopped();
  }

  pause(): void {
    if (this.paused !== undefined) return;
    this.state = 'PAUSED';
    this.paused = new Promise((resolve) => {
      this.resume = resolve;
    });
  }

  continue(): void {
    if (this.paused === undefined) return;
    this.state = 'RUNNING';
    this.paused = undefined;
    this.resume?.();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.resume?.();
    await this.running;
  }

  async cleanUp(): Promise<void> {
    const { kafka, group, log, plan } = this.options;
    await kafka
      .deleteGroup(group)
      .catch((failure: unknown) => log.warn(`could not delete group ${group}: ${messageOf(failure)}`));
    if (plan.stores.length === 0) return;
    const topic = changelogTopic(group);
    await kafka
      .deleteTopic(topic)
      .catch((failure: unknown) => log.warn(`could not delete topic ${topic}: ${messageOf(failure)}`));
  }

  private async runUntilStopped(): Promise<void> {
    const { log, id } = this.options;
    const { signal } = this.stopping;
    let pauseMs = RESTART_PAUSE_MS;
    while (!signal.aborted) {
      const startedMs = performance.now();
      try {
        await this.runOnce();
      } catch (failure) {
        if (signal.aborted) return;
        this.state = 'ERROR';
        this.errors.push({ timestampMs: Date.now(), message: messageOf(failure) });
        if (this.errors.length > ERRORS_KEPT_MAX) this.errors.shift();
        log.error(`query ${id} failed and is restarted: ${messageOf(failure)}`);
        if (performance.now() - startedMs > RESTART_PAUSE_MAX_MS) pauseMs = RESTART_PAUSE_MS;
        await pause(pauseMs, signal).catch(() => {});
        pauseMs = Math.min(2 * pauseMs, RESTART_PAUSE_MAX_MS);
      }
    }
  }

  private async runOnce(): Promise<void> {
    const run = await QueryRun.open(this.options, this.stopping.signal);
    try {
      this.rows = run.run.built.rows;
      if (this.paused === undefined) this.state = 'RUNNING';
      await this.readAll(run);
      // Stopped in order: what was read is not read again.
      await run.commit();
    } finally {
      await run.close();
    }
  }

  private async readAll(run: QueryRun): Promise<void> {
    const { signal } = this.stopping;
    try {
      for await (const batch of run.reader) {
        if (this.paused !== undefined) await this.paused;
        if (signal.aborted) return;
        await run.process(batch);
      }
    } catch (failure) {
      if (!signal.aborted) throw failure;
    }
  }
}
