import type { Broker } from '../broker.js';
import type { Connection } from '../connection/connection.js';
import { EXCHANGE_TYPES } from '../exchanges/exchange.js';
import { RABBITMQ_VERSION } from '../options.js';
import { bindingJson, defaultBindingJson, exchangeJson, type Json, queueJson, statsJson } from './json.js';

export interface ManagementContext {
  readonly broker: Broker;
  readonly connections: ReadonlySet<Connection>;
  /** Where AMQP is served. */
  readonly port: () => number;
}

/** What a route gives; undefined is 404. */
type Answer = Json | undefined;

/** An answer with its status. */
export class Reply {
  constructor(
    readonly status: number,
    readonly body: Json,
  ) {}
}

export interface Route {
  /** Below /api/; `:vhost` has to be /. */
  readonly path: string;
  readonly answers: string;
  readonly get: (context: ManagementContext, parts: readonly string[]) => Answer | Reply;
}

const NODE = 'rabbit@evpipe';

function overview({ broker, connections }: ManagementContext): Json {
  const queues = [...broker.queues.values()];
  const sum = (of: (queue: (typeof queues)[number]) => number): number =>
    queues.reduce((total, queue) => total + of(queue), 0);
  const ready = sum((queue) => queue.ready.count);
  const unacknowledged = sum((queue) => queue.unacknowledged);
  const open = [...connections].filter(({ isRunning }) => isRunning);
  return {
    management_version: RABBITMQ_VERSION,
    rabbitmq_version: RABBITMQ_VERSION,
    product_name: 'RabbitMQ',
    product_version: RABBITMQ_VERSION,
    cluster_name: NODE,
    node: NODE,
    exchange_types: EXCHANGE_TYPES.map((name) => ({ name, enabled: true })),
    queue_totals: {
      messages: ready + unacknowledged,
      messages_ready: ready,
      messages_unacknowledged: unacknowledged,
    },
    object_totals: {
      channels: open.reduce((total, { channelCount }) => total + channelCount, 0),
      connections: open.length,
      consumers: sum((queue) => queue.consumers.size),
      exchanges: broker.exchanges.size,
      queues: queues.length,
    },
    ...statsJson(queues.map(({ counters }) => counters)),
  };
}

function alarms({ broker }: ManagementContext): Json | Reply {
  const { failure } = broker.commits;
  if (failure === undefined) return { status: 'ok' };
  return new Reply(503, {
    status: 'failed',
    reason: 'There are alarms in effect in the cluster',
    alarms: [{ node: NODE, resource: 'disk', why: failure }],
  });
}

function portListener({ port }: ManagementContext, [asked = '']: readonly string[]): Json | Reply {
  if (Number(asked) === port()) return { status: 'ok', port: port() };
  return new Reply(503, { status: 'failed', reason: 'No active listener', missing: asked, ports: [port()] });
}

const bindings = ({ broker }: ManagementContext): readonly Json[] => [
  ...[...broker.queues.values()].map(defaultBindingJson),
  ...[...broker.exchanges.values()].flatMap((exchange) => [...exchange.bindings()].map(bindingJson)),
];

function queueBindings({ broker }: ManagementContext, [name = '']: readonly string[]): Json | undefined {
  const queue = broker.queues.get(name);
  if (queue === undefined) return undefined;
  const bound = [...broker.exchanges.values()].flatMap((exchange) => [...exchange.bindings()]);
  return [defaultBindingJson(queue), ...bound.filter(({ destination }) => destination === queue).map(bindingJson)];
}

const queues = ({ broker }: ManagementContext): Json =>
  [...broker.queues.values()].map((each) => queueJson(each, NODE));
const exchanges = ({ broker }: ManagementContext): Json => [...broker.exchanges.values()].map(exchangeJson);
const connected = ({ connections }: ManagementContext): Json =>
  [...connections]
    .filter(({ isRunning }) => isRunning)
    .map(({ peer, channelCount }) => ({
      name: peer,
      vhost: '/',
      node: NODE,
      channels: channelCount,
      state: 'running',
    }));

/** The read-only part of RabbitMQ's HTTP API. */
export const ROUTES: readonly Route[] = [
  { path: 'overview', answers: 'versions, totals, message_stats', get: overview },
  {
    path: 'whoami',
    answers: 'the user',
    get: ({ broker }) => ({ name: broker.user, tags: ['administrator'] }),
  },
  { path: 'vhosts', answers: 'the one virtual host', get: () => [{ name: '/', tracing: false }] },
  { path: 'aliveness-test/:vhost', answers: 'ok', get: alarms },
  { path: 'health/checks/alarms', answers: '503 while the disk takes no writes', get: alarms },
  { path: 'health/checks/local-alarms', answers: 'the same', get: alarms },
  { path: 'health/checks/port-listener/:port', answers: '503 where AMQP is not on that port', get: portListener },
  { path: 'connections', answers: 'who is connected', get: connected },
  { path: 'queues', answers: 'all queues', get: queues },
  { path: 'queues/:vhost', answers: 'all queues', get: queues },
  {
    path: 'queues/:vhost/:name',
    answers: 'one queue: messages, messages_ready, messages_unacknowledged, consumers, message_stats …',
    get: ({ broker }, [name = '']) => {
      const queue = broker.queues.get(name);
      return queue === undefined ? undefined : queueJson(queue, NODE);
    },
  },
  { path: 'queues/:vhost/:name/bindings', answers: 'what leads to one queue', get: queueBindings },
  { path: 'exchanges', answers: 'all exchanges', get: exchanges },
  { path: 'exchanges/:vhost', answers: 'all exchanges', get: exchanges },
  {
    path: 'exchanges/:vhost/:name',
    answers: 'one exchange',
    get: ({ broker }, [name = '']) => {
      const exchange = broker.exchanges.get(name);
      return exchange === undefined ? undefined : exchangeJson(exchange);
    },
  },
  { path: 'bindings', answers: 'all bindings', get: bindings },
  { path: 'bindings/:vhost', answers: 'all bindings', get: bindings },
];
