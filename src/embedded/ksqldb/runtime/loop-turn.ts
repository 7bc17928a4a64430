import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * So long a query works on before the event loop turns: pull queries and other queries wait for it. With each turn a request of what
 * was made leaves for the broker: with turns half as long, a program with state took more CPU for a record, and pull queries waited as long.
 */
const TURN_MS = 4;

/** A look at the clock takes a part of what a record takes. */
const LOOK_EVERY_RECORDS = 16;

/** The share that one query has of a turn of the event loop. */
export class LoopTurn {
  private endMs: number | undefined;
  private records = 0;

  /** Work begins, or goes on within the same turn. */
  begin(): void {
    if (this.endMs !== undefined) return;
    this.endMs = performance.now() + TURN_MS;
    setImmediate(() => {
      this.endMs = undefined;
    });
  }

  /** After a record. A promise: reading ahead, writing, other queries and clients' requests go on first. */
  over(): Promise<void> | undefined {
    this.records += 1;
    if (this.records % LOOK_EVERY_RECORDS !== 0 || (this.endMs !== undefined && performance.now() < this.endMs))
      return undefined;
    return this.next();
  }

  private async next(): Promise<void> {
    await nextTurn();
    this.begin();
  }
}
