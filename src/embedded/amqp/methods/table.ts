import type { Method } from '../../../protocol/amqp/method.js';
import { BASIC_HANDLERS } from './basic.js';
import { CHANNEL_HANDLERS } from './channel.js';
import { EXCHANGE_HANDLERS } from './exchange.js';
import type { MethodHandler } from './handler.js';
import { QUEUE_HANDLERS } from './queue.js';

/** Every method that a client may send on a channel: what the channels answer by and what the documentation prints. */
export const HANDLERS: ReadonlyMap<Method, MethodHandler> = new Map(
  [...CHANNEL_HANDLERS, ...EXCHANGE_HANDLERS, ...QUEUE_HANDLERS, ...BASIC_HANDLERS].map((entry) => [
    entry.method,
    entry,
  ]),
);
