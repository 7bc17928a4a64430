import { counted } from '../support/counted.js';
import { EvpipeError, messageOf } from '../support/errors.js';
import { pause } from '../support/retry.js';
import {
  type CompareOptions,
  type Comparison,
  chunksOf,
  compareKeys,
  compareOnly,
  compareSides,
  type KeysNow,
  keysAtOnce,
  kindOf,
  type Moment,
} from './compare.js';
import { type Described, describeDifferences } from './describe.js';
import { type Difference, Differences, referenceMark } from './differences.js';
import type { CheckReport, Finding, StageReport, Verdict } from './report.js';
import type { Key, Side } from './side.js';
import { type StageWait, verdictAt, waitAtStage } from './stage-wait.js';
import type { Fence, Stage } from './stages.js';

/** A compare check with everything it asks: two sides, the way between them, and how to take a fence at the source. */
export interface CompareCheck {
  readonly name: string;
  readonly source: Side;
  readonly replica: Side;
  /** By column: what two numbers may differ by. Their digests differ then, and their values are looked at. */
  readonly tolerances: ReadonlyMap<string, string>;
  /** In order from source to replica; empty where nothing replicates and the tables just have to agree. */
  readonly way: readonly Stage[];
  /** A position behind everything that was visible at the source before the call. */
  takeFence(): Promise<TakenFence>;
  readonly skipped: readonly string[];
  /** Of rows without a key: the columns that are compared, all at once. */
  readonly whole?: readonly string[] | undefined;
  /** Two sides without a row agree. */
  readonly allowEmpty: boolean;
  /** What part of the data is compared; undefined: all of it. */
  readonly part?: string | undefined;
  /** Only these; undefined: all. */
  readonly keys?: readonly Key[] | undefined;
  /** The compared column that grows with every change of a row: a replica that has less of it is stale. */
  readonly changed?: string | undefined;
  /** Only rows that either side's column of changes shows as changed since this value. */
  readonly since?: string | undefined;
}

export interface TakenFence {
  readonly fence: Fence;
  readonly label: string;
  /** Why nothing was written to the WAL: then a connector may never reach the fence on a quiet source. */
  readonly unwritten?: string | undefined;
}

export interface ConfirmOptions {
  /** How long differences may take to settle, once both sides were read, before the answer is lagging or inconclusive. */
  readonly deadlineMs: number;
  /** When an answer is wanted however far the check is, on the clock of `performance.now()`. */
  readonly endMs?: number | undefined;
  /** A stage that has not moved for this long, and has a trouble that does not pass by itself, is not waited for until the deadline. */
  readonly stalledMs: number;
  /** Differences that are listed with their values; all are counted. */
  readonly differencesMax: number;
  readonly signal: AbortSignal;
  readonly read: CompareOptions['read'];
  readonly expect: CompareOptions['expect'];
  readonly checkpoint?: CompareOptions['checkpoint'];
  readonly since?: CompareOptions['since'];
  /** Takes the time from which on another comparison has to look, where both sides agree. */
  agreed?(moment: Moment): void;
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
  const { source, replica } = check;
  const keys = await wantedKeys(check, options.signal);
  const all = { ...options, changedFrom: check.since };
  const comparison =
    keys === undefined
      ? await compareSides(source, replica, all)
      : await compareOnly(source, replica, keys, options.signal);
  const run = new Confirmation(check, all, startedMs, comparison);
  return run.settle();
}

/** Rows that changed are looked up by their keys up to this number of a side; more are read as all rows are, by their hashes. */
const CHANGED_BY_KEY = 20_000;
/** The same beside a side that can't tell what changed. */
const CHANGED_KEYS_MAX = 500_000;

/** The keys to compare; undefined: all that there are, or all that changed since. */
async function wantedKeys(
  { source, replica, keys, since }: CompareCheck,
  signal: AbortSignal,
): Promise<readonly Key[] | undefined> {
  if (since === undefined) return keys;
  const sides = [source, replica].filter(({ keysFrom }) => keysFrom !== undefined);
  const max = sides.length === 2 ? CHANGED_BY_KEY : CHANGED_KEYS_MAX;
  const changed = await Promise.all(sides.map((side) => side.keysFrom?.(since, max, signal)));
  const found = changed.flatMap((some) => some ?? []);
  if (!changed.includes(undefined)) return found;
  if (sides.length === 2) return undefined;
  throw new EvpipeError(
    'EVPIPE_TABLE_CHANGES_TOO_MUCH',
    `more than ${max} rows of ${source.label} changed since ${since}, and ${replica.label} can't tell what changed`,
    { kind: 'deadline', todo: 'Leave out --since, or pass a later time.' },
  );
}

