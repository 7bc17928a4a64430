import { messageOf } from '../support/errors.js';
import { pause } from '../support/retry.js';
import { type Comparison, compareKeys, compareSides, type Difference } from './compare.js';
import { type CheckReport, countKinds, findingOf, type StageReport, type Verdict } from './report.js';
import { type Key, keyText, type Side } from './side.js';
import type { Fence, Progress, Stage } from './stages.js';

/** A compare check with everything it asks: two sides, the way between them, and how to take a fence at the source. */
export interface CompareCheck {
  readonly name: string;
  readonly source: Side;
  readonly replica: Side;
  /** In order from source to replica; empty where nothing replicates and the tables just have to agree. */
  readonly way: readonly Stage[];
  /** A position that everything visible at the source before the call lies before. */
  takeFence(): Promise<TakenFence>;
  readonly skipped: readonly string[];
}

export interface TakenFence {
  readonly fence: Fence;
  readonly label: string;
  /** Why nothing was written to the WAL: then a connector may never reach the fence on a quiet source. */
  readonly unwritten?: string | undefined;
}

export interface ConfirmOptions {
  /** How long differences may take to settle before the answer is lagging or inconclusive. */
  readonly deadlineMs: number;
  /** A stage that has a known trouble and has not moved for this long is not waited for until the deadline. */
  readonly stalledMs: number;
  readonly signal: AbortSignal;
  waitingFor(what: string): void;
}

/**
 * Compares, and where the sides differ finds out why before it says anything:
 *
 *   read both ── agree ──▶ consistent
 *      │ differ
 *      ▼
 *   fence the source ─▶ wait until it has passed every stage ─▶ read the differing keys again
 *      ▲                   │ they agree meanwhile: consistent        │ source row untouched since before the fence: inconsistent
 *      │                   │ deadline or standstill: lagging         │ source row changed: volatile, next round
 *      └───────────────────┴──────────────────────────── volatile ◀──┘   (deadline: inconclusive)
 */
export async function confirmCheck(check: CompareCheck, options: ConfirmOptions): Promise<CheckReport> {
  const startedMs = performance.now();
  const comparison = await compareSides(check.source, check.replica, options.signal);
  const run = new Confirmation(check, options, startedMs, comparison);
  return run.settle();
}

class Confirmation {
  private pending: readonly Difference[];
  private readonly confirmed: Difference[] = [];
  private stages: StageReport[] = [];
  private taken: TakenFence | undefined;

  constructor(
    private readonly check: CompareCheck,
    private readonly options: ConfirmOptions,
    private readonly startedMs: number,
    private comparison: Comparison,
  ) {
    this.pending = comparison.differences;
  }

  async settle(): Promise<CheckReport> {
    while (this.pending.length > 0) {
      const taken = await this.takeFence();
      if ('why' in taken) return this.report('inconclusive', taken.why);
      const held = await this.passStages(taken.fence);
      if (held !== undefined) return this.report(this.confirmed.length > 0 ? 'inconsistent' : held.verdict, held.why);
      await this.judge();
      if (this.pending.length > 0 && this.leftMs() <= 0) {
        const verdict = this.confirmed.length > 0 ? 'inconsistent' : 'inconclusive';
        return this.report(verdict, `${this.pending.length} rows changed again and again while they were compared`);
      }
    }
    return this.conclude();
  }

  /** Nothing is pending. Where more keys had differed than were kept, agreement has to be looked for once more. */
  private async conclude(): Promise<CheckReport> {
    const { notKept } = this.comparison;
    if (this.confirmed.length > 0) {
      const more = `and up to ${notKept} more keys differ, which were counted but not looked at`;
      return this.report('inconsistent', notKept === 0 ? undefined : more);
    }
    if (notKept === 0) return this.report('consistent');
    if (this.leftMs() <= 0)
      return this.report('inconclusive', `${notKept} more keys differed than could be followed in time`);
    this.comparison = await compareSides(this.check.source, this.check.replica, this.options.signal);
    this.pending = this.comparison.differences;
    return this.settle();
  }

  private async takeFence(): Promise<TakenFence | { why: string }> {
    try {
      this.taken = await this.check.takeFence();
      return this.taken;
    } catch (failure) {
      this.options.signal.throwIfAborted();
      return { why: `no fence could be taken at ${this.check.source.label}: ${messageOf(failure)}` };
    }
  }

  /** Undefined once the fence has passed all stages or nothing is pending any more; else what holds it. */
  private async passStages(first: Fence): Promise<{ verdict: Verdict; why: string } | undefined> {
    let fence: Fence | undefined = first;
    this.stages = this.check.way.map(({ kind, name }) => ({ kind, name, passed: false }));
    for (const [index, stage] of this.check.way.entries()) {
      if (fence === undefined) throw new Error(`nothing leads from the stage before to ${stage.name}`);
      const held = await this.waitAt(stage, fence);
      if (this.pending.length === 0) return undefined;
      this.stages[index] = { kind: stage.kind, name: stage.name, ...(held ?? { passed: true }) };
      if (held !== undefined) return this.heldAt(stage, held);
      fence = await stage.outputs(fence);
    }
    return undefined;
  }

