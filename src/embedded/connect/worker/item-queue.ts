import type { SourceItem } from './source-task.js';

/** Between a source that reads and the worker that writes; bounded, so that the source waits for the writer. */
export class ItemQueue {
  private items: SourceItem[] = [];
  private failure: { readonly thrown: unknown } | undefined;
  private ended = false;
  private readonly takers: Array<() => void> = [];
  private readonly givers: Array<() => void> = [];

  constructor(private readonly capacity: number) {}

  push(item: SourceItem): void {
    this.items.push(item);
    wake(this.takers);
  }

  /** The item pushed last, if it has not been taken yet. */
  replaceLast(change: (item: SourceItem) => SourceItem): boolean {
    const last = this.items.at(-1);
    if (last === undefined) return false;
    this.items[this.items.length - 1] = change(last);
    return true;
  }

  /** Undefined: there is room. */
  room(): Promise<void> | undefined {
    if (this.items.length < this.capacity || this.ended) return undefined;
    return new Promise((resolve) => this.givers.push(resolve));
  }

  fail(thrown: unknown): void {
    this.failure ??= { thrown };
    wake(this.takers);
  }

  end(): void {
    this.ended = true;
    wake(this.takers);
    wake(this.givers);
  }

  /** Everything that waits, up to `max`; [] once it has ended. What came before a failure is given before it. */
  async take(max: number): Promise<readonly SourceItem[]> {
    while (this.items.length === 0) {
      if (this.ended) return [];
      if (this.failure !== undefined) throw this.failure.thrown;
      await new Promise<void>((resolve) => this.takers.push(resolve));
    }
    if (this.ended) return [];
    const taken = this.items.length <= max ? this.items : this.items.slice(0, max);
    this.items = this.items.length <= max ? [] : this.items.slice(max);
    if (this.items.length < this.capacity) wake(this.givers);
    return taken;
  }
}

function wake(waiting: Array<() => void>): void {
  for (const resolve of waiting.splice(0)) resolve();
}
