import { basicCancel, basicDeliver } from '../../../protocol/amqp/methods.js';
import type { Consumer } from '../queues/consumer-list.js';
import type { Queue } from '../queues/queue.js';
import type { Entry, Message } from '../storage/entry.js';
import type { Channel } from './channel.js';

export interface ConsumerOptions {
  readonly tag: string;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  readonly priority: number;
  /** Deliveries that may be out at once; 0: any number. */
  readonly prefetch: number;
}

/** One consumer of a channel. */
export class ChannelConsumer implements Consumer {
  readonly tag: string;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  readonly priority: number;
  readonly prefetch: number;
  /** How many of its deliveries are not settled. */
  out = 0;

  constructor(
    readonly channel: Channel,
    readonly queue: Queue,
    options: ConsumerOptions,
  ) {
    this.tag = options.tag;
    this.noAck = options.noAck;
    this.exclusive = options.exclusive;
    this.priority = options.priority;
    this.prefetch = options.prefetch;
  }

  canTake(): boolean {
    if (!this.channel.canDeliver) return false;
    if (this.noAck) return true;
    return (this.prefetch === 0 || this.out < this.prefetch) && this.channel.hasCredit;
  }

  deliver(entry: Entry, message: Message): void {
    const deliveryTag = this.channel.deliveries.nextTag();
    if (!this.noAck) {
      this.out++;
      this.channel.consumersOut++;
      this.channel.deliveries.add({ tag: deliveryTag, queue: this.queue, entry, consumer: this });
    }
    const { exchange, routingKey } = message;
    const { redelivered } = entry;
    const args = { consumerTag: this.tag, deliveryTag, redelivered, exchange, routingKey };
    const content = entry.deliveryCount === 0 ? message : this.channel.withDeliveryCount(entry, message);
    this.channel.sendContent(basicDeliver, args, content);
  }

  cancelled(): void {
    this.channel.consumers.delete(this.tag);
    if (this.channel.connection.can('consumer_cancel_notify')) {
      this.channel.send(basicCancel, { consumerTag: this.tag, nowait: true });
    }
  }
}