class Confirmation {
  private pending: Differences;
  private readonly counts = { missing: 0, extra: 0, different: 0 };
  private readonly findings: Finding[] = [];
  /** Bytes of values that findings may still hold. */
  private room = FINDINGS_BYTES;
  /** What has come and gone at either side since it was counted. */
  private readonly moved = { source: 0, replica: 0 };
  /** When pending keys may be read again while something is waited for. */
  private readAgainMs = 0;
  private stages: StageReport[] = [];
  private taken: TakenFence | undefined;
  /** What is pending has passed all stages, and changed in between. */
  private isVolatile = false;
  /** How often those pending differences were seen that no version proves, and which of them changed since the first look. */
  private looks = 0;
  private readonly changed = new Set<string>();
  private readonly comparedMs = performance.now();

  constructor(
    private readonly check: CompareCheck,
    private readonly options: ConfirmOptions & Pick<CompareOptions, 'changedFrom'>,
    private readonly startedMs: number,
    private comparison: Comparison,
  ) {
    this.pending = comparison.differences;
  }

  async settle(): Promise<CheckReport> {
    // Rows that moved while they were read, and numbers within their tolerance, agree at a second look.
    const { way, source } = this.check;
    if (way.length > 0 || !source.versioned) await this.dropAgreed(!source.versioned);
    while (this.pending.size > 0) {
      const taken = await this.takeFence();
      if ('why' in taken) return this.report('inconclusive', taken.why);
      const held = await this.passStages(taken.fence);
      if (held !== undefined) return this.report(this.confirmed > 0 ? 'inconsistent' : held.verdict, held.why);
      await this.judge();
      if (this.pending.size > 0 && this.leftMs() <= 0) {
        return this.report(this.confirmed > 0 ? 'inconsistent' : 'inconclusive', this.whyUnsettled());
      }
    }
    return this.conclude();
  }

  private get confirmed(): number {
    const { missing, extra, different } = this.counts;
    return missing + extra + different;
  }

  /** Nothing is pending. Where more keys had differed than were kept, agreement has to be looked for once more. */
  private async conclude(): Promise<CheckReport> {
    const { notKept, sourceRows, replicaRows } = this.comparison;
    if (this.confirmed > 0) {
      const more = `and up to ${notKept} more keys differ, which were counted but not looked at`;
      return this.report('inconsistent', notKept === 0 ? undefined : more);
    }
    if (notKept === 0) {
      const rows = sourceRows + replicaRows + this.moved.source + this.moved.replica;
      const { moment } = this.comparison;
      if (moment !== undefined) this.options.agreed?.(moment);
      return this.report(rows === 0 && !this.check.allowEmpty ? 'empty' : 'consistent');
    }
    if (this.leftMs() <= 0)
      return this.report('inconclusive', `${notKept} more keys differed than could be followed in time`);
    const { source, replica } = this.check;
    this.comparison = await compareSides(source, replica, { ...this.options, checkpoint: undefined, since: undefined });
    this.pending = this.comparison.differences;
    this.moved.source = 0;
    this.moved.replica = 0;
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
    const { signal, stalledMs, waitingFor } = this.options;
    const wait: StageWait = {
      ...{ check: this.check.name, signal, stalledMs, waitingFor },
      leftMs: () => this.leftMs(),
      isSettled: () => this.agreesBy(),
    };
    this.isVolatile = false;
    this.stages = this.check.way.map(({ kind, name }) => ({ kind, name, passed: false }));
    for (const [index, stage] of this.check.way.entries()) {
      if (fence === undefined) throw new Error(`nothing leads from the stage before to ${stage.name}`);
      const held = await waitAtStage(stage, fence, wait);
      if (this.pending.size === 0) return undefined;
      this.stages[index] = { kind: stage.kind, name: stage.name, ...(held ?? { passed: true }) };
      if (held !== undefined) return verdictAt(stage, held, this.taken?.unwritten);
      fence = await stage.outputs(fence);
    }
    return undefined;
  }

