import type { Pipeline } from '../../pipeline/pipeline.js';

/** What an exchange or queue is called on the broker; those of RabbitMQ itself have no owner. */
export const brokerName = (shared: (name: string) => string, name: string): string =>
  name === '' || name.startsWith('amq.') ? name : shared(name);

export const exchangeId = (name: string): string => `exchange/${name}`;
export const queueId = (name: string): string => `queue/${name}`;
export const bindingId = (index: number): string => `binding/${index}`;

/** All that is declared of RabbitMQ: what a service waits for. */
export function rabbitmqIds({ rabbitmq }: Pipeline): readonly string[] {
  if (rabbitmq === undefined) return [];
  return [
    ...rabbitmq.exchanges.map(({ name }) => exchangeId(name)),
    ...rabbitmq.queues.map(({ name }) => queueId(name)),
    ...rabbitmq.bindings.map((_, index) => bindingId(index)),
  ];
}
