import type { Moment } from '../../consistency/compare.js';
import { type CompareCheck, confirmCheck } from '../../consistency/confirm.js';
import type { CheckReport } from '../../consistency/report.js';
import type { Sample } from '../../consistency/side.js';
import { SESSION_SETTINGS } from '../../consistency/table-place.js';
import { TableReader } from '../../consistency/table-reader.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { keepHeapSmall } from '../../support/small-heap.js';
import { databaseClient } from '../database/client.js';
import type { CheckRow } from '../events.js';
import { placesOfSide } from '../flow/flow.js';
import type { Session } from '../session.js';
import { checkNamed } from './check-named.js';
import { type KeysOfCheck, wireCompare } from './check-wiring.js';
import { openCheckpoint } from './checkpoint.js';
import { asRefusal } from './declared-sql.js';
import { type ScanProgress, watchScan } from './scan-progress.js';
import { type CheckSection, placeName } from './section.js';

export interface VerifyOptions {
  /** Names; absent: all. */
  readonly only?: readonly string[];
  /** How long differences may take to settle; default 30 s, 90 s where Connect is not ours and flushes offsets once a minute. */
  readonly deadlineMs?: number | undefined;
  /** Differences of one check that are listed with their values; all are counted. Default 1000. */
  readonly differencesMax?: number | undefined;
  /** Compare only so many percent of the rows. */
  readonly samplePercent?: number | undefined;
  /** SQL that holds for both tables: only rows for which it is true are compared. */
  readonly where?: string | undefined;
  /** Go on where a run that was stopped had come to. */
  readonly resume?: boolean | undefined;
  /** Only rows that changed since: a value of the column that the check declares with `changed`. */
  readonly since?: string | undefined;
  /** By name of the check: compare only these keys. */
  readonly keys?: ReadonlyMap<string, KeysOfCheck> | undefined;
  /** Everything ends by then; a check that has no verdict yet is inconclusive. */
  readonly timeoutMs?: number | undefined;
  /** Rows of each side of a check that may be read in a second. */
  readonly maxRate?: number | undefined;
  /** Also of servers that are busy with the transactions of others. */
  readonly fullSpeed?: boolean | undefined;
  /** By check, when both sides agreed: read for what changed since, and written where they agree again. */
  readonly moments?: Map<string, Moment> | undefined;
  progress?(progress: ScanProgress): void;
  /** Takes the SQL that would repair the replica of each inconsistent check, piece by piece. */
  repair?(sql: AsyncIterable<string>): Promise<void>;
  /** A check begins when those are done whose replica is its source: then its source holds all that was to flow into it. */
  readonly alongTheFlow?: boolean;
  waitingFor(what: string): void;
}

const OWN_DEADLINE_MS = 30_000;
const FOREIGN_DEADLINE_MS = 90_000;
/** A stage that has not moved for this long, and whose trouble does not pass by itself, is not waited for any longer. */
const STALLED_MS = 5_000;
const DIFFERENCES_LISTED = 1_000;
/** Between the end of the time that was given and the end of all work: a report takes a moment. */
const GRACE_MS = 1_000;
/** How long a query's violation may take to go away by itself. */
const ROWS_SETTLE_MS = 5_000;

/** Runs the checks, all at once; emits a row and a report for each as it ends. Throws EVPIPE_CHECK_UNKNOWN (kind usage). */
export async function verifyConsistency(session: Session, options: VerifyOptions): Promise<readonly CheckReport[]> {
  const { pipeline } = session;
  const { only = [] } = options;
  keepHeapSmall();
  const endMs = options.timeoutMs === undefined ? undefined : performance.now() + options.timeoutMs;
  const checks = only.length === 0 ? pipeline.checks : only.map((name) => checkNamed(name, pipeline));
  const readers = new Readers(session, options.fullSpeed === true);
  const all: Run = { session, options, readers, inconsistent: [] };
  const reports = new Map<CheckSection, Promise<CheckReport>>();
  const run = async (check: CheckSection, after: readonly CheckSection[]): Promise<CheckReport> => {
    await Promise.all(after.map((one) => reports.get(one)));
    const report = await runCheck(check, all);
    session.emit({ kind: 'check', row: rowOf(report) });
    session.emit({ kind: 'check-report', report });
    return report;
  };
  try {
    // One after the other would add up their waits; all share the same fences' time.
    for (const check of inFlowOrder(checks)) {
      const upstream = options.alongTheFlow === true ? upstreamOf(check, checks) : [];
      reports.set(
        check,
        run(
          check,
          upstream.filter((one) => reports.has(one)),
        ),
      );
    }
    const ended = await Promise.all(checks.flatMap((check) => reports.get(check) ?? []));
    if (options.repair !== undefined) {
      const { repairOf, whyNoRepair } = await import('../../consistency/repair.js');
      for (const [check, report] of all.inconsistent) {
        const cannot = whyNoRepair(check);
        if (cannot !== undefined) session.emit({ kind: 'note', level: 'warning', message: cannot });
        await options.repair(repairOf(check, report, { signal: session.signal, endMs }));
      }
    }
    return ended;
  } finally {
    await readers.close();
  }
}

