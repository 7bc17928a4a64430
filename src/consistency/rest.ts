/** SQL for the transactions that a server has ended, whoever's they are; each backend reports its own once a second. */
export const TRANSACTIONS = 'SELECT sum(xact_commit + xact_rollback)::text FROM pg_stat_database';

/** Rates over less time are those of single reports. */
const WINDOW_MS = 1_000;
/** What a server ends by itself and for comparisons: no reason to rest. */
const IDLE_RATE = 20;
/** For so many transactions a second of others a reader rests as long as it has read. */
const RATE_OF_ONE_REST = 50;
/** Two sides on one server take a fifteenth of a core each then. */
const RESTS_MAX = 14;
const REST_MAX_MS = 5_000;

/**
 * How long a reader of a server rests between two parts: the more transactions the server ends for others, the longer. A
 * comparison takes all of a core while it reads, and what others lack of it they lose.
 */
export class Rest {
  private since: { readonly atMs: number; readonly transactions: number } | undefined;
  private rests = 0;

  /** `transactions` as the server has it, undefined where it does not say; `readMs`: how long the last part took. */
  afterMs(readMs: number, transactions: number | undefined, nowMs: number): number {
    if (transactions === undefined) return 0;
    const { since } = this;
    if (since === undefined) this.since = { atMs: nowMs, transactions };
    else if (nowMs - since.atMs >= WINDOW_MS) {
      const rate = ((transactions - since.transactions) * 1_000) / (nowMs - since.atMs);
      this.rests = Math.min(Math.max(0, rate - IDLE_RATE) / RATE_OF_ONE_REST, RESTS_MAX);
      this.since = { atMs: nowMs, transactions };
    }
    return Math.min(readMs * this.rests, REST_MAX_MS);
  }
}
