/**
 * SQL for what a server does for all: the transactions that it has ended, which each backend reports once a second at most, and
 * the next transaction id, which counts those that write at once.
 */
export const ACTIVITY =
  'SELECT sum(xact_commit + xact_rollback)::text, txid_snapshot_xmax(txid_current_snapshot())::text FROM pg_stat_database';

/** Rates over less time are those of single reports. */
const WINDOW_MS = 1_000;
/** What a server ends by itself and for comparisons: no reason to rest. */
const IDLE_RATE = 20;
/** For so many transactions a second of others a reader rests as long as it has read. */
const RATE_OF_ONE_REST = 50;
/** The same of those that write: pgbench's 500 a second kept both cores of a small server busy. */
const WRITES_OF_ONE_REST = 25;
/** Two sides on one server take a twentieth of a core each then, and the reader's own process half as much. */
const RESTS_MAX = 19;
const REST_MAX_MS = 6_000;

interface Activity {
  readonly atMs: number;
  readonly transactions: number;
  readonly nextId: number;
}

/**
 * How long a reader of a server rests between two parts: the more transactions the server ends for others, the longer. A
 * comparison takes all of a core while it reads, and what others lack of it they lose.
 */
export class Rest {
  private before: Activity | undefined;
  private since: Activity | undefined;
  private rests = 0;

  /** `answer` to ACTIVITY, undefined or NULL where the server does not say; `readMs`: how long the last part took. */
  afterMs(readMs: number, answer: readonly (string | null)[] | undefined, nowMs: number): number {
    const [transactions, nextId] = answer ?? [];
    if (transactions == null || nextId == null) return 0;
    const now = { atMs: nowMs, transactions: Number(transactions), nextId: Number(nextId) };
    const { before = now, since = now } = this;
    this.before = now;
    this.since = since;
    if (nowMs - since.atMs >= WINDOW_MS) {
      this.rests = restsAt(rate(since.transactions, now.transactions, nowMs - since.atMs), RATE_OF_ONE_REST);
      this.since = now;
    }
    const writing = restsAt(rate(before.nextId, now.nextId, nowMs - before.atMs), WRITES_OF_ONE_REST);
    return Math.min(readMs * Math.max(this.rests, writing), REST_MAX_MS);
  }
}

const rate = (before: number, now: number, elapsedMs: number): number =>
  elapsedMs > 0 ? ((now - before) * 1_000) / elapsedMs : 0;

const restsAt = (rate: number, ofOneRest: number): number =>
  Math.min(Math.max(0, rate - IDLE_RATE) / ofOneRest, RESTS_MAX);
