/**
 * Runs one job at a time for many callers: those that ask while one runs share the next. Compose locks nothing, so two
 * commands on one project would both try to make its network.
 */
export class Batches<Item> {
  private waiting: Item[] = [];
  private next: Promise<void> | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly job: (items: readonly Item[]) => Promise<void>) {}

  /** Resolves once a job that began after this call, with this item in it, is done. */
  add(item: Item): Promise<void> {
    this.waiting.push(item);
    this.next ??= this.afterLast(() => {
      const items = this.waiting;
      this.waiting = [];
      this.next = undefined;
      return this.job(items);
    });
    return this.next;
  }

  /** Runs something else while no job runs. */
  afterLast<T>(work: () => Promise<T>): Promise<T> {
    const running = this.last.then(work);
    this.last = running.catch(() => {});
    return running;
  }
}