  private async agreesBy(): Promise<boolean> {
    if (performance.now() >= this.readAgainMs) await this.dropAgreed();
    return this.pending.size === 0;
  }

  /**
   * Agreement needs no fence: whatever agrees by now is done. The first read stays the reference for the rest, unless
   * `isReference`: a scan reads both sides at once, so what it saw at the replica may be newer than what the source had.
   */
  private async dropAgreed(isReference = false): Promise<void> {
    const startedMs = performance.now();
    for await (const { keys, now } of this.readAgain()) {
      for (const key of keys) {
        const found = now.differences.get(key);
        if (found === undefined) this.agreed(key, now);
        else if (isReference) {
          const then = this.pending.get(key);
          this.moved.source += found.source - (then?.source ?? 0);
          this.moved.replica += found.replica - (then?.replica ?? 0);
          this.pending.set(key, found);
        }
      }
    }
    // Many keys take long to read: most of the time is left to whatever is waited for.
    this.readAgainMs = performance.now() + 4 * (performance.now() - startedMs);
  }

  /**
   * Only called behind the last stage: a difference whose source row is untouched since before the fence is real. Where no
   * version tells that, it is real once it was there at LOOKS looks, with a fence before each.
   */
  private async judge(): Promise<void> {
    const unsettled = new Differences();
    this.looks += 1;
    for await (const { keys, now } of this.readAgain()) {
      const settled = new Differences();
      for (const key of keys) {
        const then = this.pending.get(key);
        const found = now.differences.get(key);
        if (then === undefined) continue;
        this.agreed(key, now);
        if (found === undefined) continue;
        if (!isSettled(then, found)) this.changed.add(key);
        (isSettled(then, found) && this.isProven(key, found) ? settled : unsettled).set(key, found);
      }
      await this.confirm(settled, unsettled);
    }
    this.pending = unsettled;
    this.isVolatile = this.changed.size > 0;
    if (this.looks < LOOKS) {
      // What changes at a steady beat must not be looked at to the same beat.
      const isWatched = unsettled.size > this.changed.size;
      if (isWatched)
        await pause(Math.min(LOOK_AFTER_MS * (0.5 + Math.random()), Math.max(1, this.leftMs())), this.options.signal);
    } else {
      this.looks = 0;
      this.changed.clear();
    }
  }

  /** Only called for what is as it was before the fence. */
  private isProven(key: string, { source, replica }: Difference): boolean {
    const { check } = this;
    if (check.way.length === 0) return true;
    const byReplica = replica > 0 && check.replica.versioned;
    if (source > 0 ? check.source.versioned || byReplica : byReplica) return true;
    return this.looks >= LOOKS && !this.changed.has(key);
  }

  private whyUnsettled(): string {
    const rows = counted(this.pending.size, 'row');
    if (this.isVolatile || this.looks === 0) return `${rows} kept changing while they were compared`;
    return `${rows} differed at ${counted(this.looks, 'look')}, but neither side tells a row that was changed and changed back from one that was left alone, and only ${LOOKS} looks rule that out`;
  }

  /** Counts them, and lists as many with their values as there is room for; what has just changed is volatile after all. */
  private async confirm(settled: Differences, volatile: Differences): Promise<void> {
    const room = this.room > 0 ? this.options.differencesMax - this.findings.length : 0;
    for await (const one of this.describe([...settled.keys()].slice(0, Math.max(0, room)))) {
      // Values that there is no room for need not be read.
      if (this.room <= 0) break;
      const before = settled.get(one.key);
      const { versions } = one;
      const same =
        before === undefined ||
        before.source === 0 ||
        versions === undefined ||
        referenceMark(versions.source, versions.replica, this.check.source.versioned) === before.version;
      if (one.differs && same) this.list(one);
      else {
        settled.delete(one.key);
        if (one.differs && before !== undefined) volatile.set(one.key, before);
      }
    }
    for (const difference of settled.values()) this.counts[kindOf(difference)] += 1;
  }

