import type { Entry } from '../storage/entry.js';

/** Freed places at the front of a lane's array before it is cut. */
const FREE_PLACES_MAX = 1024;

export type ReturnOrder = 'by-place' | 'by-return';

/** Messages of one priority: those that came in order, and those that were given back (the next one last). */
class Lane {
  private entries: Entry[] = [];
  private head = 0;
  private returned: Entry[] = [];

  push(entry: Entry): void {
    this.entries.push(entry);
  }

  peek(): Entry | undefined {
    const next = this.entries[this.head];
    const back = this.returned.at(-1);
    return back !== undefined && (next === undefined || back.seq < next.seq) ? back : next;
  }

  shift(): Entry | undefined {
    const first = this.peek();
    if (first === undefined) return undefined;
    if (first === this.returned.at(-1)) {
      this.returned.pop();
      return first;
    }
    this.head++;
    if (this.head > FREE_PLACES_MAX && this.head * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
    return first;
  }

  /** To their places, or (quorum queues) before the others in the order in which they were given back. */
  putBack(given: readonly Entry[], order: ReturnOrder): void {
    if (order === 'by-return') {
      this.returned = [...given.toReversed(), ...this.returned];
      return;
    }
    if (given.length === 1 && (this.returned.at(-1)?.seq ?? Infinity) > (given[0] as Entry).seq) {
      this.returned.push(given[0] as Entry);
      return;
    }
    this.returned = [...this.returned, ...given].sort((a, b) => b.seq - a.seq);
  }

  *[Symbol.iterator](): Iterator<Entry> {
    yield* this.returned;
    for (let at = this.head; at < this.entries.length; at++) yield this.entries[at] as Entry;
  }
}

/** What can be delivered: highest priority first, then in the order of publication, also after it was given back. */
export class ReadyMessages {
  count = 0;
  /** Of the bodies. */
  bytes = 0;
  private lanes: Lane[];

  constructor(
    private readonly maxPriority: number,
    private readonly returnOrder: ReturnOrder,
  ) {
    this.lanes = this.emptyLanes();
  }

  private emptyLanes(): Lane[] {
    return Array.from({ length: this.maxPriority + 1 }, () => new Lane());
  }

  private lane(entry: Entry): Lane {
    return this.lanes[Math.min(entry.priority, this.maxPriority)] as Lane;
  }

  push(entry: Entry): void {
    this.lane(entry).push(entry);
    this.count++;
    this.bytes += entry.bodyBytes;
  }

  putBack(entries: readonly Entry[]): void {
    if (this.lanes.length === 1) this.lanes[0]?.putBack(entries, this.returnOrder);
    else for (const entry of entries) this.lane(entry).putBack([entry], this.returnOrder);
    for (const entry of entries) this.bytes += entry.bodyBytes;
    this.count += entries.length;
  }

  shift(): Entry | undefined {
    for (let priority = this.maxPriority; priority >= 0; priority--) {
      const entry = this.lanes[priority]?.shift();
      if (entry === undefined) continue;
      this.taken(entry);
      return entry;
    }
    return undefined;
  }

  private taken(entry: Entry): void {
    this.count--;
    this.bytes -= entry.bodyBytes;
  }

  /** Messages expire at the head of their priority only: one behind a longer-lived one waits for it, as in RabbitMQ. */
  shiftExpired(nowMs: number): Entry | undefined {
    for (const lane of this.lanes) {
      const entry = lane.peek();
      if (entry === undefined || entry.deadlineMs > nowMs) continue;
      lane.shift();
      this.taken(entry);
      return entry;
    }
    return undefined;
  }

  /** When the next message expires; Infinity where none does. */
  nextExpiryMs(): number {
    let next = Infinity;
    for (const lane of this.lanes) next = Math.min(next, lane.peek()?.deadlineMs ?? Infinity);
    return next;
  }

  clear(): Entry[] {
    const all = [...this];
    this.lanes = this.emptyLanes();
    this.count = 0;
    this.bytes = 0;
    return all;
  }

  *[Symbol.iterator](): Iterator<Entry> {
    for (const lane of this.lanes) yield* lane;
  }
}
