import { counted } from '../support/counted.js';
import { pause } from '../support/retry.js';
import type { CheckReport, Finding, StageReport, Verdict } from './report.js';
import { standsStill, type Trouble } from './stages.js';

/** What the broker tells of the queue. */
export interface QueueFigures {
  /** Waiting, or delivered and not acknowledged; in the queue itself and in those where it only waits to be tried again. */
  readonly unfinished: number;
  readonly deadLetters: number;
  readonly consumers: number;
  /** Since the broker's start; undefined where it has counted nothing since then. */
  readonly counters:
    | {
        readonly published: number;
        readonly acknowledged: number;
        /** Sent to receivers that never acknowledge. */
        readonly automatic: number;
      }
    | undefined;
}

/** A conservation check with everything that it asks. */
export interface ConservationCheck {
  readonly name: string;
  readonly queue: string;
  /** The dead-letter queues, for messages. */
  readonly deadLetterQueues: readonly string[];
  /** Durable counts of both ends; undefined: the broker's own counters are compared. */
  readonly counts: { readonly published: Count; readonly effects: Count } | undefined;
  /** That nothing was published is right. */
  readonly allowEmpty?: boolean | undefined;
  figures(): Promise<QueueFigures>;
  /** Rows of the publishers' outboxes that are not sent yet. */
  unsent(): Promise<{ readonly rows: number; readonly outboxes: readonly string[] }>;
  /** The first messages of the dead-letter queues. */
  deadLetters(most: number): Promise<readonly DeadLetter[]>;
  /** The figures may be this old. */
  readonly staleMs: number;
  /**
   * True where a message that is under way is always in `unsent` or in `figures`: they are of now, every publisher has a polling
   * outbox, and no message goes back to where it was. Then the numbers prove something while messages flow.
   */
  readonly traceable: boolean;
  /** What the broker's counters leave out of this queue, for messages. */
  readonly uncounted: {
    /** Queues whose dead letters arrive here: nobody counts those as published. */
    readonly arrivals: readonly string[];
    /** It counts as published what it has refused for want of room. */
    readonly refuses: boolean;
  };
  /** Why publishers or receivers don't do their work. */
  trouble(): Promise<Trouble | undefined>;
}

export interface Count {
  /** `main.outbox_event`: where it is counted, for people. */
  readonly label: string;
  read(): Promise<number>;
}

export interface DeadLetter {
  readonly queue: string;
  readonly messageId: string | undefined;
  readonly died: string | undefined;
  readonly body: string;
}

export interface ConservationOptions {
  readonly deadlineMs: number;
  /** With nothing moving for this long, and a trouble that does not pass by itself, it is not waited for any longer. */
  readonly stalledMs: number;
  /** Numbers that disagree have to do so for this long: an outbox may be about to be polled. Default 3 s. */
  readonly settleMs?: number;
  readonly signal: AbortSignal;
  waitingFor(what: string): void;
}

const DEAD_LETTERS_LISTED = 5;
const SETTLE_MS = 3_000;

/** Moments at which nothing is under way are short while messages flow. */
const LOOK_AGAIN_FLOWING_MS = 100;
const LOOK_AGAIN_MS = 500;

/** One look at everything, in the order in which messages go, the publications once more at the end. */
interface Look {
  readonly atMs: number;
  readonly published: number;
  readonly effects: number;
  /** Published by the time the effects had been counted. */
  readonly publishedAfter: number;
  readonly unsent: { readonly rows: number; readonly outboxes: readonly string[] };
  readonly figures: QueueFigures;
}

/**
 * Published = acknowledged = effects. Looks again and again until one of these holds:
 *
 *   a message is in a dead-letter queue                                    → inconsistent, listed
 *   nothing under way (no unsent row, queue empty, nothing unacknowledged):
 *       the ends agree, and nothing was published while they were counted    → consistent
 *       they disagree, and nothing has moved for longer than the broker's
 *       figures may be old and an outbox may take                            → inconsistent
 *   messages flow, and each that is under way can be counted (Flow)          → consistent or inconsistent
 *   otherwise, at the deadline or where a lasting trouble holds it          → lagging, naming the queue and its depth
 */
