import { randomBytes } from 'node:crypto';
import { integerOf } from '../../../protocol/amqp/field-table.js';
import type { Args } from '../../../protocol/amqp/method.js';
import {
  basicAck,
  basicCancel,
  basicCancelOk,
  basicConsume,
  basicConsumeOk,
  basicGet,
  basicGetEmpty,
  basicGetOk,
  basicNack,
  basicPublish,
  basicQos,
  basicQosOk,
  basicRecover,
  basicRecoverAsync,
  basicRecoverOk,
  basicReject,
} from '../../../protocol/amqp/methods.js';
import { AmqpError, named } from '../amqp-error.js';
import type { Channel } from '../connection/channel.js';
import { ChannelConsumer } from '../connection/channel-consumer.js';
import { REPLY_QUEUE, ReplyConsumer } from '../connection/reply-consumer.js';
import { handler, type MethodHandler } from './handler.js';

function consume(channel: Channel, args: Args<typeof basicConsume.fields>): void {
  const tag = args.consumerTag === '' ? `amq.ctag-${randomBytes(16).toString('base64url')}` : args.consumerTag;
  if (args.queue === REPLY_QUEUE) {
    consumeReplies(channel, tag, args);
    return;
  }
  const queue = channel.queue(args.queue);
  if (channel.consumers.has(tag)) {
    throw new AmqpError('NOT_ALLOWED', `attempt to reuse consumer tag '${tag}'`);
  }
  const priority = args.arguments.get('x-priority');
  if (priority !== undefined && integerOf(priority) === undefined) {
    const wrong = `"expected integer, got ${priority.type}"`;
    throw new AmqpError('PRECONDITION_FAILED', `invalid arg 'x-priority' for ${named('queue', queue.name)}: ${wrong}`);
  }
  if (queue.settings.type === 'quorum' && channel.channelPrefetch > 0) {
    throw new AmqpError('NOT_IMPLEMENTED', `${named('queue', queue.name)} does not support global qos`);
  }
  const consumer = new ChannelConsumer(channel, queue, {
    tag,
    noAck: args.noAck,
    exclusive: args.exclusive,
    priority: integerOf(priority) ?? 0,
    prefetch: channel.consumerPrefetch,
  });
  queue.consume(consumer);
  channel.consumers.set(tag, consumer);
  if (!args.nowait) channel.send(basicConsumeOk, { consumerTag: tag });
  queue.pump();
}

function consumeReplies(channel: Channel, tag: string, args: Args<typeof basicConsume.fields>): void {
  if (channel.replyConsumer !== undefined) throw new AmqpError('PRECONDITION_FAILED', 'reply consumer already set');
  if (!args.noAck) throw new AmqpError('PRECONDITION_FAILED', 'reply consumer cannot acknowledge');
  channel.setReplyConsumer(new ReplyConsumer(channel, tag));
  if (!args.nowait) channel.send(basicConsumeOk, { consumerTag: tag });
}

function get(channel: Channel, args: Args<typeof basicGet.fields>): void {
  const queue = channel.queue(args.queue);
  const taken = queue.take(args.noAck);
  if (taken === undefined) {
    channel.send(basicGetEmpty, { reserved1: '' });
    return;
  }
  const { entry, message } = taken;
  const tag = channel.deliveries.nextTag();
  if (!args.noAck) channel.deliveries.add({ tag, queue, entry, consumer: undefined });
  const { exchange, routingKey } = message;
  channel.sendContent(
    basicGetOk,
    { deliveryTag: tag, redelivered: entry.redelivered, exchange, routingKey, messageCount: queue.ready.count },
    queue.settings.type === 'quorum' ? channel.withDeliveryCount(entry, message) : message, // here even of none
  );
}

function recover(channel: Channel, requeue: boolean): void {
  if (!requeue) throw new AmqpError('NOT_IMPLEMENTED', 'requeue=false');
  channel.recover();
}

export const BASIC_HANDLERS: readonly MethodHandler[] = [
  handler(basicQos, {
    supports: 'A count per consumer, or (global) for the channel.',
    lacks: 'A size in bytes (540, as in RabbitMQ).',
    handle: (channel, { prefetchSize, prefetchCount, global }) => {
      if (prefetchSize > 0) throw new AmqpError('NOT_IMPLEMENTED', `prefetch_size!=0 (${prefetchSize})`);
      if (global) channel.channelPrefetch = prefetchCount;
      else channel.consumerPrefetch = prefetchCount;
      channel.send(basicQosOk, {});
      if (global) channel.wake();
    },
  }),
  handler(basicConsume, {
    supports:
      'no-ack, exclusive, tags of client or server, x-priority; consumers are told when their queue is deleted; direct replies (amq.rabbitmq.reply-to).',
    lacks: 'no-local is accepted and ignored, as in RabbitMQ.',
    handle: consume,
  }),
  handler(basicCancel, {
    supports: 'Unacknowledged messages stay so. An unknown tag is not an error.',
    handle: (channel, { consumerTag, nowait }) => {
      const consumer = channel.consumers.get(consumerTag);
      if (consumer !== undefined) channel.cancel(consumer);
      if (channel.replyConsumer?.tag === consumerTag) channel.setReplyConsumer(undefined);
      if (!nowait) channel.send(basicCancelOk, { consumerTag });
    },
  }),
  handler(basicPublish, {
    supports:
      'mandatory; persistent messages in durable queues are on disk when they are confirmed; expiration, priority, user-id, CC and BCC headers; up to 128 MiB.',
    lacks: 'immediate (540, as in RabbitMQ).',
  }),
  handler(basicGet, { supports: 'With and without no-ack.', handle: get }),
  handler(basicAck, {
    supports: 'multiple; tag 0 is everything.',
    handle: (channel, { deliveryTag, multiple }) => channel.settle(deliveryTag, multiple, 'ack'),
  }),
  handler(basicReject, {
    supports: 'Dead-letters the message, or puts it back in its place.',
    handle: (channel, { deliveryTag, requeue }) => channel.settle(deliveryTag, false, requeue ? 'requeue' : 'reject'),
  }),
  handler(basicNack, {
    supports: 'As basic.reject, with multiple.',
    handle: (channel, { deliveryTag, multiple, requeue }) =>
      channel.settle(deliveryTag, multiple, requeue ? 'requeue' : 'reject'),
  }),
  handler(basicRecover, {
    supports: 'Requeues everything unacknowledged.',
    lacks: 'requeue=false (540, as in RabbitMQ).',
    handle: (channel, { requeue }) => {
      recover(channel, requeue);
      channel.send(basicRecoverOk, {});
    },
  }),
  handler(basicRecoverAsync, {
    supports: 'As basic.recover, without an answer.',
    handle: (channel, { requeue }) => recover(channel, requeue),
  }),
];
