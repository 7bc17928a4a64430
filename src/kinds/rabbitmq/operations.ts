import type { AmqpClient, BindingDeclaration, Deleted } from '../../clients/amqp/contract.js';
import { counted } from '../../support/counted.js';
import { EvpipeError, type SourceLocation } from '../../support/errors.js';
import { type ComponentId, componentKey } from '../../targets/component.js';
import { componentsOf, type KindOperations, type Released, type Removal } from '../kind.js';
import { type ResourceNodeOptions, resourceNode } from '../resource-node.js';
import { serverNode, shownPort } from '../server-node.js';
import type { Session } from '../session.js';
import type { Node } from '../walk.js';
import { managementClient, rabbitmqClient } from './client.js';
import { examineRabbitmq } from './doctor.js';
import {
  bindingId,
  exchangeId,
  nameOnServer,
  parseNameOnServer,
  queueId,
  rabbitmqServer,
  rabbitmqServers,
} from './ids.js';
import { readQueueFlows } from './queue-flows.js';
import { rabbitmqReleases, releaseRabbitmq } from './release.js';
import { type BrokerContext, bindingResource, exchangeResource, queueResource } from './resource.js';

export const operations: KindOperations = {
  nodes: (session) => [
    ...[undefined, ...rabbitmqServers(session.pipeline).flatMap((name) => name ?? [])].flatMap((name) =>
      serverNode(session, 'rabbitmq', 'rabbitmq', { name }),
    ),
    ...rabbitmqNodes(session),
  ],

  async summary({ pipeline, kinds, clients }) {
    const { rabbitmq } = pipeline;
    const components = componentsOf(pipeline, kinds).flatMap(({ component }) =>
      component.kind === 'rabbitmq' ? [component as ComponentId<'rabbitmq'>] : [],
    );
    const endpoints = await Promise.all(components.map((one) => clients.endpoint(one)));
    const { exchanges = [], queues = [] } = rabbitmq ?? {};
    return [
      ...endpoints.map(({ host }) => shownPort(host.url)),
      ...(exchanges.length === 0 ? [] : [counted(exchanges.length, 'exchange')]),
      counted(queues.length, 'queue'),
    ];
  },

  flows: readQueueFlows,

  probes: (session) =>
    componentsOf(session.pipeline, session.kinds)
      .filter(({ component }) => component.kind === 'rabbitmq')
      .map(({ component, names: [about = ''] }) => ({
        about,
        component,
        examine: () => examineRabbitmq(session, about, component.name === component.kind ? undefined : component.name),
      })),

  releases: rabbitmqReleases,
  release: releaseRabbitmq,

  removals: rabbitmqRemovals,
};

/** Exchanges and queues, then what binds them. */
function rabbitmqNodes(session: Session): readonly Node[] {
  const { rabbitmq } = session.pipeline;
  if (rabbitmq === undefined) return [];
  const node = <Spec extends Placed, Live, Context>(
    id: string,
    spec: Spec,
    options: Pick<ResourceNodeOptions<Spec, Live, Context>, 'resource' | 'settle' | 'noted'> & {
      readonly needs: readonly string[];
      context(): Promise<Context>;
    },
  ): Node =>
    resourceNode(session, {
      ...options,
      id,
      step: 'rabbitmq',
      name: nameOnServer(spec),
      location: spec.location,
      component: rabbitmqServer(spec.server),
      open: async () => ({ spec, context: await options.context() }),
    });
  const on = ({ server }: OnServer) => ({
    needs: [`server/${componentKey(rabbitmqServer(server))}`],
    context: async (): Promise<BrokerContext> => ({ amqp: await rabbitmqClient(session.clients, server) }),
  });
  return [
    ...rabbitmq.exchanges.map((one) =>
      node(exchangeId(one.name), one, { resource: exchangeResource, ...on(one), noted: true }),
    ),
    ...rabbitmq.queues.map((one) => node(queueId(one.name), one, { resource: queueResource, ...on(one), noted: true })),
    ...rabbitmq.bindings.map((one, index) =>
      node(bindingId(index), one, {
        resource: bindingResource,
        needs: [exchangeId(one.exchange), queueId(one.queue)],
        context: async () => ({
          ...(await on(one).context()),
          isBound: (binding) => isBound(binding, one.server, session),
        }),
        // Where that is unknown: binding again changes nothing.
        settle: async (spec, { amqp, isBound }) => {
          if ((await isBound(spec)) === undefined) await amqp.bind(spec);
        },
      }),
    ),
  ];
}

interface OnServer {
  readonly server?: string | undefined;
}

interface Placed extends OnServer {
  readonly name: string;
  readonly location?: SourceLocation | undefined;
}

async function isBound(
  binding: BindingDeclaration,
  server: string | undefined,
  { clients }: Session,
): Promise<boolean | undefined> {
  try {
    return await (await managementClient(clients, server)).isBound(binding);
  } catch (failure) {
    if (!(failure instanceof EvpipeError) || failure.kind !== 'unreachable') throw failure;
    return undefined;
  }
}

function rabbitmqRemovals({ pipeline, kinds, clients }: Session): readonly Removal[] {
  const { rabbitmq } = pipeline;
  const known = componentsOf(pipeline, kinds).flatMap(({ component }) =>
    component.kind === 'rabbitmq' ? [component] : [],
  );
  const [component] = known;
  if (component === undefined) return [];
  const released = (what: string, outcome: Deleted): Released =>
    outcome === 'in use' ? { removed: [], left: [`${what}, which others use`] } : { removed: [what], left: [] };
  const clientOf = ({ server }: OnServer) => rabbitmqClient(clients, server);
  const isThere = async (
    text: string,
    asks: (name: string, amqp: AmqpClient) => Promise<boolean>,
  ): Promise<boolean> => {
    const one = parseNameOnServer(text);
    // A server that the file does not have any more can't be asked.
    if (!known.some(({ name }) => name === rabbitmqServer(one.server).name)) return false;
    return asks(one.name, await clientOf(one));
  };
  const remove = async (what: string, text: string, work: (name: string, amqp: AmqpClient) => Promise<Deleted>) => {
    const one = parseNameOnServer(text);
    return released(`${what} ${text}`, await work(one.name, await clientOf(one)));
  };
  return [
    {
      kind: queueResource.kind,
      component,
      declared: rabbitmq?.queues.map(nameOnServer) ?? [],
      implies: 'with all its messages',
      exists: (text) => isThere(text, async (name, amqp) => (await amqp.queue(name)) !== undefined),
      remove: (text) => remove('queue', text, (name, amqp) => amqp.deleteQueue(name)),
    },
    {
      kind: exchangeResource.kind,
      component,
      declared: rabbitmq?.exchanges.filter(({ name }) => !name.startsWith('amq.')).map(nameOnServer) ?? [],
      implies: 'with its bindings',
      exists: (text) => isThere(text, (name, amqp) => amqp.hasExchange(name)),
      remove: (text) => remove('exchange', text, (name, amqp) => amqp.deleteExchange(name)),
    },
  ];
}
