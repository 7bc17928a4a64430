import type { FieldTable } from '../../../protocol/amqp/field-table.js';
import type { Args } from '../../../protocol/amqp/method.js';
import {
  exchangeBind,
  exchangeBindOk,
  exchangeDeclare,
  exchangeDeclareOk,
  exchangeDelete,
  exchangeDeleteOk,
  exchangeUnbind,
  exchangeUnbindOk,
} from '../../../protocol/amqp/methods.js';
import { AmqpError, named } from '../amqp-error.js';
import type { Broker } from '../broker.js';
import type { Channel } from '../connection/channel.js';
import { type Destination, EXCHANGE_TYPES } from '../exchanges/exchange.js';
import { assertMatchMode } from '../exchanges/headers-match.js';
import { assertSameArguments, assertSameField } from './equivalence.js';
import { handler, type MethodHandler } from './handler.js';

export function refuseDefaultExchange(name: string): void {
  if (name === '') throw new AmqpError('ACCESS_REFUSED', 'operation not permitted on the default exchange');
}

export function refuseReserved(kind: 'queue' | 'exchange', name: string): void {
  if (!name.startsWith('amq.')) return;
  throw new AmqpError('ACCESS_REFUSED', `${kind} name '${name}' contains reserved prefix 'amq.*'`);
}

export function bind(
  broker: Broker,
  destination: Destination,
  from: { readonly exchange: string; readonly routingKey: string; readonly arguments: FieldTable },
): void {
  const source = broker.exchange(from.exchange);
  if (source.type === 'headers') assertMatchMode(from.arguments);
  broker.bind({ source, destination, routingKey: from.routingKey, arguments: from.arguments });
}

/** What is not bound, or not there at all, is no error. */
export function unbind(
  broker: Broker,
  destination: Destination | undefined,
  from: { readonly exchange: string; readonly routingKey: string; readonly arguments: FieldTable },
): void {
  const source = broker.exchanges.get(from.exchange);
  const binding = destination && source?.find(destination, from.routingKey, from.arguments);
  if (binding !== undefined) broker.unbind(binding);
}

function declare(channel: Channel, args: Args<typeof exchangeDeclare.fields>): void {
  const { broker } = channel;
  const { exchange: name, passive } = args;
  const existing = broker.exchanges.get(name);
  refuseDefaultExchange(name);
  if (passive) {
    broker.exchange(name);
  } else {
    const type = EXCHANGE_TYPES.find((known) => known === args.type);
    if (type === undefined) throw new AmqpError('COMMAND_INVALID', `invalid exchange type '${args.type}'`);
    if (existing === undefined) {
      refuseReserved('exchange', name);
      const { durable, autoDelete, internal, arguments: table } = args;
      broker.declareExchange({ name, type, durable, autoDelete, internal, arguments: table });
    } else {
      const what = named('exchange', name);
      assertSameField('type', what, type, existing.type);
      assertSameField('durable', what, args.durable, existing.durable);
      assertSameField('auto_delete', what, args.autoDelete, existing.autoDelete);
      assertSameField('internal', what, args.internal, existing.internal);
      assertSameArguments(['alternate-exchange'], what, args.arguments, existing.arguments);
    }
  }
  if (!args.nowait) channel.send(exchangeDeclareOk, {});
}

function remove(channel: Channel, { exchange: name, ifUnused, nowait }: Args<typeof exchangeDelete.fields>): void {
  const { broker } = channel;
  refuseDefaultExchange(name);
  if (name.startsWith('amq.')) {
    throw new AmqpError('ACCESS_REFUSED', `deletion of system ${named('exchange', name)} not allowed`);
  }
  const exchange = broker.exchanges.get(name);
  if (exchange !== undefined) {
    if (ifUnused && exchange.hasBindings) {
      throw new AmqpError('PRECONDITION_FAILED', `${named('exchange', name)} in use`);
    }
    broker.removeExchange(exchange);
  }
  if (!nowait) channel.send(exchangeDeleteOk, {});
}

export const EXCHANGE_HANDLERS: readonly MethodHandler[] = [
  handler(exchangeDeclare, {
    supports:
      'direct, fanout, topic, headers; passive, durable, auto-delete, internal, alternate-exchange. A second declaration has to be equal.',
    lacks: 'Exchange types of plugins.',
    handle: declare,
  }),
  handler(exchangeDelete, { supports: 'if-unused. A missing exchange is not an error.', handle: remove }),
  handler(exchangeBind, {
    supports: 'Exchange to exchange; cycles are allowed.',
    handle: (channel, args) => {
      refuseDefaultExchange(args.source);
      refuseDefaultExchange(args.destination);
      bind(channel.broker, channel.broker.exchange(args.destination), { ...args, exchange: args.source });
      if (!args.nowait) channel.send(exchangeBindOk, {});
    },
  }),
  handler(exchangeUnbind, {
    supports: 'A missing binding is not an error.',
    handle: (channel, args) => {
      refuseDefaultExchange(args.source);
      refuseDefaultExchange(args.destination);
      unbind(channel.broker, channel.broker.exchanges.get(args.destination), { ...args, exchange: args.source });
      if (!args.nowait) channel.send(exchangeUnbindOk, {});
    },
  }),
];
