import type { Clock } from '../../src/support/clock.js';

/** Time that moves only when it is told to. */
export class ManualClock implements Clock {
  /** How far the time of day has been set forward. */
  private stepMs = 0;
  private timers: Array<{ readonly atMs: number; readonly callback: () => void }> = [];

  constructor(private nowMs = 1_000_000) {}

  now(): number {
    return this.nowMs + this.stepMs;
  }

  /** Someone sets the clock: no time passes. */
  step(ms: number): void {
    this.stepMs += ms;
  }

  monotonic(): number {
    return this.nowMs;
  }

  schedule(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.nowMs + ms, callback };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** Calls back what is due in between, each at its own time. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const next = this.timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.timers = this.timers.filter((other) => other !== next);
      this.nowMs = next.atMs;
      next.callback();
    }
    this.nowMs = endMs;
  }
}
