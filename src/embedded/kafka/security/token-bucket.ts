/**
 * Tokens that come back at a rate, as Kafka counts controller mutations (KIP-599): there are at most as many as come in
 * all windows. What begins while any are left may take more than there are; the next has to wait until the debt is paid.
 */
export class TokenBucket {
  private tokens: number | undefined;
  private atMs = 0;

  constructor(private readonly windowsSeconds: number) {}

  /** Milliseconds until something may begin again; 0 where it may now. */
  waitMs(perSecond: number, nowMs: number): number {
    this.refill(perSecond, nowMs);
    const tokens = this.tokens ?? 0;
    return tokens >= 0 ? 0 : Math.ceil((-tokens / perSecond) * 1000);
  }

  take(count: number, perSecond: number, nowMs: number): void {
    this.refill(perSecond, nowMs);
    this.tokens = (this.tokens ?? 0) - count;
  }

  private refill(perSecond: number, nowMs: number): void {
    const most = perSecond * this.windowsSeconds;
    const gained = ((nowMs - this.atMs) / 1000) * perSecond;
    this.tokens = this.tokens === undefined ? most : Math.min(most, this.tokens + gained);
    this.atMs = nowMs;
  }
}
