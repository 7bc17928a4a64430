import { AmqpError } from '../amqp-error.js';
import type { Queue } from '../queues/queue.js';
import type { Entry } from '../storage/entry.js';
import type { ChannelConsumer } from './channel-consumer.js';

export interface Delivery {
  readonly tag: number;
  readonly queue: Queue;
  readonly entry: Entry;
  /** Undefined: it was got, not delivered. */
  readonly consumer: ChannelConsumer | undefined;
}

/** What one channel has out: deliveries by their tags, oldest first. */
export class Deliveries {
  private readonly open = new Map<number, Delivery>();
  private lastTag = 0;

  get size(): number {
    return this.open.size;
  }

  nextTag(): number {
    return ++this.lastTag;
  }

  add(delivery: Delivery): void {
    this.open.set(delivery.tag, delivery);
  }

  /** Takes what a tag (and, with `multiple`, everything before it; 0 is all) stands for. Throws AmqpError 406. */
  take(tag: number, multiple: boolean): readonly Delivery[] {
    if (tag === 0 && multiple) return this.takeAll();
    const named = this.open.get(tag);
    if (named === undefined) throw new AmqpError('PRECONDITION_FAILED', `unknown delivery tag ${tag}`);
    if (!multiple) {
      this.open.delete(tag);
      return [named];
    }
    const taken: Delivery[] = [];
    for (const delivery of this.open.values()) {
      if (delivery.tag > tag) break;
      taken.push(delivery);
      this.open.delete(delivery.tag);
    }
    return taken;
  }

  takeAll(): readonly Delivery[] {
    const all = [...this.open.values()];
    this.open.clear();
    return all;
  }

  /** Gives back what was taken (a rollback), in its old order. */
  restore(taken: readonly Delivery[]): void {
    const all = [...this.open.values(), ...taken].sort((a, b) => a.tag - b.tag);
    this.open.clear();
    for (const delivery of all) this.open.set(delivery.tag, delivery);
  }
}

/** The entries of deliveries by their queues. */
export function byQueue(deliveries: readonly Delivery[]): ReadonlyMap<Queue, readonly Entry[]> {
  const queues = new Map<Queue, Entry[]>();
  for (const { queue, entry } of deliveries) {
    const entries = queues.get(queue);
    if (entries === undefined) queues.set(queue, [entry]);
    else entries.push(entry);
  }
  return queues;
}
