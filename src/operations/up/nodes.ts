import { connectorNode, ksqlNode } from '../../kinds/connector/nodes.js';
import { databaseNode, serverNode, storeNode, subjectNode, topicNode } from '../../kinds/database/nodes.js';
import { rabbitmqNodes } from '../../kinds/rabbitmq/nodes.js';
import { seedNode } from '../../kinds/seed/nodes.js';
import { gatewayNode, serviceNode } from '../../kinds/service/nodes.js';
import { type Session, serversOf } from '../../kinds/session.js';
import { UpContext } from '../../kinds/up-context.js';
import type { Node } from '../../kinds/walk.js';
import { summaries } from './summary-nodes.js';

/** Which part of the whole a command covers; what it needs is always taken along. */
export type Slice = 'services' | 'streams' | 'seed';

/** The work of `up` before the checks, as a graph; the ids are `kind/name`. */
export function upNodes(session: Session, slices: ReadonlySet<Slice>): readonly Node[] {
  const all = allNodes(new UpContext(session));
  const byId = new Map(all.map((node) => [node.id, node]));
  const kept = new Set<string>();
  const keep = (id: string): void => {
    if (kept.has(id)) return;
    kept.add(id);
    for (const need of byId.get(id)?.needs ?? []) keep(need);
  };
  for (const node of all) if (slices.has(sliceOf(node))) keep(node.id);
  return all.filter((node) => kept.has(node.id));
}

function allNodes(context: UpContext): readonly Node[] {
  const { pipeline, session } = context;
  const nodes: Node[] = [
    ...pipeline.databases.map((one) => databaseNode(context, one)),
    ...pipeline.stores.map((one) => storeNode(context, one)),
    ...serversOf(pipeline).map((kind) => serverNode(context, kind)),
    ...pipeline.topics.map((one) => topicNode(context, one)),
    ...pipeline.subjects.map((one) => subjectNode(context, one)),
    ...rabbitmqNodes(session),
    ...pipeline.services.map((one) => serviceNode(context, one)),
    ...(pipeline.gateway === undefined ? [] : [gatewayNode(context, pipeline.gateway)]),
    ...pipeline.connectors.map((one) => connectorNode(context, one)),
    ...(pipeline.ksqldb === undefined ? [] : [ksqlNode(context)]),
    ...pipeline.seeds.map((one) => seedNode(context, one)),
  ];
  return [...nodes, ...summaries(context, nodes)];
}

function sliceOf({ step }: Node): Slice {
  return step === 'streams' || step === 'seed' ? step : 'services';
}
