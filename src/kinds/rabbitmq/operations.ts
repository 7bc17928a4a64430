import type { BindingDeclaration, Deleted } from '../../clients/amqp/contract.js';
import { counted } from '../../support/counted.js';
import { EvpipeError, type SourceLocation } from '../../support/errors.js';
import { server } from '../../targets/component.js';
import type { KindOperations, Released, Removal } from '../kind.js';
import { type ResourceNodeOptions, resourceNode } from '../resource-node.js';
import { serverNode, shownPort } from '../server-node.js';
import type { Session } from '../session.js';
import type { Node } from '../walk.js';
import { managementClient, rabbitmqClient } from './client.js';
import { examineRabbitmq } from './doctor.js';
import { bindingId, exchangeId, queueId } from './ids.js';
import { readQueueFlows } from './queue-flows.js';
import { rabbitmqReleases, releaseRabbitmq } from './release.js';
import { type BrokerContext, bindingResource, exchangeResource, queueResource } from './resource.js';

export const operations: KindOperations = {
  nodes: (session) => [...serverNode(session, 'rabbitmq', 'rabbitmq'), ...rabbitmqNodes(session)],

  async summary({ pipeline: { rabbitmq }, clients }) {
    const { host } = await clients.endpoint(server('rabbitmq'));
    const { exchanges = [], queues = [] } = rabbitmq ?? {};
    return [
      shownPort(host.url),
      ...(exchanges.length === 0 ? [] : [counted(exchanges.length, 'exchange')]),
      counted(queues.length, 'queue'),
    ];
  },

  flows: readQueueFlows,

  probes: (session) => [{ about: 'rabbitmq', component: server('rabbitmq'), examine: () => examineRabbitmq(session) }],

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
      name: spec.name,
      location: spec.location,
      component: server('rabbitmq'),
      open: async () => ({ spec, context: await options.context() }),
    });
  const context = async (): Promise<BrokerContext> => ({ amqp: await rabbitmqClient(session.clients) });
  const needs = ['server/rabbitmq'];
  return [
    ...rabbitmq.exchanges.map((one) =>
      node(exchangeId(one.name), one, { resource: exchangeResource, needs, context, noted: true }),
    ),
    ...rabbitmq.queues.map((one) =>
      node(queueId(one.name), one, { resource: queueResource, needs, context, noted: true }),
    ),
    ...rabbitmq.bindings.map((one, index) =>
      node(bindingId(index), one, {
        resource: bindingResource,
        needs: [exchangeId(one.exchange), queueId(one.queue)],
        context: async () => ({ ...(await context()), isBound: (binding) => isBound(binding, session) }),
        // Where that is unknown: binding again changes nothing.
        settle: async (spec, { amqp, isBound }) => {
          if ((await isBound(spec)) === undefined) await amqp.bind(spec);
        },
      }),
    ),
  ];
}

interface Placed {
  readonly name: string;
  readonly location?: SourceLocation | undefined;
}

async function isBound(binding: BindingDeclaration, { clients }: Session): Promise<boolean | undefined> {
  try {
    return await (await managementClient(clients)).isBound(binding);
  } catch (failure) {
    if (!(failure instanceof EvpipeError) || failure.kind !== 'unreachable') throw failure;
    return undefined;
  }
}

function rabbitmqRemovals({ pipeline: { rabbitmq }, clients }: Session): readonly Removal[] {
  const component = server('rabbitmq');
  const released = (what: string, outcome: Deleted): Released =>
    outcome === 'in use' ? { removed: [], left: [`${what}, which others use`] } : { removed: [what], left: [] };
  return [
    {
      kind: queueResource.kind,
      component,
      declared: rabbitmq?.queues.map(({ name }) => name) ?? [],
      implies: 'with all its messages',
      exists: async (name) => (await (await rabbitmqClient(clients)).queue(name)) !== undefined,
      remove: async (name) => released(`queue ${name}`, await (await rabbitmqClient(clients)).deleteQueue(name)),
    },
    {
      kind: exchangeResource.kind,
      component,
      declared: rabbitmq?.exchanges.map(({ name }) => name).filter((name) => !name.startsWith('amq.')) ?? [],
      implies: 'with its bindings',
      exists: async (name) => (await rabbitmqClient(clients)).hasExchange(name),
      remove: async (name) => released(`exchange ${name}`, await (await rabbitmqClient(clients)).deleteExchange(name)),
    },
  ];
}
