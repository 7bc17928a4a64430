import { OrderedIndex } from '../rows/ordered-index.js';

const NOTHING: readonly string[] = [];

/** Windows by the stream time at which something has to be done about them: what is not due yet costs nothing. */
export class DueWindows {
  private readonly byTime = new Map<number, Set<string>>();
  private readonly times = new OrderedIndex<number>((left, right) => left - right, []);
  private nextMs = Number.POSITIVE_INFINITY;

  add(dueMs: number, identity: string): void {
    const known = this.byTime.get(dueMs);
    if (known !== undefined) {
      known.add(identity);
      return;
    }
    this.byTime.set(dueMs, new Set([identity]));
    this.times.add(dueMs);
    this.nextMs = Math.min(this.nextMs, dueMs);
  }

  delete(dueMs: number, identity: string): void {
    const known = this.byTime.get(dueMs);
    known?.delete(identity);
    if (known?.size !== 0) return;
    this.byTime.delete(dueMs);
    this.times.delete(dueMs);
  }

  /** Takes out those that are due, the earliest first. */
  take(nowMs: number): readonly string[] {
    if (nowMs < this.nextMs) return NOTHING;
    const due: string[] = [];
    this.nextMs = Number.POSITIVE_INFINITY;
    const passed: number[] = [];
    for (const time of this.times.between(
      () => 0,
      () => 0,
    )) {
      if (time > nowMs) {
        this.nextMs = time;
        break;
      }
      passed.push(time);
    }
    for (const time of passed) {
      for (const identity of this.byTime.get(time) ?? []) due.push(identity);
      this.byTime.delete(time);
      this.times.delete(time);
    }
    return due;
  }
}
