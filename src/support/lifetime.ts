/**
 * Owns what a piece of work has started. Whatever is started registers its clean-up at once; `end` runs the
 * clean-ups in reverse order, each exactly once, all of them even where one throws.
 */
export class Lifetime {
  private readonly cleanups: Array<() => void | Promise<void>> = [];
  private ended: Promise<void> | undefined;

  onEnd(cleanup: () => void | Promise<void>): void {
    this.cleanups.push(cleanup);
  }

  end(): Promise<void> {
    this.ended ??= this.runCleanups();
    return this.ended;
  }

  private async runCleanups(): Promise<void> {
    const failures: unknown[] = [];
    for (let cleanup = this.cleanups.pop(); cleanup !== undefined; cleanup = this.cleanups.pop()) {
      try {
        await cleanup();
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, 'several clean-ups failed');
  }
}
