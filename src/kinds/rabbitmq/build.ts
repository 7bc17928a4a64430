import { section } from '../../pipeline/kind.js';
import { brokerName } from './ids.js';
import type { RabbitmqArguments } from './section.js';
import { rabbitmq as spec } from './spec.js';

export const rabbitmq = section(
  'rabbitmq',
  spec.optional().describe('RabbitMQ exchanges, queues and bindings'),
  (declared, { located, shared }) => {
    if (declared === undefined) return { rabbitmq: undefined };
    const { guest, exchanges, queues, bindings } = declared;
    const own = (name: string): string => brokerName(shared, name);
    const named = new Set([...Object.keys(exchanges), ...Object.keys(queues)]);
    const withOwn = (given: RabbitmqArguments): RabbitmqArguments =>
      mapValues(given, (value, key) => (NAMING.has(key) && named.has(String(value)) ? own(String(value)) : value));
    return {
      rabbitmq: {
        guest,
        exchanges: Object.entries(exchanges).map(([name, exchange]) => ({
          ...located(own(name), 'rabbitmq', 'exchanges', name),
          server: exchange?.server,
          type: exchange?.type ?? 'direct',
          durable: exchange?.durable ?? true,
          arguments: withOwn(exchange?.arguments ?? {}),
        })),
        queues: Object.entries(queues).map(([name, queue]) => ({
          ...located(own(name), 'rabbitmq', 'queues', name),
          server: queue?.server,
          durable: queue?.durable ?? true,
          deadLetter: queue?.deadLetter === undefined ? undefined : own(queue.deadLetter),
          arguments: withOwn({ ...queue?.arguments, ...deadLetterArguments(queue?.deadLetter) }),
        })),
        bindings: bindings.map(({ exchange, queue, key, arguments: more }, index) => ({
          ...located(
            `${own(exchange)} → ${own(queue)}${key === undefined ? '' : ` (${key})`}`,
            'rabbitmq',
            'bindings',
            String(index),
          ),
          server: queues[queue]?.server,
          exchange: own(exchange),
          queue: own(queue),
          key: key ?? '',
          arguments: more,
        })),
      },
    };
  },
);

/** Arguments that name an exchange or a queue. */
const NAMING: ReadonlySet<string> = new Set([
  'alternate-exchange',
  'x-dead-letter-exchange',
  'x-dead-letter-routing-key',
]);

const mapValues = (
  of: RabbitmqArguments,
  change: (value: RabbitmqArguments[string], key: string) => RabbitmqArguments[string],
): RabbitmqArguments => Object.fromEntries(Object.entries(of).map(([key, value]) => [key, change(value, key)]));

/** By the default exchange, which routes to the queue of that name. */
function deadLetterArguments(queue: string | undefined): Readonly<Record<string, string>> {
  return queue === undefined ? {} : { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': queue };
}
