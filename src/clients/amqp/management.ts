import type { WatchedAddress } from '../../http/client.js';
import { EvpipeError } from '../../support/errors.js';
import { fieldsOf } from '../../support/plain-object.js';
import { connectJson, type JsonAnswer } from '../http/json-client.js';
import type { BindingDeclaration } from './contract.js';

/** What the HTTP API reports about a queue. A real broker updates these numbers every 5 s. */
export interface QueueFacts {
  readonly ready: number;
  readonly unacknowledged: number;
  readonly consumers: number;
  /** Consumers whose messages count as acknowledged when they are sent to them. */
  readonly automatic: number;
  /** Counted since the broker's start; absent where it counts nothing. */
  readonly counters?: {
    readonly published: number;
    readonly acknowledged: number;
    readonly deliveredUnacknowledged: number;
  };
}

/** The HTTP API of RabbitMQ's management plugin. Errors: EVPIPE_RABBITMQ_<STATUS>, EVPIPE_RABBITMQ_MANAGEMENT_UNREACHABLE (kind unreachable). */
export interface RabbitmqManagement {
  /** Undefined if the queue does not exist. */
  queue(name: string): Promise<QueueFacts | undefined>;
  isBound(binding: BindingDeclaration): Promise<boolean>;
  close(): void;
}

/** `vhost` decoded. */
export function connectManagement(address: WatchedAddress, vhost: string, signal?: AbortSignal): RabbitmqManagement {
  const http = connectJson({
    server: 'RabbitMQ’s HTTP API',
    code: 'RABBITMQ_MANAGEMENT',
    ...address,
    signal,
    timeoutMs: 5_000,
    retryMs: 300, // many brokers have no such API
  });
  const get = async <T>(path: string): Promise<T | undefined> => {
    const answer = await http.request('GET', path);
    if (answer.status === 404) return undefined;
    if (answer.status >= 300) throw refusal(answer);
    return answer.body as T;
  };
  const inVhost = encodeURIComponent(vhost);
  return {
    async queue(name) {
      const found = await get<QueueAnswer>(`/api/queues/${inVhost}/${encodeURIComponent(name)}`);
      return found === undefined ? undefined : factsOf(found);
    },
    async isBound({ exchange, queue, key, arguments: args }) {
      const path = `/api/queues/${inVhost}/${encodeURIComponent(queue)}/bindings`;
      const all = (await get<readonly BindingAnswer[]>(path)) ?? [];
      return all.some(
        (one) => one.source === exchange && one.routing_key === key && sameArguments(one.arguments, args),
      );
    },
    close: () => http.close(),
  };
}

interface QueueAnswer {
  readonly messages_ready?: number;
  readonly messages_unacknowledged?: number;
  readonly consumers?: number;
  readonly consumer_details?: ReadonlyArray<{ readonly ack_required?: boolean }>;
  readonly message_stats?: Readonly<Record<string, number | undefined>>;
}

interface BindingAnswer {
  readonly source: string;
  readonly routing_key: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

function factsOf(answer: QueueAnswer): QueueFacts {
  const { messages_ready, messages_unacknowledged, message_stats: stats } = answer;
  return {
    ready: messages_ready ?? 0,
    unacknowledged: messages_unacknowledged ?? 0,
    consumers: answer.consumers ?? 0,
    automatic: (answer.consumer_details ?? []).filter(({ ack_required }) => ack_required === false).length,
    ...(stats === undefined
      ? {}
      : {
          counters: {
            published: stats.publish ?? 0,
            acknowledged: stats.ack ?? 0,
            deliveredUnacknowledged: (stats.deliver_no_ack ?? 0) + (stats.get_no_ack ?? 0),
          },
        }),
  };
}

function sameArguments(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => a[key] === b[key]);
}

function refusal({ status, body }: JsonAnswer): EvpipeError {
  const { reason } = fieldsOf(body);
  return new EvpipeError(
    `EVPIPE_RABBITMQ_${status}`,
    `RabbitMQ’s HTTP API answers ${status}${typeof reason === 'string' ? `: ${reason}` : ''}`,
  );
}
