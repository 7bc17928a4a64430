import { OrderedIndex } from '../rows/ordered-index.js';
import { TextLists } from '../rows/text-lists.js';

const NOTHING: readonly string[] = [];

/** Windows by the stream time at which something has to be done about them: what is not due yet costs nothing. */
export class DueWindows {
  private readonly byTime = new TextLists<number>();
  private readonly times = new OrderedIndex<number>((left, right) => left - right, []);
  private nextMs = Number.POSITIVE_INFINITY;

  add(dueMs: number, identity: string): void {
    if (!this.byTime.has(dueMs)) {
      this.times.add(dueMs);
      this.nextMs = Math.min(this.nextMs, dueMs);
    }
    this.byTime.add(dueMs, identity);
  }

  delete(dueMs: number, identity: string): void {
    this.byTime.delete(dueMs, identity);
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
      for (const identity of this.byTime.take(time)) due.push(identity);
      this.times.delete(time);
    }
    return due;
  }
}
