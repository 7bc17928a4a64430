import type { BindingDeclaration } from '../../clients/amqp/contract.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { EvpipeError } from '../../support/errors.js';
import { reconcile } from '../resource.js';
import type { Session } from '../session.js';
import type { Node, NodeReport } from '../walk.js';
import { bindingKind, exchangeKind, queueKind } from './resource.js';

const exchangeId = (name: string): string => `exchange/${name}`;
const queueId = (name: string): string => `queue/${name}`;
const bindingId = (index: number): string => `binding/${index}`;

/** All that is declared of RabbitMQ: what a service waits for. */
export function rabbitmqIds({ rabbitmq }: Pipeline): readonly string[] {
  if (rabbitmq === undefined) return [];
  return [
    ...rabbitmq.exchanges.map(({ name }) => exchangeId(name)),
    ...rabbitmq.queues.map(({ name }) => queueId(name)),
    ...rabbitmq.bindings.map((_, index) => bindingId(index)),
  ];
}

/** Exchanges and queues, then what binds them. */
export function rabbitmqNodes(session: Session): readonly Node[] {
  const { rabbitmq } = session.pipeline;
  if (rabbitmq === undefined) return [];
  const wait = (report: NodeReport) => ({ ...report, timeoutMs: session.timeoutMs });
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
        return (await reconcile(exchangeKind, section, { amqp }, wait(report))).length > 0;
      }),
    ),
    ...rabbitmq.queues.map((section) =>
      node(queueId(section.name), ['server/rabbitmq'], async (report) => {
        const amqp = await session.clients.rabbitmq();
        return (await reconcile(queueKind, section, { amqp }, wait(report))).length > 0;
      }),
    ),
    ...rabbitmq.bindings.map((section, index) =>
      node(bindingId(index), [exchangeId(section.exchange), queueId(section.queue)], async (report) => {
        const amqp = await session.clients.rabbitmq();
        const bound = { known: true };
        const isBound = (binding: BindingDeclaration): Promise<boolean> => askIfBound(binding, session, bound);
        const changes = await reconcile(bindingKind, section, { amqp, isBound }, wait(report));
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