export async function confirmConservation(
  check: ConservationCheck,
  options: ConservationOptions,
): Promise<CheckReport> {
  const startedMs = performance.now();
  const settleMs = Math.max(check.staleMs, options.settleMs ?? SETTLE_MS);
  const flow = new Flow(settleMs);
  const flowing = check.traceable && check.counts !== undefined;
  let stillSinceMs = startedMs;
  let before: Look | undefined;
  let pauseMs = 20;
  for (;;) {
    const look = await lookAt(check);
    if (before === undefined || hasMoved(before, look)) stillSinceMs = look.atMs;
    before = look;
    const stillMs = performance.now() - stillSinceMs;
    const elapsedMs = performance.now() - startedMs;
    const done = (verdict: Verdict, more: Partial<CheckReport>): CheckReport => ({
      ...outline(check, look),
      ...more,
      verdict,
      elapsedMs: performance.now() - startedMs,
    });
    if (look.figures.deadLetters > 0) return done('inconsistent', await refused(check, look));
    const underWay = look.unsent.rows + look.figures.unfinished;
    if (underWay === 0) {
      const judged = judge(check, look);
      // What the broker alone says has to be of after the start of this check.
      const old = check.counts === undefined && elapsedMs < check.staleMs;
      if (old) pauseMs = Math.max(pauseMs, 200);
      else if (judged.verdict !== undefined && (judged.verdict !== 'inconsistent' || stillMs >= settleMs))
        return done(judged.verdict, judged);
    }
    const judged = flowing ? flow.judge(look) : undefined;
    if (judged?.verdict !== undefined) return done(judged.verdict, judged);
    const isOver = elapsedMs >= Math.max(options.deadlineMs, underWay === 0 ? settleMs : 0);
    const trouble = isOver || stillMs >= options.stalledMs ? await check.trouble() : undefined;
    if (isOver || standsStill(trouble)) {
      const held = await heldBack(check, look, { stillMs, trouble: trouble?.says });
      return done(held.verdict, held);
    }
    options.waitingFor(`${check.name}: ${whatIsUnderWay(check, look)}`);
    await pause(pauseMs, options.signal);
    pauseMs = Math.min(pauseMs * 1.5, flowing ? LOOK_AGAIN_FLOWING_MS : LOOK_AGAIN_MS);
  }
}

/**
 * What looks prove while messages flow. A message goes from published (and unsent) to the queue to its effect, and a look
 * reads these places in that order: so it meets every message that was published before it at least once. With L lost and D
 * doubled messages, neither of which ever becomes less:
 *
 *   L - D ≤ publishedAfter - effects                    (what is under way only adds to the right side)
 *   L - D ≥ published - (unsent + unfinished + effects)  (what came meanwhile, or was met twice, only lessens it)
 *
 * Where the first bound was 0 in some look and the second in some look, nothing is lost or doubled (as far as counts can tell:
 * one lost and one doubled cancel out). Where either says that something is wrong, look after look for `settleMs`, it is.
 */
class Flow {
  private allArrived = false;
  private noneDoubled = false;
  private lost = { sinceMs: Number.POSITIVE_INFINITY, least: 0 };
  private doubled = { sinceMs: Number.POSITIVE_INFINITY, least: 0 };

  constructor(private readonly settleMs: number) {}

