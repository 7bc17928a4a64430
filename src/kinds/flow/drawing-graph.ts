import type { Pipeline } from '../../pipeline/pipeline.js';
import { parseReference, referencesIn } from '../../pipeline/references.js';
import { counted } from '../../support/counted.js';
import { unreachable } from '../../support/errors.js';
import { serviceRoutes } from '../gateway/section.js';
import type { ServiceSection } from '../service/section.js';
import {
  type FlowEdge,
  type FlowStage,
  flowEdges,
  type Place,
  placesOfSide,
  publications,
  queuePlace,
  tablePlace,
  topicPlace,
} from './flow.js';

/** A thing of the drawing. Ids are unique over all kinds. */
export interface DrawnNode {
  readonly id: string;
  readonly kind: 'table' | 'topic' | 'exchange' | 'queue' | 'connector' | 'query' | 'service';
  readonly name: string;
  /** What is below the name: `topic, 3 partitions`. */
  readonly detail: string;
  /** What holds it: `database person`, `store customers`. */
  readonly within?: string | undefined;
}

/** Data goes from one node to the next; `via` says how where that is not plain. */
export interface DrawnLink {
  readonly from: string;
  readonly to: string;
  readonly via?: string | undefined;
}

/** One step of the data from where it rests to where it rests next, with what carries it in between. */
export type DrawnHop = readonly DrawnLink[];

export interface UsedPlace {
  readonly kind: 'database' | 'store';
  readonly name: string;
}

/** What there is to draw of a pipeline. */
export interface DrawingGraph {
  readonly nodes: ReadonlyMap<string, DrawnNode>;
  /** In the order of the file. A carrier of several hops (a connector of two tables) is one node. */
  readonly hops: readonly DrawnHop[];
  /** Which databases and stores a service uses without saying what for, by its node. */
  readonly uses: ReadonlyMap<string, readonly UsedPlace[]>;
  /** Checks of a replica: node to node. */
  readonly checks: ReadonlyArray<{ readonly name: string; readonly source: string; readonly replica: string }>;
}

/** The nodes and hops of a pipeline, from `edges` where they are known already. */
export function drawingGraph(pipeline: Pipeline, edges: readonly FlowEdge[] = flowEdges(pipeline)): DrawingGraph {
  const nodes = new Map<string, DrawnNode>();
  const add = (node: DrawnNode): string => {
    if (!nodes.has(node.id)) nodes.set(node.id, node);
    return node.id;
  };
  const place = (at: Place): string => add(placeNode(at, pipeline));
  const hops: DrawnHop[] = gatewayHops(pipeline, add);
  for (const service of pipeline.services.filter(({ copyOf }) => copyOf === undefined)) {
    const from = add(serviceNode(service, pipeline));
    const { outbox, consumes, produces } = service;
    const written = (outbox?.reports ?? []).map((table) => tablePlace(outbox?.database ?? '', table));
    // What a consumer produces is an edge of the flow; of others only the file knows.
    if (consumes === undefined) written.push(...produces.map(topicPlace));
    for (const to of written) hops.push([{ from, to: place(to) }]);
    // The same of receivers, and of what an outbox publishes.
    if (service.receives.length > 0 || outbox?.sent !== undefined) continue;
    if (consumes !== undefined && outbox === undefined) continue;
    for (const { queue, exchange } of publications(service, pipeline))
      hops.push(withExchange([{ from, to: place(queuePlace(queue)) }], exchange, pipeline, add));
  }
  const outboxes = new Map(pipeline.services.flatMap(({ outbox }) => (outbox === undefined ? [] : [outboxOf(outbox)])));
  // An outbox is drawn by what it reports.
  const reportedBy = (table: Place): Place => [...(outboxes.get(table) ?? [])][0] ?? table;
  // What ksqlDB shows is drawn as the topic it is made of.
  const topicOf = (shown: Place): Place =>
    edges.find(({ stage }) => stage.kind === 'query' && shown === `ksqldb ${stage.sink}`)?.to ?? shown;
  for (const { from, to, stage, exchange } of edges) {
    if (reportedBy(from) !== from) continue;
    const carrier = add(stageNode(stage, pipeline));
    const reported = [...outboxes.values()].some((reports) => reports.has(from));
    const hop: DrawnHop = [
      { from: place(from), to: carrier, via: reported ? 'outbox' : undefined },
      { from: carrier, to: place(to) },
    ];
    hops.push(withExchange(hop, exchange, pipeline, add));
  }
  for (const { name } of pipeline.topics) place(topicPlace(name));
  for (const { name, deadLetter } of pipeline.rabbitmq?.queues ?? []) {
    const from = place(queuePlace(name));
    if (deadLetter !== undefined) hops.push([{ from, to: place(queuePlace(deadLetter)), via: 'refused' }]);
  }
  for (const { name } of pipeline.rabbitmq?.exchanges ?? []) add(exchangeNode(name, pipeline));
  const checks = pipeline.checks.flatMap((check) =>
    check.kind === 'compare'
      ? placesOfSide(check.source).flatMap((source) =>
          placesOfSide(check.replica).map((replica) => ({
            name: check.name,
            source: place(reportedBy(topicOf(source))),
            replica: place(topicOf(replica)),
          })),
        )
      : [],
  );
  return { nodes, hops, uses: usedPlaces(pipeline), checks };
}