const upstreamOf = (check: CheckSection, checks: readonly CheckSection[]): readonly CheckSection[] => {
  const sources = new Set(check.kind === 'compare' ? placesOfSide(check.source) : []);
  return checks.filter(
    (one) => one !== check && one.kind === 'compare' && placesOfSide(one.replica).some((place) => sources.has(place)),
  );
};

/** Upstream first. Where data flows in a circle, the check that closes it comes where the file has it. */
function inFlowOrder(checks: readonly CheckSection[]): readonly CheckSection[] {
  const ordered = new Set<CheckSection>();
  const visit = (check: CheckSection, onTheWay: ReadonlySet<CheckSection>): void => {
    if (ordered.has(check) || onTheWay.has(check)) return;
    for (const one of upstreamOf(check, checks)) visit(one, new Set([...onTheWay, check]));
    ordered.add(check);
  };
  for (const check of checks) visit(check, new Set());
  return [...ordered];
}

/** One reader to a database, for all checks. */
class Readers {
  private readonly byDatabase = new Map<string, TableReader>();

  constructor(
    private readonly session: Session,
    private readonly fullSpeed: boolean,
  ) {}

  readonly of = (database: string): TableReader => {
    const known = this.byDatabase.get(database);
    if (known !== undefined) return known;
    const reader = new TableReader(() => databaseClient(this.session.clients, database), undefined, !this.fullSpeed);
    this.byDatabase.set(database, reader);
    return reader;
  };

  async close(): Promise<void> {
    await Promise.all([...this.byDatabase.values()].map((reader) => reader.close()));
  }
}

/** What the checks of one run share. */
interface Run {
  readonly session: Session;
  readonly options: VerifyOptions;
  readonly readers: Readers;
  /** Compared and found so, with what they found. */
  readonly inconsistent: [CompareCheck, CheckReport][];
}

async function runCheck(check: CheckSection, run: Run): Promise<CheckReport> {
  const { session, options } = run;
  const startedMs = performance.now();
  try {
    return await withinTime(check, session, options, (signal, endMs) => confirm(check, run, signal, endMs));
  } catch (failure) {
    session.signal.throwIfAborted();
    return unanswered(check, asRefusal(check, failure), performance.now() - startedMs);
  }
}

/** Aborts the work, and does not wait for it, when `timeoutMs` and a moment for its own orderly end are over. */
async function withinTime(
  check: CheckSection,
  session: Session,
  { timeoutMs }: VerifyOptions,
  work: (signal: AbortSignal, endMs: number | undefined) => Promise<CheckReport>,
): Promise<CheckReport> {
  if (timeoutMs === undefined) return work(session.signal, undefined);
  const over = new AbortController();
  const ended = new Promise<never>((_, reject) => {
    over.signal.addEventListener('abort', () => reject(over.signal.reason), { once: true });
  });
  const timer = setTimeout(() => {
    const what = `--timeout ran out before ${check.name} had a verdict`;
    over.abort(new EvpipeError('EVPIPE_DEADLINE', what, { kind: 'deadline' }));
  }, timeoutMs + GRACE_MS);
  try {
    const signal = AbortSignal.any([session.signal, over.signal]);
    return await Promise.race([work(signal, performance.now() + timeoutMs), ended]);
  } finally {
    clearTimeout(timer);
  }
}

