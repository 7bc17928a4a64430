import type { Clock } from '../../../support/clock.js';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';

/** What writes to disk when a commit comes. Both may throw; what failed is tried again. */
export interface Committed {
  writeMessages(): void;
  writeMarks(): void;
  /** Something is left for the next commit. */
  readonly wantsCommit: boolean;
}

const RETRY_MS = 1_000;

/**
 * Group commit: whatever was published, acknowledged and delivered in one turn of the event loop is written at its end,
 * then publishers get their confirms and sockets their bytes. Messages go before marks over all queues, so that a
 * message that moves (dead-lettering) is in its new queue before it leaves the old one. While the disk takes nothing,
 * confirms wait, publishers are told to wait, and the commit is tried again.
 */
export class Commits {
  private readonly dirty = new Set<Committed>();
  private afterwards: Array<() => void> = [];
  private readonly outputs = new Set<{ flush(): void }>();
  private scheduled = false;
  private cancelRetry: (() => void) | undefined;
  /** Why the disk takes nothing; undefined while all is well. */
  failure: string | undefined;
  private readonly watchers = new Set<(failure: string | undefined) => void>();

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  touch(written: Committed): void {
    this.dirty.add(written);
    this.schedule();
  }

  /** Calls back once everything up to now is on disk. */
  after(callback: () => void): void {
    this.afterwards.push(callback);
    this.schedule();
  }

  /** Flushes this output at the end of the turn. */
  send(output: { flush(): void }): void {
    this.outputs.add(output);
    this.schedule();
  }

  forget(written: Committed): void {
    this.dirty.delete(written);
  }

  /** Calls back when the disk begins to refuse and when it takes again. */
  watch(changed: (failure: string | undefined) => void): () => void {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => this.run());
  }

  /** Writes at once what waits. */
  run(): void {
    this.scheduled = false;
    if (this.write()) {
      const callbacks = this.afterwards;
      this.afterwards = [];
      for (const callback of callbacks) callback();
    }
    const outputs = [...this.outputs];
    this.outputs.clear();
    for (const output of outputs) output.flush();
  }

  private write(): boolean {
    if (this.cancelRetry !== undefined) return false;
    try {
      const dirty = [...this.dirty];
      for (const written of dirty) written.writeMessages();
      for (const written of dirty) {
        written.writeMarks();
        this.dirty.delete(written);
        if (written.wantsCommit) this.touch(written);
      }
    } catch (failure) {
      this.failed(messageOf(failure));
      return false;
    }
    if (this.failure !== undefined) {
      this.log.info('the disk takes writes again');
      this.tell(undefined);
    }
    return true;
  }

  private failed(why: string): void {
    if (this.failure === undefined) this.log.error('the disk takes no writes; publishers wait', { why });
    this.cancelRetry = this.clock.schedule(RETRY_MS, () => {
      this.cancelRetry = undefined;
      this.schedule();
    });
    if (this.failure !== why) this.tell(why);
  }

  private tell(failure: string | undefined): void {
    this.failure = failure;
    for (const changed of this.watchers) changed(failure);
  }

  /** Writes what waits, if the disk takes it, and never again. */
  close(): void {
    this.stopRetry();
    this.run();
    this.stopRetry();
  }

  private stopRetry(): void {
    this.cancelRetry?.();
    this.cancelRetry = undefined;
  }
}
