import type { FieldTable, FieldValue } from '../../../protocol/amqp/field-table.js';
import type { Binding, Exchange } from '../exchanges/exchange.js';
import { Queue, type QueueCounters } from '../queues/queue.js';

/** Field tables, queues, exchanges and bindings as RabbitMQ's HTTP API shows them. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export function tableJson(table: FieldTable): Json {
  return Object.fromEntries([...table].map(([name, value]) => [name, valueJson(value)]));
}

function valueJson(field: FieldValue): Json {
  switch (field.type) {
    case 'table':
      return tableJson(field.value);
    case 'array':
      return field.value.map(valueJson);
    case 'long':
    case 'timestamp':
      return Number(field.value);
    case 'binary':
      return field.value.toString('latin1');
    case 'decimal':
      return field.value.unscaled / 10 ** field.value.scale;
    default:
      return field.value;
  }
}

/** As in RabbitMQ what never happened is absent, and dead letters do not count as published. Rates are not measured. */
export function statsJson(counters: readonly QueueCounters[]): { readonly message_stats?: Json } {
  const sum = (name: keyof QueueCounters): number => counters.reduce((total, each) => total + each[name], 0);
  const delivered = sum('deliver') + sum('deliverNoAck') + sum('get') + sum('getNoAck');
  const published = sum('publish');
  if (published + delivered === 0) return {};
  const deliveries = {
    ack: sum('ack'),
    deliver: sum('deliver'),
    deliver_get: delivered,
    deliver_no_ack: sum('deliverNoAck'),
    get: sum('get'),
    get_no_ack: sum('getNoAck'),
    redeliver: sum('redeliver'),
  };
  return {
    message_stats: { ...(delivered === 0 ? {} : deliveries), ...(published === 0 ? {} : { publish: published }) },
  };
}

export function queueJson(queue: Queue, node: string): Json {
  const { ready, unacknowledged, unacknowledgedBytes } = queue;
  return {
    name: queue.name,
    vhost: '/',
    type: queue.settings.type,
    durable: queue.durable,
    auto_delete: queue.autoDelete,
    exclusive: queue.owner !== undefined,
    arguments: tableJson(queue.arguments),
    node,
    state: 'running',
    consumers: queue.consumers.size,
    consumer_details: [...queue.consumers].map(({ tag, noAck, exclusive }) => ({
      consumer_tag: tag,
      ack_required: !noAck,
      exclusive,
    })),
    messages: ready.count + unacknowledged,
    messages_ready: ready.count,
    messages_unacknowledged: unacknowledged,
    message_bytes: ready.bytes + unacknowledgedBytes,
    message_bytes_ready: ready.bytes,
    message_bytes_unacknowledged: unacknowledgedBytes,
    message_bytes_persistent: queue.diskBytes,
    ...statsJson([queue.counters]),
  };
}

export function exchangeJson(exchange: Exchange): Json {
  return {
    name: exchange.name,
    vhost: '/',
    type: exchange.type,
    durable: exchange.durable,
    auto_delete: exchange.autoDelete,
    internal: exchange.internal,
    arguments: tableJson(exchange.arguments),
  };
}

export function bindingJson({ source, destination, routingKey, arguments: args }: Binding): Json {
  return {
    source: source.name,
    vhost: '/',
    destination: destination.name,
    destination_type: destination instanceof Queue ? 'queue' : 'exchange',
    routing_key: routingKey,
    arguments: tableJson(args),
    properties_key: encodeURIComponent(routingKey) || '~',
  };
}

/** Every queue is bound to the default exchange by its name. */
export function defaultBindingJson(queue: Queue): Json {
  return {
    source: '',
    vhost: '/',
    destination: queue.name,
    destination_type: 'queue',
    routing_key: queue.name,
    arguments: {},
    properties_key: encodeURIComponent(queue.name),
  };
}