  judge({ atMs, published, publishedAfter, effects, unsent, figures }: Look): Judged {
    const most = publishedAfter - effects;
    const least = published - (unsent.rows + figures.unfinished + effects);
    this.allArrived ||= most === 0;
    this.noneDoubled ||= least === 0;
    if (this.allArrived && this.noneDoubled) {
      const summary = `${published} published = acknowledged = effects, counted while messages were under way`;
      return { verdict: 'consistent', summary, missing: 0, extra: 0 };
    }
    // A bound that says nothing takes nothing back; the other bound does.
    this.lost = stands(this.lost, { atMs, least, holds: most > 0 });
    this.doubled = stands(this.doubled, { atMs, least: -most, holds: least < 0 });
    if (least > 0 && atMs - this.lost.sinceMs >= this.settleMs)
      return {
        verdict: 'inconsistent',
        why: `at least ${hadNoEffect(this.lost.least, published)}`,
        missing: this.lost.least,
      };
    if (most < 0 && atMs - this.doubled.sinceMs >= this.settleMs)
      return { verdict: 'inconsistent', why: hadTwoEffects(effects, publishedAfter) };
    return { verdict: undefined };
  }
}

interface Standing {
  readonly sinceMs: number;
  /** The most that was proven. */
  readonly least: number;
}

function stands(
  before: Standing,
  { atMs, least, holds }: { readonly atMs: number; readonly least: number; readonly holds: boolean },
): Standing {
  if (!holds) return { sinceMs: Number.POSITIVE_INFINITY, least: 0 };
  if (least <= 0) return before;
  return { sinceMs: Math.min(before.sinceMs, atMs), least: Math.max(before.least, least) };
}

async function lookAt(check: ConservationCheck): Promise<Look> {
  const published = await check.counts?.published.read();
  const unsent = await check.unsent();
  const figures = await check.figures();
  const effects = await check.counts?.effects.read();
  const again = await check.counts?.published.read();
  const { counters } = figures;
  return {
    atMs: performance.now(),
    published: published ?? counters?.published ?? 0,
    effects: effects ?? counters?.acknowledged ?? 0,
    publishedAfter: again ?? counters?.published ?? 0,
    unsent,
    figures,
  };
}

function hasMoved(a: Look, b: Look): boolean {
  return (
    a.published !== b.published ||
    a.effects !== b.effects ||
    a.unsent.rows !== b.unsent.rows ||
    a.figures.unfinished !== b.figures.unfinished
  );
}

type Judged = (Partial<CheckReport> & { readonly verdict: Verdict }) | { readonly verdict: undefined };

/** Of a look at which nothing was under way. */
function judge(check: ConservationCheck, look: Look): Judged {
  return check.counts === undefined ? judgeCounters(check, look) : judgeCounts(check, look);
}

function judgeCounts({ allowEmpty }: ConservationCheck, { published, publishedAfter, effects }: Look): Judged {
  if (published !== publishedAfter) return { verdict: undefined };
  if (published === 0 && effects === 0 && allowEmpty !== true)
    return { verdict: 'empty', summary: 'nothing was published, which proves nothing' };
  if (published === effects)
    return {
      verdict: 'consistent',
      summary: `${published} published = acknowledged = ${effects} effects, the queue is empty`,
    };
  const why = effects < published ? hadNoEffect(published - effects, published) : hadTwoEffects(effects, published);
  return { verdict: 'inconsistent', why };
}

const hadNoEffect = (count: number, published: number): string =>
  `${count} of ${messages(published)} had no effect: ${count === 1 ? 'it is' : 'they are'} not unsent, waiting, unacknowledged or refused`;

const hadTwoEffects = (effects: number, published: number): string =>
  `${effects} effects of ${messages(published)}: some had theirs twice, or were published by nobody who counts them`;

