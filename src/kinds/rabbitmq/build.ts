import { section } from '../../pipeline/kind.js';
import { rabbitmq as spec } from './spec.js';

export const rabbitmq = section(
  'rabbitmq',
  spec.optional().describe('RabbitMQ exchanges, queues and bindings'),
  (declared, { located }) => {
    if (declared === undefined) return { rabbitmq: undefined };
    const { guest, exchanges, queues, bindings } = declared;
    return {
      rabbitmq: {
        guest,
        exchanges: Object.entries(exchanges).map(([name, exchange]) => ({
          ...located(name, 'rabbitmq', 'exchanges', name),
          type: exchange?.type ?? 'direct',
          durable: exchange?.durable ?? true,
          arguments: exchange?.arguments ?? {},
        })),
        queues: Object.entries(queues).map(([name, queue]) => ({
          ...located(name, 'rabbitmq', 'queues', name),
          durable: queue?.durable ?? true,
          deadLetter: queue?.deadLetter,
          arguments: { ...queue?.arguments, ...deadLetterArguments(queue?.deadLetter) },
        })),
        bindings: bindings.map(({ exchange, queue, key, arguments: more }, index) => ({
          ...located(
            `${exchange} → ${queue}${key === undefined ? '' : ` (${key})`}`,
            'rabbitmq',
            'bindings',
            String(index),
          ),
          exchange,
          queue,
          key: key ?? '',
          arguments: more,
        })),
      },
    };
  },
);

/** By the default exchange, which routes to the queue of that name. */
function deadLetterArguments(queue: string | undefined): Readonly<Record<string, string>> {
  return queue === undefined ? {} : { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': queue };
}
