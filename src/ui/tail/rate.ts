const SAMPLE_MS = 250;
const SAMPLES = 8;

/** Records per second over the last two seconds, from a running total. */
export class Rate {
  private readonly samples: Array<{ readonly atMs: number; readonly total: number }> = [];

  perSecond(total: number, nowMs: number): number {
    const last = this.samples.at(-1);
    if (last === undefined || nowMs - last.atMs >= SAMPLE_MS) {
      this.samples.push({ atMs: nowMs, total });
      if (this.samples.length > SAMPLES) this.samples.shift();
    }
    const first = this.samples[0];
    if (first === undefined || nowMs - first.atMs < SAMPLE_MS) return 0;
    return Math.round(((total - first.total) * 1000) / (nowMs - first.atMs));
  }
}