  private describe(keys: readonly string[]): AsyncIterable<Described> {
    return describeDifferences(this.check, keys, this.options.signal);
  }

  private list({ finding, bytes }: Described): void {
    if (this.findings.length >= this.options.differencesMax || this.room <= 0) return;
    this.findings.push(finding);
    this.room -= bytes;
  }

  /** Takes the key off the pending ones, and notes how many rows of it came or went since they were counted. */
  private agreed(key: string, { rowsOf }: KeysNow): void {
    const then = this.pending.get(key);
    const now = rowsOf(key);
    this.moved.source += now.source - (then?.source ?? 0);
    this.moved.replica += now.replica - (then?.replica ?? 0);
    this.pending.delete(key);
  }

  /** All pending keys as they are now, some at a time; what agrees by values within their tolerance is no difference. */
  private async *readAgain(): AsyncGenerator<{ keys: readonly string[]; now: KeysNow }> {
    const { source, replica, tolerances } = this.check;
    const read = (keys: readonly string[] | undefined): Promise<KeysNow> | undefined => {
      const reading = keys && compareKeys(source, replica, keys, this.options.signal);
      // Whoever waits for it sees its failure; nobody does once the part before it has failed.
      reading?.catch(() => {});
      return reading;
    };
    const chunks = chunksOf([...this.pending.keys()], keysAtOnce(source, replica));
    let next = read(chunks[0]);
    for (const [index, keys] of chunks.entries()) {
      const reading = next;
      // Each side would rest while the other one answers.
      next = read(chunks[index + 1]);
      const now = await reading;
      if (now === undefined) continue;
      if (tolerances.size > 0) {
        for await (const { key, differs } of this.describe([...now.differences.keys()]))
          if (!differs) now.differences.delete(key);
      }
      yield { keys, now };
    }
  }

  private leftMs(): number {
    const { deadlineMs, endMs = Number.POSITIVE_INFINITY } = this.options;
    return Math.min(this.comparedMs + deadlineMs, endMs) - performance.now();
  }

  private async report(verdict: Verdict, why?: string): Promise<CheckReport> {
    const { check, comparison } = this;
    const counts = { ...this.counts };
    if (verdict === 'lagging' || verdict === 'inconclusive') {
      for (const difference of this.pending.values()) counts[kindOf(difference)] += 1;
      const some = [...this.pending.keys()].slice(0, this.options.differencesMax);
      const unproven = this.isVolatile ? 'volatile' : verdict;
      for await (const one of this.describe(some))
        if (one.differs) this.list({ ...one, finding: { ...one.finding, unproven } });
    }
    const total = counts.missing + counts.extra + counts.different;
    const columns = check.whole ?? check.source.columns.map((column) => column.name);
    return {
      check: check.name,
      kind: 'compare',
      verdict,
      ...(why === undefined ? {} : { why }),
      ...(check.part === undefined ? {} : { part: check.part }),
      ...(columns.length === 0 ? { keysOnly: true } : {}),
      source: check.source.label,
      replica: check.replica.label,
      sourceRows: comparison.sourceRows + this.moved.source,
      replicaRows: comparison.replicaRows + this.moved.replica,
      ...counts,
      ...(this.findings.length < total ? { listed: this.findings.length } : {}),
      compared: columns,
      skipped: check.skipped,
      ...(this.taken === undefined ? {} : { fence: this.taken.label }),
      way: this.stages,
      findings: this.findings,
      elapsedMs: performance.now() - this.startedMs,
    };
  }
}

/**
 * A row that keeps changing to and fro shows the same difference at one look in four at most, so at all of these in less
 * than one of a million.
 */
const LOOKS = 10;
const LOOK_AFTER_MS = 50;

/** Bytes of values in the findings of one check. */
const FINDINGS_BYTES = 16 * 2 ** 20;

/**
 * The source row is the one that was there before the fence. For a row that only the replica has, the source cannot
 * show that nothing happened in between, so the replica's row has to be the same one as before.
 */
function isSettled(then: Difference, now: Difference): boolean {
  return (then.source === 0) === (now.source === 0) && then.version === now.version;
}
