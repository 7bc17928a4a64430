import { randomBytes } from 'node:crypto';
import { basicDeliver } from '../../../protocol/amqp/methods.js';
import type { PublishedMessage, Recipient } from '../queues/queue.js';
import type { Channel } from './channel.js';

/** What clients consume from, and name in reply-to, for answers without a queue. */
export const REPLY_QUEUE = 'amq.rabbitmq.reply-to';

/**
 * A channel's consumer of direct replies (https://www.rabbitmq.com/direct-reply-to.html): whoever publishes to its name by
 * the default exchange reaches it, as long as it is there and its client reads. Nothing is kept for it.
 */
export class ReplyConsumer implements Recipient {
  /** Goes into the reply-to of the channel's publications; it cannot be guessed. */
  readonly name = `${REPLY_QUEUE}.${randomBytes(24).toString('base64url')}`;

  constructor(
    private readonly channel: Channel,
    readonly tag: string,
  ) {}

  publish({ properties, body }: PublishedMessage): boolean {
    const { channel } = this;
    if (!channel.isOpen || channel.connection.output.isStuck) return true;
    const deliveryTag = channel.deliveries.nextTag();
    const args = { consumerTag: this.tag, deliveryTag, redelivered: false, exchange: '', routingKey: this.name };
    channel.sendContent(basicDeliver, args, { properties, body });
    return true;
  }
}
