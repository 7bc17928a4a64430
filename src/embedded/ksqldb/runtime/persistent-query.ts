import type { PlanPart } from '../../../ksql/query/plan.js';
import { messageOf } from '../../../support/errors.js';
import { pause } from '../../../support/retry.js';
import type { Holding, PersistentQueryOptions, QueryPart } from './query-options.js';
import { fixStart, QueryRun } from './query-run.js';
import { partsOf, topicsBetween } from './query-tasks.js';
import { changelogTopic, closeStates, type TaskState } from './state-changelog.js';

/** A failed query begins again at its committed offsets after this; the pause doubles while it keeps failing. */
const RESTART_PAUSE_MS = 1_000;
const RESTART_PAUSE_MAX_MS = 15_000;
const ERRORS_KEPT_MAX = 10;

export type QueryState = 'RUNNING' | 'PAUSED' | 'ERROR';

/** A persistent query as statements and routes see it: running on Kafka, or in memory. */
export interface RunningQuery {
  readonly id: string;
  readonly options: PersistentQueryOptions;
  /** What runs: its plan, or the parts that it is cut into, as far as that is known. */
  readonly parts: readonly PlanPart[];
  readonly state: QueryState;
  /** Failures of running it, newest last. */
  readonly errors: ReadonlyArray<{ readonly timestampMs: number; readonly message: string }>;
  /** As soon as its state is restored. */
  readonly holding: Holding | undefined;
  /** Fixes where it begins, once and for all. To be done before the statement is answered. */
  fixStart(): Promise<void>;
  start(): void;
  /** Commits and lays its tasks down, until it is released: engines come or go. */
  hold(): Promise<void>;
  /** `keeps`: no other engine can have had its tasks since. */
  release(keeps: boolean): void;
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
  holding: Holding | undefined;
  parts: readonly PlanPart[];
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  /** The run that goes on now, and what ends it. */
  private current: Promise<void> = Promise.resolve();
  private turn = new AbortController();
  private held: { readonly over: Promise<void>; readonly end: () => void } | undefined;
  /** Of the run before, or of the one that goes on. Pull queries see them until the next run has its own, or goes on with them. */
  private states: ReadonlyMap<number, TaskState> = new Map();
  /** They are as they were committed: the next run need not read the changelog. */
  private areKept = false;
  private resume: (() => void) | undefined;
  private paused: Promise<void> | undefined;

  constructor(readonly options: PersistentQueryOptions) {
    this.parts = [options.plan];
  }

  get id(): string {
    return this.options.id;
  }

  async fixStart(): Promise<void> {
    for (const part of await this.findParts()) await fixStart(part);
  }

  start(): void {
    this.running = this.runUntilStopped();
  }

  async hold(): Promise<void> {
    if (this.held === undefined) {
      let end: () => void = () => {};
      const over = new Promise<void>((resolve) => {
        end = resolve;
      });
      this.held = { over, end };
    }
    this.holding = undefined;
    this.turn.abort();
    await this.current.catch(() => {}); // runUntilStopped says why
  }

  release(keeps: boolean): void {
    if (!keeps) this.areKept = false;
    this.held?.end();
    this.held = undefined;
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
    this.turn.abort();
    this.resume?.();
    this.release(false);
    await this.running;
    this.holding = undefined;
    closeStates(this.states);
  }

  async cleanUp(): Promise<void> {
    const { kafka, group, log, plan } = this.options;
    await kafka
      .deleteGroup(group)
      .catch((failure: unknown) => log.warn(`could not delete group ${group}: ${messageOf(failure)}`));
    const topics = plan.stores.length === 0 ? [] : [changelogTopic(group), ...(await topicsBetween(this.options))];
    for (const topic of topics) {
      await kafka
        .deleteTopic(topic)
        .catch((failure: unknown) => log.warn(`could not delete topic ${topic}: ${messageOf(failure)}`));
    }
  }

  private async findParts(): Promise<readonly QueryPart[]> {
    const parts = await partsOf(this.options);
    this.parts = parts.map(({ plan }) => plan);
    return parts;
  }

  private async runUntilStopped(): Promise<void> {
    const { log, id } = this.options;
    const { signal } = this.stopping;
    let pauseMs = RESTART_PAUSE_MS;
    for (;;) {
      await this.held?.over;
      if (signal.aborted) return;
      const startedMs = performance.now();
      const turn = new AbortController();
      this.turn = turn;
      try {
        this.current = this.runOnce(turn.signal);
        await this.current;
      } catch (failure) {
        if (signal.aborted) return;
        if (turn.signal.aborted) {
          log.warn(`query ${id} could not be laid down in order: ${messageOf(failure)}`);
          continue;
        }
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

  private async runOnce(signal: AbortSignal): Promise<void> {
    const kept = this.areKept ? this.states : undefined;
    this.areKept = false;
    // The next run goes through all of them before it begins, and what a pull query looks up lies elsewhere afterwards.
    if (kept !== undefined) this.holding = undefined;
    const { runs, last } = await this.openRuns(signal, kept);
    const before = this.states;
    this.states = last.states;
    this.holding = undefined;
    closeStates(before, this.states);
    try {
      if (!signal.aborted) this.holding = last.holding;
      if (this.paused === undefined) this.state = 'RUNNING';
      await this.readUntilOver(runs, signal);
      // Stopped in order: what was read is not read again.
      for (const run of runs) await run.commit();
    } finally {
      await closeAll(runs);
    }
    this.states = last.states;
    this.areKept = true;
  }

  /** A run for each part; the last one holds the state. */
  private async openRuns(signal: AbortSignal, kept: ReadonlyMap<number, TaskState> | undefined) {
    const runs: QueryRun[] = [];
    try {
      const parts = await this.findParts();
      for (const part of parts) runs.push(await QueryRun.open(part, signal, part === parts.at(-1) ? kept : undefined));
      const last = runs.at(-1);
      if (last === undefined) throw new Error('a query has at least one part');
      return { runs, last };
    } catch (failure) {
      await closeAll(runs).catch(() => {});
      throw failure;
    }
  }

  /** Where one run is over, all are. One that has nothing to read is over when its topics have got a partition that it has to. */
  private async readUntilOver(runs: readonly QueryRun[], signal: AbortSignal): Promise<void> {
    const closeReaders = () => Promise.all(runs.map(({ reader }) => reader.close().catch(() => {})));
    await allSettled(runs.map((run) => this.readAll(run, signal).finally(closeReaders)));
  }

  private async readAll(run: QueryRun, signal: AbortSignal): Promise<void> {
    try {
      for await (const batch of run.reader) {
        if (this.paused !== undefined) await Promise.race([this.paused, aborted(signal)]);
        if (signal.aborted) return;
        await run.process(batch);
      }
    } catch (failure) {
      if (!signal.aborted) throw failure;
    }
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

const closeAll = (runs: readonly QueryRun[]): Promise<void> => allSettled(runs.map((run) => run.close()));

/** Waits for all of them, whatever fails, and throws the first failure then. */
async function allSettled(all: ReadonlyArray<Promise<void>>): Promise<void> {
  for (const each of await Promise.allSettled(all)) if (each.status === 'rejected') throw each.reason;
}
