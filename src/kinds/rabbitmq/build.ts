import type { BuildInput } from '../../pipeline/build.js';
import { locate } from '../../pipeline/document.js';
import type { Located, RabbitmqSection } from '../../pipeline/pipeline.js';

/** The section `rabbitmq:` with its places, and with what `deadLetter` means to the broker. */
export function buildRabbitmq({ spec, tree }: BuildInput): RabbitmqSection | undefined {
  if (spec.rabbitmq === undefined) return undefined;
  const { exchanges, queues, bindings } = spec.rabbitmq;
  const located = (name: string, ...place: string[]): Located => ({
    name,
    location: locate(tree, ['rabbitmq', ...place]),
    locationOf: (...path) => locate(tree, ['rabbitmq', ...place, ...path]),
  });
  return {
    exchanges: Object.entries(exchanges).map(([name, exchange]) => ({
      ...located(name, 'exchanges', name),
      type: exchange?.type ?? 'direct',
      durable: exchange?.durable ?? true,
      arguments: exchange?.arguments ?? {},
    })),
    queues: Object.entries(queues).map(([name, queue]) => ({
      ...located(name, 'queues', name),
      durable: queue?.durable ?? true,
      deadLetter: queue?.deadLetter,
      arguments: { ...queue?.arguments, ...deadLetterArguments(queue?.deadLetter) },
    })),
    bindings: bindings.map(({ exchange, queue, key, arguments: more }, index) => ({
      ...located(`${exchange} → ${queue}${key === undefined ? '' : ` (${key})`}`, 'bindings', String(index)),
      exchange,
      queue,
      key: key ?? '',
      arguments: more,
    })),
  };
}

/** By the default exchange, which routes to the queue of that name. */
function deadLetterArguments(queue: string | undefined): Readonly<Record<string, string>> {
  return queue === undefined ? {} : { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': queue };
}