async function confirm(
  check: CheckSection,
  run: Run,
  signal: AbortSignal,
  endMs: number | undefined,
): Promise<CheckReport> {
  const { session, options, readers } = run;
  const deadlineMs =
    options.deadlineMs ?? (check.kind === 'stages' ? undefined : check.withinMs) ?? defaultDeadlineMs(session);
  switch (check.kind) {
    case 'compare': {
      const compared = await wireCompare(check, session, partOf(check.name, options, readers));
      const checkpoint = openCheckpoint(check.name, {
        stateFolder: session.pipeline.stateFolder,
        target: session.target.name,
        resume: options.resume === true,
        note: (level, message) => session.emit({ kind: 'note', level, message }),
      });
      const since = options.moments?.get(check.name);
      options.moments?.delete(check.name);
      const report = await confirmCheck(compared, {
        checkpoint,
        since,
        agreed: (moment) => options.moments?.set(check.name, moment),
        deadlineMs,
        endMs,
        stalledMs: Math.min(STALLED_MS, deadlineMs),
        differencesMax: options.differencesMax ?? DIFFERENCES_LISTED,
        signal,
        ...watchScan({
          check: check.name,
          signal,
          maxRate: options.maxRate,
          progress: (progress) => options.progress?.(progress),
          waitingFor: options.waitingFor,
        }),
        waitingFor: options.waitingFor,
      });
      checkpoint.remove();
      if (report.verdict === 'inconsistent') run.inconsistent.push([compared, report]);
      return report;
    }
    case 'rows': {
      const { confirmRows } = await import('../../consistency/rows-check.js');
      const reader = await databaseClient(session.clients, check.database, SESSION_SETTINGS);
      const { name, database, query, expect } = check;
      return confirmRows(
        { name, database, query, expect, reader },
        { settleMs: check.withinMs ?? ROWS_SETTLE_MS, signal },
      );
    }
    case 'stages': {
      const { confirmStatuses } = await import('./status-check.js');
      return confirmStatuses(check, session, {
        ...{ deadlineMs, endMs, signal },
        stalledMs: Math.min(STALLED_MS, deadlineMs),
        differencesMax: options.differencesMax ?? DIFFERENCES_LISTED,
        waitingFor: options.waitingFor,
      });
    }
    case 'conservation': {
      const [{ confirmConservation }, { wireConservation }] = await Promise.all([
        import('../../consistency/conservation.js'),
        import('./conservation-wiring.js'),
      ]);
      return confirmConservation(await wireConservation(check, session), {
        deadlineMs,
        stalledMs: Math.min(STALLED_MS, deadlineMs),
        signal,
        waitingFor: options.waitingFor,
      });
    }
  }
}

const partOf = (name: string, options: VerifyOptions, readers: Readers) => ({
  reader: readers.of,
  sample: sampleOf(options),
  where: options.where,
  since: options.since,
  keys: options.keys?.get(name),
});

/** Parts of a sample: the precision of its percentage. */
const SAMPLE_PARTS = 1_024;

function sampleOf({ samplePercent }: VerifyOptions): Sample | undefined {
  if (samplePercent === undefined || samplePercent >= 100) return undefined;
  const below = Math.max(1, Math.round((samplePercent / 100) * SAMPLE_PARTS));
  return { of: SAMPLE_PARTS, below, part: `a sample of ${samplePercent} %` };
}

function defaultDeadlineMs(session: Session): number {
  const foreign =
    session.pipeline.connectors.length > 0 &&
    session.target.providerOf({ kind: 'connect', name: 'connect' }) === 'address';
  return foreign ? FOREIGN_DEADLINE_MS : OWN_DEADLINE_MS;
}

export function rowOf(report: CheckReport): CheckRow {
  const { check, kind, verdict, sourceRows, replicaRows, missing, extra, different, part, keysOnly } = report;
  const partly = part !== undefined || keysOnly === true;
  return { check, kind, verdict, sourceRows, replicaRows, missing, extra, different, ...(partly ? { partly } : {}) };
}

/** A wrong declaration or option refuses the check; a server that does not answer leaves it inconclusive, never ok. */
function unanswered(check: CheckSection, failure: unknown, elapsedMs: number): CheckReport {
  const { kind, todo, location } = failure instanceof EvpipeError ? failure : {};
  return {
    check: check.name,
    kind: check.kind,
    verdict: kind === 'usage' ? 'refused' : 'inconclusive',
    why: messageOf(failure),
    ...(todo === undefined ? {} : { todo }),
    ...(location === undefined ? {} : { location }),
    unreachable: kind === 'unreachable',
    source:
      check.kind === 'compare' ? placeName(check.source) : check.kind === 'conservation' ? `queue ${check.queue}` : '',
    replica: check.kind === 'compare' ? placeName(check.replica) : '',
    sourceRows: 0,
    replicaRows: 0,
    missing: 0,
    extra: 0,
    different: 0,
    compared: [],
    skipped: [],
    way: [],
    findings: [],
    elapsedMs,
  };
}
