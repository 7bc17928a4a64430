import type { CheckReport, Finding, StageReport } from '../../consistency/report.js';
import { type StageWait, verdictAt, waitAtStage } from '../../consistency/stage-wait.js';
import type { Status } from '../../consistency/transitions.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { pause } from '../../support/retry.js';
import type { FlowStage } from '../flow/flow.js';
import type { Session } from '../session.js';
import { wireAlone } from './check-wiring.js';
import type { StagesSection } from './section.js';
import { readKeys, readView } from './status-view.js';
import { stagesBefore } from './status-way.js';

export const READ_AGAIN_MS = 500;
/** What no declared stage writes is read later than the topic: so long it may take to agree. */
const SETTLE_MS = 10_000;

export interface StatusOptions {
  /** How long the tables may take to agree with the topic. */
  readonly deadlineMs: number;
  /** When an answer is wanted however far the check is, on the clock of `performance.now()`. */
  readonly endMs: number | undefined;
  readonly stalledMs: number;
  /** Findings that are listed; all are counted. */
  readonly differencesMax: number;
  readonly signal: AbortSignal;
  waitingFor(what: string): void;
}

/** What the tables beside a status topic say differently, and whether everything that was on its way to them has come. */
export interface TablesNow {
  readonly differing: readonly Finding[];
  readonly way: readonly StageReport[];
  /** By a stage that has not passed its fence: what differs may be late. */
  readonly held?: Pick<CheckReport, 'verdict' | 'why'>;
}

type Statuses = ReadonlyMap<string, Status>;
type Check = StagesSection & { readonly name: string };

/**
 * Compares the table of the same keys and the view of the last statuses with the topic. What differs proves nothing before
 * every stage that leads there has handled what it was given since; agreement does at any time. `readLast` reads on.
 */
export async function settleTables(
  check: Check,
  session: Session,
  readLast: () => Promise<Statuses>,
  options: StatusOptions,
): Promise<TablesNow> {
  const { signal, stalledMs, waitingFor, deadlineMs, endMs = Number.POSITIVE_INFINITY } = options;
  const startedMs = performance.now();
  const leftMs = (): number => Math.min(startedMs + deadlineMs, endMs) - performance.now();
  const differing = new StillDiffering(async () => compareTables(check, session, await readLast()));
  if (await differing.isNothing()) return { differing: [], way: [] };

  const way: StageReport[] = [];
  const isSettled = () => differing.isNothingByNow();
  const wait: StageWait = { check: check.name, stalledMs, signal, leftMs, isSettled, waitingFor };
  for (const stage of stagesBefore(check, session)) {
    const held = await passAlone(stage, session, wait, way);
    if (differing.now.length === 0) return { differing: [], way };
    if (held !== undefined) return { differing: differing.now, way, held };
  }
  const settleMs = Math.min(SETTLE_MS, deadlineMs / 2);
  while (!(await differing.isNothing()) && performance.now() - startedMs < settleMs) await pause(READ_AGAIN_MS, signal);
  return { differing: differing.now, way };
}

/** Notes on the way how the stage fared; what it is held by, where a fence of its own does not pass. */
async function passAlone(
  declared: FlowStage,
  session: Session,
  wait: StageWait,
  way: StageReport[],
): Promise<TablesNow['held']> {
  try {
    const { stage, takeFence } = await wireAlone(declared, session);
    const { fence, unwritten } = await takeFence();
    const held = await waitAtStage(stage, fence, wait);
    way.push({ kind: stage.kind, name: stage.name, ...(held ?? { passed: true }) });
    return held === undefined ? undefined : verdictAt(stage, held, unwritten);
  } catch (failure) {
    wait.signal.throwIfAborted();
    if (failure instanceof EvpipeError && failure.kind === 'unreachable') throw failure;
    return { verdict: 'inconclusive', why: messageOf(failure) };
  }
}

/** What differs at every look in the same way: while keys flow, others are late in each. */
class StillDiffering {
  private found: readonly Finding[] | undefined;
  private nextLookMs = 0;

  constructor(private readonly look: () => Promise<readonly Finding[]>) {}

  get now(): readonly Finding[] {
    return this.found ?? [];
  }

  async isNothing(): Promise<boolean> {
    const startedMs = performance.now();
    const found = await this.look();
    const known = this.found === undefined ? undefined : new Set(this.found.map(identity));
    this.found = known === undefined ? found : found.filter((one) => known.has(identity(one)));
    // Large tables take long to read: most of the time is left to whatever is waited for.
    this.nextLookMs = performance.now() + READ_AGAIN_MS + 4 * (performance.now() - startedMs);
    return this.found.length === 0;
  }

  async isNothingByNow(): Promise<boolean> {
    return performance.now() < this.nextLookMs ? this.now.length === 0 : this.isNothing();
  }
}

/** A key whose status has changed since has to be followed anew. */
const identity = ({ kind, key, columns }: Finding): string =>
  JSON.stringify([kind, key, columns.map(({ source }) => source)]);

async function compareTables({ keys, view }: Check, session: Session, last: Statuses): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  if (keys !== undefined) {
    const there = await readKeys(keys, session);
    const replica = `not in ${keys.database}.${keys.table}`;
    for (const key of there) if (!last.has(key)) found.push({ kind: 'missing', key: [key], columns: [] });
    for (const key of last.keys())
      if (!there.has(key))
        found.push({ kind: 'extra', key: [key], columns: [{ column: 'row', source: null, replica }] });
  }
  if (view === undefined) return found;
  const shown = await readView(view, session);
  for (const key of new Set([...last.keys(), ...shown.keys()])) {
    const [onTopic, inView] = [last.get(key), shown.get(key)];
    const [source, replica] = [onTopic === undefined ? null : String(onTopic), inView ?? null];
    if (source !== replica)
      found.push({ kind: 'different', key: [key], columns: [{ column: 'view', source, replica }] });
  }
  return found;
}