  private heldAt(
    stage: Stage,
    { behind, trouble }: Omit<StageReport, 'kind' | 'name'>,
  ): { verdict: Verdict; why: string } {
    const why = `${stage.name} is ${behind ?? 'behind'}`;
    if (trouble !== undefined) return { verdict: 'lagging', why: `${why}: ${trouble}` };
    const unwritten = stage.kind === 'connector' ? this.taken?.unwritten : undefined;
    return unwritten === undefined
      ? { verdict: 'lagging', why }
      : { verdict: 'inconclusive', why: `${why}; no fence was written because ${unwritten}` };
  }

  private async waitAt(stage: Stage, fence: Fence): Promise<Omit<StageReport, 'kind' | 'name'> | undefined> {
    const since = performance.now();
    let closest: bigint | undefined;
    let movedAt = since;
    let pauseMs = 20;
    for (;;) {
      const progress: Progress = await stage.progress(fence);
      if (progress.reached) return undefined;
      await this.dropAgreed();
      if (this.pending.length === 0) return undefined;
      if (closest === undefined || progress.distance < closest) {
        closest = progress.distance;
        movedAt = performance.now();
      }
      const stillMs = performance.now() - movedAt;
      const stalled = stillMs >= this.options.stalledMs ? await stage.trouble() : undefined;
      if (stalled !== undefined || this.leftMs() <= 0) {
        const trouble = stalled ?? (await stage.trouble());
        return {
          passed: false,
          behind: progress.behind,
          forMs: performance.now() - since,
          moving: stillMs < MOVED_LATELY_MS,
          ...(trouble === undefined ? {} : { trouble }),
        };
      }
      this.options.waitingFor(`${this.check.name}: ${stage.name} is ${progress.behind}`);
      await pause(Math.min(pauseMs, Math.max(1, this.leftMs())), this.options.signal);
      pauseMs = Math.min(pauseMs * 1.5, 500);
    }
  }

  /** Agreement needs no fence: whatever agrees by now is done. The first read stays the reference for the rest. */
  private async dropAgreed(): Promise<void> {
    const differing = new Set((await this.readAgain()).map((difference) => keyText(difference.key)));
    this.pending = this.pending.filter((difference) => differing.has(keyText(difference.key)));
  }

  /** Only called behind the last stage: a difference whose source row is untouched since before the fence is real. */
  private async judge(): Promise<void> {
    if (this.pending.length === 0) return;
    const before = new Map(this.pending.map((difference) => [keyText(difference.key), difference]));
    const volatile: Difference[] = [];
    for (const now of await this.readAgain()) {
      const then = before.get(keyText(now.key));
      if (then !== undefined && isSettled(then, now)) this.confirmed.push(now);
      else volatile.push(now);
    }
    this.pending = volatile;
  }

  private readAgain(): Promise<readonly Difference[]> {
    const keys: readonly Key[] = this.pending.map((difference) => difference.key);
    return compareKeys(this.check.source, this.check.replica, keys, this.options.signal);
  }

  private leftMs(): number {
    return this.options.deadlineMs - (performance.now() - this.startedMs);
  }

  private report(verdict: Verdict, why?: string): CheckReport {
    const shown = verdict === 'inconsistent' ? this.confirmed : this.pending;
    const columns = this.check.source.columns.map((column) => column.name);
    const counts = countKinds(shown);
    return {
      check: this.check.name,
      kind: 'compare',
      verdict,
      ...(why === undefined ? {} : { why }),
      source: this.check.source.label,
      replica: this.check.replica.label,
      sourceRows: this.comparison.sourceRows,
      // What was in flight when the replica was read has arrived since, so its own count of then would be out of date.
      replicaRows: this.comparison.sourceRows - counts.missing + counts.extra,
      ...counts,
      compared: columns,
      skipped: this.check.skipped,
      ...(this.taken === undefined ? {} : { fence: this.taken.label }),
      way: this.stages,
      findings: shown.map((difference) => findingOf(difference, columns)),
      elapsedMs: performance.now() - this.startedMs,
    };
  }
}

/**
 * The source row is the one that was there before the fence. For a row that only the replica has, the source cannot
 * show that nothing happened in between, so the replica's row has to be the same one as before.
 */
function isSettled(then: Difference, now: Difference): boolean {
  if (now.source === undefined) return then.source === undefined && then.replica?.version === now.replica?.version;
  return then.source?.version === now.source.version;
}

/** Whether a stage that did not pass in time is called moving. */
const MOVED_LATELY_MS = 3_000;