function judgeCounters({ queue, uncounted }: ConservationCheck, { figures: { counters } }: Look): Judged {
  if (counters === undefined || (counters.published === 0 && counters.acknowledged === 0 && counters.automatic === 0))
    return { verdict: 'inconclusive', why: `nothing has passed queue ${queue} since the broker's start` };
  const { published, acknowledged, automatic } = counters;
  if (automatic > 0) {
    const why = `${automatic} of ${messages(published)} went to a receiver that acknowledges automatically: what it has in hand when it crashes is lost`;
    return { verdict: 'inconsistent', why };
  }
  if (uncounted.arrivals.length > 0) {
    const why = `${acknowledged} acknowledged and ${published} published by the broker's counters, which leave out the dead letters of ${uncounted.arrivals.join(', ')} that arrive here: count both ends by SQL`;
    return { verdict: 'inconclusive', why };
  }
  if (acknowledged > published) {
    const why = `${acknowledged} acknowledged and ${published} published since the broker's start: some are older; count both ends by SQL`;
    return { verdict: 'inconclusive', why };
  }
  if (acknowledged < published && uncounted.refuses) {
    const why = `${published - acknowledged} of ${messages(published)} are neither acknowledged nor waiting: dropped, or refused as the queue was full, which their publisher knows; count both ends by SQL`;
    return { verdict: 'inconclusive', why };
  }
  if (acknowledged < published) {
    const why = `${published - acknowledged} of ${messages(published)} are neither acknowledged nor waiting: dropped by a limit, a time to live or a purge, or refused without a dead-letter queue`;
    return { verdict: 'inconsistent', why };
  }
  return {
    verdict: 'consistent',
    summary: `${published} published = ${acknowledged} acknowledged by the broker's counters since its start, the queue is empty`,
  };
}

async function refused(check: ConservationCheck, { figures }: Look): Promise<Partial<CheckReport>> {
  const listed = await check.deadLetters(DEAD_LETTERS_LISTED);
  const findings = listed.map(
    ({ queue, messageId, died, body }): Finding => ({
      kind: 'dead-letter',
      key: [messageId ?? ''],
      columns: [{ column: died ?? queue, source: body, replica: null }],
    }),
  );
  const where = check.deadLetterQueues.map((queue) => `queue ${queue}`).join(', ');
  const many = figures.deadLetters === 1 ? '1 message lies' : `${figures.deadLetters} messages lie`;
  return { why: `${many} in ${where}: what queue ${check.queue} refused has had no effect`, findings };
}

async function heldBack(
  check: ConservationCheck,
  look: Look,
  { stillMs, trouble }: { readonly stillMs: number; readonly trouble: string | undefined },
): Promise<Partial<CheckReport> & { readonly verdict: Verdict }> {
  const behind = whatIsUnderWay(check, look);
  const { rows, outboxes } = look.unsent;
  const name = rows > 0 ? outboxes.join(', ') : check.queue;
  const stage: StageReport = {
    kind: rows > 0 ? 'outbox' : 'queue',
    name,
    passed: false,
    behind,
    forMs: stillMs,
    moving: stillMs < SETTLE_MS,
    ...(trouble === undefined ? {} : { trouble }),
  };
  const lagging = rows + look.figures.unfinished > 0 || trouble !== undefined;
  return {
    verdict: lagging ? 'lagging' : 'inconclusive',
    why: `${behind}${trouble === undefined ? '' : `: ${trouble}`}`,
    way: [stage],
  };
}

function whatIsUnderWay({ queue }: ConservationCheck, { unsent, figures, published, effects }: Look): string {
  if (unsent.rows > 0) return `${unsent.rows} unsent in the outbox of ${unsent.outboxes.join(', ')}`;
  const consumers = counted(figures.consumers, 'consumer');
  if (figures.unfinished > 0) return `queue ${queue} holds ${messages(figures.unfinished)}, ${consumers}`;
  return `${published} published, ${effects} done, queue ${queue} is empty: the numbers still move`;
}

const messages = (count: number): string => counted(count, 'message');

function outline(check: ConservationCheck, look: Look): CheckReport {
  const { published, effects } = look;
  return {
    check: check.name,
    kind: 'conservation',
    verdict: 'inconclusive',
    source: check.counts?.published.label ?? `queue ${check.queue}, published`,
    replica: check.counts?.effects.label ?? 'acknowledged',
    sourceRows: published,
    replicaRows: effects,
    missing: Math.max(0, published - effects),
    extra: Math.max(0, effects - published),
    different: 0,
    compared: [],
    skipped: [],
    way: [],
    findings: [],
    elapsedMs: 0,
  };
}
