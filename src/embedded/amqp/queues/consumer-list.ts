import type { Entry, Message } from '../storage/entry.js';

/** Who takes messages from a queue; a channel's side of it is behind this. */
export interface Consumer {
  readonly tag: string;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  readonly priority: number;
  /** Prefetch and the connection allow one more. */
  canTake(): boolean;
  deliver(entry: Entry, message: Message): void;
  /** The queue is gone. */
  cancelled(): void;
}

/** A queue's consumers: higher priorities first, equal ones in turn; or only the first one is active. */
export class ConsumerList {
  private consumers: Consumer[] = [];

  constructor(private readonly singleActive: boolean) {}

  get size(): number {
    return this.consumers.length;
  }

  get hasExclusive(): boolean {
    return this.consumers.some(({ exclusive }) => exclusive);
  }

  add(consumer: Consumer): void {
    const at = this.consumers.findIndex(({ priority }) => priority < consumer.priority);
    if (at < 0 || this.singleActive) this.consumers.push(consumer);
    else this.consumers.splice(at, 0, consumer);
  }

  remove(consumer: Consumer): boolean {
    const at = this.consumers.indexOf(consumer);
    if (at < 0) return false;
    this.consumers.splice(at, 1);
    return true;
  }

  /** The consumer of the next message, which moves behind its equals. Undefined where none can take one. */
  next(): Consumer | undefined {
    if (this.singleActive) {
      const [active] = this.consumers;
      return active?.canTake() ? active : undefined;
    }
    const at = this.consumers.findIndex((consumer) => consumer.canTake());
    if (at < 0) return undefined;
    const consumer = this.consumers[at] as Consumer;
    if (this.consumers.length > 1) {
      this.consumers.splice(at, 1);
      this.add(consumer);
    }
    return consumer;
  }

  clear(): readonly Consumer[] {
    const all = this.consumers;
    this.consumers = [];
    return all;
  }

  *[Symbol.iterator](): Iterator<Consumer> {
    yield* this.consumers;
  }
}
