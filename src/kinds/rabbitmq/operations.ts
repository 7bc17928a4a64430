import type { BindingDeclaration } from '../../clients/amqp/contract.js';
import { counted } from '../../support/counted.js';
import { EvpipeError } from '../../support/errors.js';
import { server } from '../../targets/target.js';
import type { KindOperations } from '../kind.js';
import { reconcile } from '../resource.js';
import { serverNode, shownPort, withTimeout } from '../server-node.js';
import type { Session } from '../session.js';
import type { Node, NodeReport } from '../walk.js';
import { examineRabbitmq } from './doctor.js';
import { bindingId, exchangeId, queueId } from './ids.js';
import { readQueueFlows } from './queue-flows.js';
import { releaseRabbitmq } from './release.js';
import { bindingResource, exchangeResource, queueResource } from './resource.js';

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

  release: releaseRabbitmq,
};

/** Exchanges and queues, then what binds them. */
function rabbitmqNodes(session: Session): readonly Node[] {
  const { rabbitmq } = session.pipeline;
  if (rabbitmq === undefined) return [];
  const wait = (report: NodeReport) => withTimeout(session, report);
  const node = (id: string, needs: readonly string[], run: (report: NodeReport) => Promise<boolean>): Node => ({
    id,
    step: 'rabbitmq',
    needs,
    run: async (report) => ({ changed: await run(report) }),
  });
  return [
    ...rabbitmq.exchanges.map((section) =>
      node(exchangeId(section.name), ['server/rabbitmq'], async (report) => {
        const amqp = await session.clients.rabbitmq();
        return (await reconcile(exchangeResource, section, { amqp }, wait(report))).length > 0;
      }),
    ),
    ...rabbitmq.queues.map((section) =>
      node(queueId(section.name), ['server/rabbitmq'], async (report) => {
        const amqp = await session.clients.rabbitmq();
        return (await reconcile(queueResource, section, { amqp }, wait(report))).length > 0;
      }),
    ),
    ...rabbitmq.bindings.map((section, index) =>
      node(bindingId(index), [exchangeId(section.exchange), queueId(section.queue)], async (report) => {
        const amqp = await session.clients.rabbitmq();
        const bound = { known: true };
        const isBound = (binding: BindingDeclaration): Promise<boolean> => askIfBound(binding, session, bound);
        const changes = await reconcile(bindingResource, section, { amqp, isBound }, wait(report));
        return bound.known && changes.length > 0;
      }),
    ),
  ];
}

/** Where nobody can tell, it is bound (again), and not called a change. */
async function askIfBound(
  binding: BindingDeclaration,
  { clients }: Session,
  told: { known: boolean },
): Promise<boolean> {
  try {
    return await (await clients.rabbitmqManagement()).isBound(binding);
  } catch (failure) {
    if (!(failure instanceof EvpipeError) || failure.kind !== 'unreachable') throw failure;
    told.known = false;
    return false;
  }
}
