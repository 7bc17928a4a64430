import type { Clock } from '../../../support/clock.js';

/**
 * Heartbeats of one connection: something is sent at least every half interval, and a client that was silent for two of
 * them is taken for dead. Both sides count any traffic.
 */
export class Heartbeat {
  /** The client sent something since the last look. */
  received = true;
  private silentLooks = 0;
  private cancel: () => void;

  constructor(
    private readonly clock: Clock,
    intervalMs: number,
    /** Sends a heartbeat where nothing else was sent. */
    private readonly beat: () => void,
    private readonly dead: () => void,
  ) {
    this.cancel = this.schedule(intervalMs / 2);
  }

  private schedule(ms: number): () => void {
    return this.clock.schedule(ms, () => {
      this.silentLooks = this.received ? 0 : this.silentLooks + 1;
      this.received = false;
      if (this.silentLooks >= 4) {
        this.dead();
        return;
      }
      this.beat();
      this.cancel = this.schedule(ms);
    });
  }

  stop(): void {
    this.cancel();
  }
}
