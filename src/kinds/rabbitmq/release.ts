import type { Deleted } from '../../clients/amqp/contract.js';
import { counted } from '../../support/counted.js';
import { waitUntil } from '../../support/retry.js';
import type { Released } from '../kind.js';
import { service } from '../service/component.js';
import type { Session } from '../session.js';
import { rabbitmqClient } from './client.js';
import { rabbitmqServer } from './ids.js';
import { exchangeResource, type LiveDeclared, queueResource } from './resource.js';

/** A consumer that is still there after this time is not one of the pipeline: the queue stays. */
const RECEIVERS_GONE_MS = 2_000;

/** On a RabbitMQ with an address. */
const foreignOn =
  (target: Session['target']) =>
  ({ server }: { readonly server: string | undefined }): boolean =>
    target.providerOf(rabbitmqServer(server)) === 'address';

/** Those of RabbitMQ itself can't be deleted. */
const isOwn = ({ name }: { readonly name: string }): boolean => !name.startsWith('amq.');

export function rabbitmqReleases({ pipeline: { rabbitmq }, target }: Session): readonly string[] {
  if (rabbitmq === undefined) return [];
  const isForeign = foreignOn(target);
  return [
    ...rabbitmq.queues.filter(isForeign).map(({ name }) => `RabbitMQ queue ${name} with its messages`),
    ...rabbitmq.exchanges
      .filter(isForeign)
      .filter(isOwn)
      .map(({ name }) => `RabbitMQ exchange ${name}`),
  ];
}

/**
 * Deletes the declared queues, with what is in them and their bindings, and then the exchanges, on a RabbitMQ with an
 * address. What is there otherwise than declared was not made by this pipeline, and what others receive from or are bound to is
 * in use: both stay, and are told.
 */
export async function releaseRabbitmq(session: Session): Promise<Released> {
  const { rabbitmq, services } = session.pipeline;
  const { target, clients } = session;
  const removed: string[] = [];
  const left: string[] = [];
  const isForeign = foreignOn(target);
  const queues = rabbitmq?.queues.filter(isForeign) ?? [];
  const exchanges = rabbitmq?.exchanges.filter(isForeign).filter(isOwn) ?? [];
  if (queues.length + exchanges.length === 0) return { removed, left };
  // Services first: they hold their queues, and would publish on.
  await Promise.all(
    services
      .filter(({ name }) => target.providerOf(service(name)) !== 'address')
      .map(({ name }) => target.stop(service(name))),
  );
  const remove = async (what: string, live: LiveDeclared | undefined, work: () => Promise<Deleted>): Promise<void> => {
    if (live === undefined) return;
    if (live.differs !== undefined)
      return void left.push(`${what}, which differs from the file, so it belongs to someone else`);
    const outcome = await work();
    if (outcome === 'in use') left.push(`${what}, which others use`);
    else removed.push(`${what}${messagesText(outcome.messages)}`);
  };
  for (const queue of queues) {
    const amqp = await rabbitmqClient(clients, queue.server);
    const live = await queueResource.read(queue, { amqp });
    await remove(`RabbitMQ queue ${queue.name}`, live, () =>
      onceLetGo(queue.name, () => amqp.deleteQueue(queue.name), session),
    );
  }
  for (const exchange of exchanges) {
    const amqp = await rabbitmqClient(clients, exchange.server);
    const live = await exchangeResource.read(exchange, { amqp });
    await remove(`RabbitMQ exchange ${exchange.name}`, live, () => amqp.deleteExchange(exchange.name));
  }
  return { removed, left };
}

/** The broker may still know a receiver that has just been stopped. */
function onceLetGo(name: string, remove: () => Promise<Deleted>, { signal }: Session): Promise<Deleted> {
  const untilMs = performance.now() + RECEIVERS_GONE_MS;
  return waitUntil(
    `queue ${name} to be released`,
    async () => {
      const outcome = await remove();
      return outcome === 'in use' && performance.now() < untilMs ? undefined : outcome;
    },
    { timeoutMs: RECEIVERS_GONE_MS * 2, signal, maxPauseMs: 200 },
  );
}

const messagesText = (count: number): string => (count === 0 ? '' : ` with ${counted(count, 'message')}`);
