import type { Entry } from './entry.js';

/** What a message costs beside its bytes, roughly. */
const MESSAGE_OVERHEAD_BYTES = 200;

/** The memory that contents of all queues' messages take: beyond the bound new ones stay on disk only. */
export class ContentMemory {
  private used = 0;

  constructor(private readonly bytesMax: number) {}

  get isFull(): boolean {
    return this.used > this.bytesMax;
  }

  keep(entry: Entry): void {
    this.used += weightOf(entry);
  }

  /** Gives an entry's content up; it is on disk, or no longer needed. */
  drop(entry: Entry): void {
    if (entry.message === undefined) return;
    this.used -= weightOf(entry);
    entry.message = undefined;
  }
}

const weightOf = ({ message }: Entry): number =>
  message === undefined ? 0 : message.body.length + message.properties.length + MESSAGE_OVERHEAD_BYTES;
