import type { QueueFacts } from '../../clients/amqp/management.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import type { Session } from '../session.js';
import { managementClient, rabbitmqClient } from './client.js';
import { rabbitmqServer, serverOfQueue } from './ids.js';
import type { QueueSection } from './section.js';

/** What is known of a queue by now. */
export interface QueueState {
  readonly ready: number;
  readonly consumers: number;
  /** Undefined where the broker's HTTP API does not answer. */
  readonly facts: QueueFacts | undefined;
}

/** A real broker renews what its HTTP API tells every 5 s (collect_statistics_interval). */
const FOREIGN_STALE_MS = 6_000;

/** The facts of the HTTP API may be this old. */
export const staleMs = (queue: string, { target, pipeline }: Session): number =>
  target.providerOf(rabbitmqServer(serverOfQueue(pipeline, queue))) === 'embedded' ? 0 : FOREIGN_STALE_MS;

/** Undefined where there is no such queue. What waits is exact; the rest is as old as the HTTP API's facts. */
export async function readQueue(name: string, { pipeline, clients, signal }: Session): Promise<QueueState | undefined> {
  const server = serverOfQueue(pipeline, name);
  const [amqp, management] = await Promise.all([rabbitmqClient(clients, server), managementClient(clients, server)]);
  const [counts, facts] = await Promise.all([
    amqp.queue(name),
    management.queue(name).catch((failure: unknown) => {
      signal.throwIfAborted();
      if (isUnreachable(failure)) return undefined;
      throw failure;
    }),
  ]);
  return counts === undefined ? undefined : { ...counts, facts };
}

/** What is neither acknowledged nor refused. Throws EVPIPE_QUEUE_MISSING, and EVPIPE_RABBITMQ_MANAGEMENT_UNREACHABLE: who knows what is in hand? */
export async function unfinished(name: string, session: Session): Promise<number> {
  const { ready, facts } = await certainQueue(name, session);
  return Math.max(ready, facts.ready) + facts.unacknowledged; // one that is handed back in between is ready in the facts
}

export async function certainQueue(
  name: string,
  { pipeline, clients }: Session,
): Promise<{ readonly ready: number; readonly consumers: number; readonly facts: QueueFacts }> {
  const server = serverOfQueue(pipeline, name);
  const [amqp, management] = await Promise.all([rabbitmqClient(clients, server), managementClient(clients, server)]);
  // In this order: what a consumer takes in between is counted twice, never not at all.
  const counts = await amqp.queue(name);
  const facts = await management.queue(name).catch((failure: unknown) => {
    if (!isUnreachable(failure)) throw failure;
    throw new EvpipeError(
      'EVPIPE_RABBITMQ_MANAGEMENT_UNREACHABLE',
      `only RabbitMQ’s HTTP API counts unacknowledged messages: ${messageOf(failure)}`,
      {
        kind: 'unreachable',
        cause: failure,
        todo: 'Enable its management plugin, or give its address: management: URL under targets, or EVPIPE_RABBITMQ_MANAGEMENT_URL.',
      },
    );
  });
  if (counts === undefined || facts === undefined) {
    throw new EvpipeError('EVPIPE_QUEUE_MISSING', `RabbitMQ has no queue ${name}`, {
      todo: 'evpipe up declares it.',
    });
  }
  return { ...counts, facts };
}

const isUnreachable = (failure: unknown): boolean => failure instanceof EvpipeError && failure.kind === 'unreachable';

/** Where what a queue refuses ends, and the queues in which it only waits to be tried again. */
export interface DeadLetters {
  readonly final: readonly string[];
  readonly retries: readonly string[];
}

/** Follows dead letters over queues that send them on by time to live: those make a pause, not an end. */
export function deadLettersOf(name: string, { rabbitmq }: Pipeline): DeadLetters {
  const found = { final: new Set<string>(), retries: new Set<string>() };
  const follow = (from: string): void => {
    for (const next of deadLetterQueues(from, rabbitmq)) {
      if (next === name || found.final.has(next) || found.retries.has(next)) continue;
      const queue = rabbitmq?.queues.find((one) => one.name === next);
      if (queue !== undefined && isPause(queue)) {
        found.retries.add(next);
        follow(next);
      } else found.final.add(next);
    }
  };
  follow(name);
  return { final: [...found.final], retries: [...found.retries] };
}

/** Other queues whose refused messages come to this one; those that only give back what this one refused don't count. */
export function deadLettersInto(name: string, pipeline: Pipeline): readonly string[] {
  const own = new Set([name, ...deadLettersOf(name, pipeline).retries]);
  const others = (pipeline.rabbitmq?.queues ?? []).filter((queue) => !own.has(queue.name));
  return others
    .filter((queue) => {
      const { final, retries } = deadLettersOf(queue.name, pipeline);
      return [...final, ...retries].includes(name);
    })
    .map((queue) => queue.name);
}

const isPause = (queue: QueueSection): boolean =>
  queue.arguments['x-message-ttl'] !== undefined && queue.arguments['x-dead-letter-exchange'] !== undefined;

function deadLetterQueues(name: string, rabbitmq: Pipeline['rabbitmq']): readonly string[] {
  const queue = rabbitmq?.queues.find((one) => one.name === name);
  const exchange = queue?.arguments['x-dead-letter-exchange'];
  if (exchange === undefined) return [];
  if (exchange === '') return [String(queue?.arguments['x-dead-letter-routing-key'] ?? name)];
  return (rabbitmq?.bindings ?? []).filter((one) => one.exchange === exchange).map((one) => one.queue);
}
