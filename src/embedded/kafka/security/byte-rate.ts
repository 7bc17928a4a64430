interface Sample {
  startedMs: number;
  bytes: number;
}

/**
 * Bytes per second over the last windows, measured as Kafka measures quotas: until all windows but the current one are
 * full they count as empty, so a burst of quota × (windows − 1) seconds passes at once.
 */
export class ByteRate {
  private samples: Sample[] = [];

  constructor(
    private readonly windows: number,
    private readonly windowMs: number,
  ) {}

  /** Milliseconds that the client has to wait until the rate is the quota again; 0 where it keeps to it. */
  record(bytes: number, quotaPerSecond: number, nowMs: number): number {
    this.samples = this.samples.filter(({ startedMs }) => nowMs - startedMs < this.windows * this.windowMs);
    const last = this.samples.at(-1);
    if (last === undefined || nowMs - last.startedMs >= this.windowMs) this.samples.push({ startedMs: nowMs, bytes });
    else last.bytes += bytes;
    const spanMs = this.spanMs(nowMs);
    const perSecond = (this.samples.reduce((sum, sample) => sum + sample.bytes, 0) / spanMs) * 1000;
    return perSecond <= quotaPerSecond ? 0 : Math.round(((perSecond - quotaPerSecond) / quotaPerSecond) * spanMs);
  }

  private spanMs(nowMs: number): number {
    const elapsedMs = nowMs - (this.samples[0]?.startedMs ?? nowMs);
    const full = Math.floor(elapsedMs / this.windowMs);
    return elapsedMs + Math.max(0, this.windows - 1 - full) * this.windowMs;
  }
}
