import { randomBytes } from 'node:crypto';
import type { Args } from '../../../protocol/amqp/method.js';
import {
  queueBind,
  queueBindOk,
  queueDeclare,
  queueDeclareOk,
  queueDelete,
  queueDeleteOk,
  queuePurge,
  queuePurgeOk,
  queueUnbind,
  queueUnbindOk,
} from '../../../protocol/amqp/methods.js';
import { AmqpError, named } from '../amqp-error.js';
import { lockedQueue } from '../broker.js';
import type { Channel } from '../connection/channel.js';
import { REPLY_QUEUE } from '../connection/reply-consumer.js';
import type { Queue } from '../queues/queue.js';
import { COMPARED_ARGUMENTS, typeOf } from '../queues/queue-arguments.js';
import { assertSameArguments, assertSameField } from './equivalence.js';
import { bind, refuseDefaultExchange, refuseReserved, unbind } from './exchange.js';
import { handler, type MethodHandler } from './handler.js';

type DeclareArgs = Args<typeof queueDeclare.fields>;

function declared(channel: Channel, args: DeclareArgs): Queue {
  const { broker, connection } = channel;
  if (args.passive) {
    const queue = channel.queue(args.queue);
    queue.used();
    return queue;
  }
  const name = args.queue === '' ? `amq.gen-${randomBytes(16).toString('base64url')}` : args.queue;
  const existing = broker.queues.get(name);
  if (existing !== undefined) {
    assertSame(channel, args, existing);
    existing.used();
    return existing;
  }
  if (args.queue !== '') refuseReserved('queue', name);
  const { durable, exclusive, autoDelete, arguments: table } = args;
  if (typeOf(table) === 'quorum') assertQuorum(args, named('queue', name));
  return broker.declareQueue({ name, durable, autoDelete, arguments: table }, exclusive ? connection : undefined);
}

function assertQuorum({ durable, exclusive, autoDelete }: DeclareArgs, what: string): void {
  const property = !durable ? 'non-durable' : exclusive ? 'exclusive-owner' : autoDelete ? 'auto-delete' : undefined;
  if (property === undefined) return;
  throw new AmqpError('PRECONDITION_FAILED', `invalid property '${property}' for ${what}`);
}

function assertSame(channel: Channel, args: DeclareArgs, existing: Queue): void {
  const what = named('queue', existing.name);
  if (existing.owner !== (args.exclusive ? channel.connection : undefined)) throw lockedQueue(existing.name);
  assertSameField('durable', what, args.durable, existing.durable);
  assertSameField('auto_delete', what, args.autoDelete, existing.autoDelete);
  if (typeOf(args.arguments) !== existing.settings.type) {
    assertSameArguments(['x-queue-type'], what, args.arguments, existing.arguments);
  }
  assertSameArguments(COMPARED_ARGUMENTS, what, args.arguments, existing.arguments);
}

function remove(channel: Channel, args: Args<typeof queueDelete.fields>): void {
  const { broker } = channel;
  let messageCount = 0;
  if (args.queue === '' || broker.queues.has(args.queue)) {
    const queue = channel.queue(args.queue);
    if (args.ifUnused && queue.consumers.size > 0) {
      throw new AmqpError('PRECONDITION_FAILED', `${named('queue', queue.name)} in use`);
    }
    if (args.ifEmpty && queue.ready.count > 0) {
      throw new AmqpError('PRECONDITION_FAILED', `${named('queue', queue.name)} not empty`);
    }
    messageCount = broker.removeQueue(queue);
  }
  if (!args.nowait) channel.send(queueDeleteOk, { messageCount });
}

export const QUEUE_HANDLERS: readonly MethodHandler[] = [
  handler(queueDeclare, {
    supports:
      'passive, durable, exclusive, auto-delete, names given by the server, the arguments listed below. A second declaration has to be equal.',
    lacks: 'Streams.',
    handle: (channel, args) => {
      if (args.queue === REPLY_QUEUE || channel.broker.replies.has(args.queue)) {
        // Servers ask whether their client still waits for the reply.
        channel.send(queueDeclareOk, { queue: args.queue, messageCount: 0, consumerCount: 1 });
        return;
      }
      const queue = declared(channel, args);
      channel.lastQueue = queue.name;
      if (args.nowait) return;
      const [messageCount, consumerCount] = [queue.ready.count, queue.consumers.size];
      channel.send(queueDeclareOk, { queue: queue.name, messageCount, consumerCount });
    },
  }),
  handler(queueBind, {
    supports: 'Any exchange but the default one. The same binding again changes nothing.',
    handle: (channel, args) => {
      refuseDefaultExchange(args.exchange);
      const queue = channel.queue(args.queue);
      // Without a queue's name and a key, the name of the queue last declared is the key.
      const routingKey = args.queue === '' && args.routingKey === '' ? queue.name : args.routingKey;
      bind(channel.broker, queue, { ...args, routingKey });
      if (!args.nowait) channel.send(queueBindOk, {});
    },
  }),
  handler(queueUnbind, {
    supports: 'A missing binding is not an error.',
    handle: (channel, args) => {
      refuseDefaultExchange(args.exchange);
      const isThere = args.queue === '' || channel.broker.queues.has(args.queue);
      unbind(channel.broker, isThere ? channel.queue(args.queue) : undefined, args);
      channel.send(queueUnbindOk, {});
    },
  }),
  handler(queuePurge, {
    supports: 'Removes ready messages, not unacknowledged ones.',
    handle: (channel, args) => {
      const messageCount = channel.queue(args.queue).purge();
      if (!args.nowait) channel.send(queuePurgeOk, { messageCount });
    },
  }),
  handler(queueDelete, {
    supports: 'if-unused, if-empty. A missing queue is not an error; consumers are cancelled.',
    handle: remove,
  }),
];