/** What stands in front of the services, with the paths that lead to each. */
function gatewayHops(pipeline: Pipeline, add: (node: DrawnNode) => string): DrawnHop[] {
  const { gateway, services } = pipeline;
  if (gateway === undefined) return [];
  const from = add({ id: 'gateway', kind: 'service', name: 'gateway', detail: `gateway :${gateway.port}` });
  return serviceRoutes(gateway).flatMap(({ prefix, service }) => {
    const section = services.find(({ name }) => name === service);
    return section === undefined ? [] : [[{ from, to: add(serviceNode(section, pipeline)), via: prefix }]];
  });
}

/** The last link of a hop leads over the exchange. */
function withExchange(
  hop: DrawnHop,
  exchange: string | undefined,
  pipeline: Pipeline,
  add: (node: DrawnNode) => string,
): DrawnHop {
  const last = hop.at(-1);
  if (exchange === undefined || last === undefined) return hop;
  const between = add(exchangeNode(exchange, pipeline));
  return [...hop.slice(0, -1), { ...last, to: between }, { from: between, to: last.to }];
}

/** An outbox table, and the tables that it reports. */
function outboxOf({ database, table, reports }: NonNullable<ServiceSection['outbox']>): [Place, ReadonlySet<Place>] {
  const place = tablePlace(database, table);
  return [place, new Set(reports.map((one) => tablePlace(database, one)).filter((one) => one !== place))];
}

function placeNode(place: Place, pipeline: Pipeline): DrawnNode {
  const [kind, ...rest] = place.split(' ');
  const name = rest.join(' ');
  if (kind === 'table' || kind === 'documents') {
    const checks = pipeline.checks.filter(
      (check) => check.kind === 'compare' && placesOfSide(check.replica).includes(place),
    );
    const checked = checks.length === 0 ? '' : `, check ${checks.map((check) => check.name).join(', ')}`;
    // Their names may hold dots, so the place is matched with the declared ones.
    const [word, holders] = kind === 'table' ? ['database', pipeline.databases] : ['store', pipeline.stores];
    const holder = holders.find((one) => name.startsWith(`${one.name}.`))?.name;
    return { id: place, kind: 'table', name, detail: `${kind}${checked}`, within: holder && `${word} ${holder}` };
  }
  if (kind === 'queue') {
    const checks = pipeline.checks.filter((check) => check.kind === 'conservation' && check.queue === name);
    const checked = checks.length === 0 ? '' : `, check ${checks.map((check) => check.name).join(', ')}`;
    return { id: place, kind, name, detail: `queue${checked}` };
  }
  const topic = pipeline.topics.find((one) => one.name === name);
  const size = topic === undefined ? '' : `, ${counted(topic.partitions, 'partition')}`;
  return { id: place, kind: 'topic', name, detail: `topic${size}` };
}

function exchangeNode(name: string, { rabbitmq }: Pipeline): DrawnNode {
  const type = rabbitmq?.exchanges.find((one) => one.name === name)?.type ?? 'direct';
  return { id: `exchange ${name}`, kind: 'exchange', name, detail: `${type} exchange` };
}

function serviceNode({ name, port, consumes }: ServiceSection, { services }: Pipeline): DrawnNode {
  const copies = services.filter(({ copyOf }) => copyOf === name).length;
  const group = consumes === undefined || consumes.group === name ? '' : `, group ${consumes.group}`;
  return {
    id: `service ${name}`,
    kind: 'service',
    name,
    detail: `service${copies === 0 ? '' : ` ×${copies + 1}`}${port === undefined ? '' : ` :${port}`}${group}`,
  };
}

/** What carries data: a polling outbox and a group are their service, if there is one of this name. */
function stageNode(stage: FlowStage, pipeline: Pipeline): DrawnNode {
  switch (stage.kind) {
    case 'connector':
      return { id: `connector ${stage.name}`, kind: 'connector', name: stage.name, detail: 'connector' };
    case 'query': {
      const named = stage.name === 'INSERTQUERY' ? `INSERT INTO ${stage.sink}` : stage.name;
      return { id: `query ${stage.name} ${stage.text}`, kind: 'query', name: named, detail: 'ksqlDB query' };
    }
    case 'outbox':
      return { id: `outbox ${stage.name}`, kind: 'service', name: stage.name, detail: `polls outbox ${stage.table}` };
    case 'group': {
      const service = pipeline.services.find(({ name }) => name === stage.name);
      if (service !== undefined) return serviceNode(service, pipeline);
      return { id: `connector ${stage.name}`, kind: 'connector', name: stage.name, detail: 'sink connector' };
    }
    case 'receiver': {
      const service = pipeline.services.find(({ name }) => name === stage.name);
      return service === undefined
        ? { id: `service ${stage.name}`, kind: 'service', name: stage.name, detail: 'service' }
        : serviceNode(service, pipeline);
    }
    default:
      return unreachable(stage);
  }
}

/** A service that has the address of a database or store in its environment, and tells no table or collection of it. */
function usedPlaces(pipeline: Pipeline): ReadonlyMap<string, readonly UsedPlace[]> {
  const used = pipeline.services.map(({ name, env, outbox, writes }) => {
    const told = [
      `database ${outbox?.database}`,
      writes?.kind === 'documents' ? `store ${writes.store}` : `database ${writes?.database}`,
    ];
    const named = new Map<string, UsedPlace>();
    for (const reference of Object.values(env).flatMap(referencesIn).map(parseReference)) {
      const { head, name: place } = reference;
      if (head !== 'databases' && head !== 'stores') continue;
      const kind = head === 'databases' ? 'database' : 'store';
      const key = `${kind} ${place}`;
      if (!told.includes(key)) named.set(key, { kind, name: place });
    }
    return [`service ${name}`, [...named.values()]] as const;
  });
  return new Map(used.filter(([, places]) => places.length > 0));
}
