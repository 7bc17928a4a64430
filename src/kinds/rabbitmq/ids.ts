import type { Pipeline } from '../../pipeline/pipeline.js';
import type { ComponentId } from '../../targets/component.js';
import { serversOf } from '../several-servers.js';

export const rabbitmqServer = (name: string | undefined): ComponentId<'rabbitmq'> => ({
  kind: 'rabbitmq',
  name: name ?? 'rabbitmq',
});

/** As the file declares them, in order. */
export const rabbitmqServers = ({ rabbitmq }: Pick<Pipeline, 'rabbitmq'>): ReadonlyArray<string | undefined> =>
  rabbitmq === undefined ? [] : serversOf([...rabbitmq.exchanges, ...rabbitmq.queues]);

/** Where a queue is. */
export const serverOfQueue = ({ rabbitmq }: Pick<Pipeline, 'rabbitmq'>, queue: string): string | undefined =>
  rabbitmq?.queues.find(({ name }) => name === queue)?.server;

interface OnServer {
  readonly name: string;
  readonly server?: string | undefined;
}

/** Unique over several servers: no declared name holds a slash. */
export const nameOnServer = ({ name, server }: OnServer): string => (server === undefined ? name : `${server}/${name}`);

export function parseNameOnServer(text: string): OnServer {
  const slash = text.indexOf('/');
  return slash < 0 ? { name: text, server: undefined } : { name: text.slice(slash + 1), server: text.slice(0, slash) };
}

/** What an exchange or queue is called on the broker; those of RabbitMQ itself have no owner. */
export const brokerName = (shared: (name: string) => string, name: string): string =>
  name === '' || name.startsWith('amq.') ? name : shared(name);

export const exchangeId = (name: string): string => `exchange/${name}`;
export const queueId = (name: string): string => `queue/${name}`;
export const bindingId = (index: number): string => `binding/${index}`;

/** All that is declared on one RabbitMQ: what a service waits for. */
export function rabbitmqIds({ rabbitmq }: Pipeline, server: string | undefined): readonly string[] {
  if (rabbitmq === undefined) return [];
  const isThere = (one: { readonly server: string | undefined }): boolean => one.server === server;
  return [
    ...rabbitmq.exchanges.filter(isThere).map(({ name }) => exchangeId(name)),
    ...rabbitmq.queues.filter(isThere).map(({ name }) => queueId(name)),
    ...rabbitmq.bindings.flatMap((one, index) => (isThere(one) ? [bindingId(index)] : [])),
  ];
}

/** The same of each RabbitMQ that one of these queues or exchanges is on. */
export function rabbitmqIdsOf(pipeline: Pipeline, names: readonly string[]): readonly string[] {
  const { queues = [], exchanges = [] } = pipeline.rabbitmq ?? {};
  const found = names.map((name) => [...queues, ...exchanges].find((one) => one.name === name)?.server);
  return [...new Set(found)].flatMap((server) => rabbitmqIds(pipeline, server));
}
