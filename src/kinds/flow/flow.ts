import type { Pipeline } from '../../pipeline/pipeline.js';
import { type PlaceSection, partsOf, type SinglePlaceSection } from '../check/section.js';
import { type ConnectorConfig, connectorFlow, withSchema } from '../connector/connector-flow.js';
import { type KsqlFile, readKsqlFiles } from '../ksqldb/ksql-files.js';
import type { ServiceSection, WritesSection } from '../service/section.js';

/** A place where data rests: a table of a database, a collection of a store, a topic, a queue, or what ksqlDB makes of a topic. */
export type Place =
  | `table ${string}.${string}`
  | `documents ${string}.${string}`
  | `topic ${string}`
  | `queue ${string}`
  | `ksqldb ${string}`;

/** A stage of the data flow as the declaration tells it; what of it runs is asked later. */
export type FlowStage =
  | {
      readonly kind: 'connector';
      readonly name: string;
      readonly database: string;
      readonly slot: string | undefined;
      readonly topics: readonly string[];
    }
  | {
      readonly kind: 'outbox';
      readonly name: string;
      readonly database: string;
      readonly table: string;
      readonly sent: string;
      readonly failure: string | undefined;
      readonly created: string | undefined;
      readonly topics: readonly string[];
      /** RabbitMQ queues that what it publishes ends in. */
      readonly queues: readonly string[];
    }
  | {
      readonly kind: 'query';
      /** How the server's id of the query begins: `CSAS_BALANCES`; all inserts have the same, INSERTQUERY. */
      readonly name: string;
      /** The stream or table it writes. */
      readonly sink: string;
      /** Its statement, without the semicolon: what tells inserts into one stream apart. */
      readonly text: string;
      readonly reads: readonly string[];
      readonly writes: readonly string[];
    }
  /** A service that consumes, or a sink connector (its group is `connect-NAME`). */
  | {
      readonly kind: 'group';
      readonly name: string;
      readonly group: string;
      readonly reads: readonly string[];
      readonly writes: readonly string[];
      /** RabbitMQ queues that what it publishes ends in. */
      readonly queues: readonly string[];
      /** Where the replica itself keeps how far it has applied what it reads. */
      readonly applied?: { readonly database: string; readonly query: string } | undefined;
    }
  /** A service that receives from RabbitMQ queues. */
  | {
      readonly kind: 'receiver';
      readonly name: string;
      readonly receives: readonly string[];
      readonly writes: readonly string[];
      /** Queues that what it publishes ends in. */
      readonly queues: readonly string[];
    };

export interface FlowEdge {
  readonly from: Place;
  readonly to: Place;
  readonly stage: FlowStage;
  /** The exchange that leads to a queue; absent where it is published to directly. */
  readonly exchange?: string;
}

export const tablePlace = (database: string, table: string): Place =>
  `table ${database}.${table.replace(/^public\./, '')}`;
const documentsPlace = (store: string, collection: string): Place => `documents ${store}.${collection}`;
/** Where a side of a check is: a query wherever its tables are, files nowhere. */
export function placesOfSide(side: PlaceSection): readonly Place[] {
  switch (side.kind) {
    case 'table':
      return [tablePlace(side.database, side.table)];
    case 'query':
      return side.tables.map((table) => tablePlace(side.database, table));
    case 'documents':
      return [documentsPlace(side.store, side.collection)];
    case 'topic':
      return [topicPlace(side.topic)];
    case 'ksqldb':
      return [`ksqldb ${side.name}`];
    case 'file':
      return [];
    case 'union':
      return side.parts.flatMap(placesOfSide);
  }
}
export const topicPlace = (topic: string): Place => `topic ${topic}`;
export const queuePlace = (queue: string): Place => `queue ${queue}`;

/**
 * All edges of the data flow: from connector configs, ksql statements, and what services declare. Data may go in circles.
 * Reads the ksql files where they are not given.
 */
export function flowEdges(
  pipeline: Pipeline,
  files: readonly KsqlFile[] = readKsqlFiles(pipeline),
): readonly FlowEdge[] {
  const ksql = readKsql(files);
  const connectors = connectorFlows(pipeline, ksql.connectors);
  return [
    ...connectors.flatMap(connectorEdges),
    ...outboxEdges(pipeline, connectors),
    ...ksql.edges,
    ...serviceEdges(pipeline),
    ...receiverEdges(pipeline),
  ];
}

/** Tells stages apart: inserts of ksqlDB all have one name. */
export const stageKey = (stage: FlowStage): string =>
  `${stage.kind} ${stage.name}${stage.kind === 'query' ? ` ${stage.text}` : ''}`;

interface Carrier {
  readonly stage: FlowStage;
  /** What it carries, place by place. */
  readonly carries: ReadonlyArray<{ readonly from: Place; readonly to: Place }>;
}

/** Connectors of the file, and those that only a ksql migration knows. */
function connectorFlows(pipeline: Pipeline, made: ReadonlyMap<string, ConnectorConfig>): readonly Carrier[] {
  const undeclared = [...made.keys()].filter((name) => pipeline.connectors.every((one) => one.name !== name));
  const all = [
    ...pipeline.connectors,
    ...undeclared.map((name) => ({ name, database: undefined, produces: [], config: undefined })),
  ];
  return all.flatMap(({ name, database: declared, produces, config: written }): readonly Carrier[] => {
    const config = written ?? made.get(name) ?? {};
    const flow = connectorFlow(config);
    const database = declared ?? flow?.database;
    if (database === undefined) return [];
    if (flow?.kind === 'sink') {
      const stage: FlowStage = {
        kind: 'group',
        name,
        group: `connect-${name}`,
        reads: flow.topics,
        writes: [],
        queues: [],
      };
      const carries = flow.topics.map((topic) => ({
        from: topicPlace(topic),
        to: tablePlace(database, flow.tableOf(topic)),
      }));
      return [{ stage, carries }];
    }
    const tables = flow === undefined ? [] : [...new Set([...flow.tables, ...namedTables(pipeline, database)])];
    const carries = tables
      .filter((table) => flow?.captures(table) === true)
      .flatMap((table) => {
        const computed = flow?.topicOf(table);
        const topics = produces.length > 0 || computed === undefined ? produces : [computed];
        return topics.map((topic) => ({ topic, from: tablePlace(database, table), to: topicPlace(topic) }));
      });
    const topics = [...new Set([...produces, ...carries.map(({ topic }) => topic)])];
    return [{ stage: { kind: 'connector', name, database, slot: config['slot.name'], topics }, carries }];
  });
}

/** Tables of a database that something in the file names: what the patterns of an include list are matched with. */
function namedTables({ services, checks }: Pipeline, database: string): readonly string[] {
  const named = [
    ...services.flatMap(({ outbox }) => (outbox?.database === database ? [...outbox.reports, outbox.table] : [])),
    ...services.flatMap(({ writes }) =>
      writes?.kind === 'tables' && writes.database === database ? writes.tables : [],
    ),
    ...checks.flatMap((check) =>
      check.kind === 'compare'
        ? [check.source, check.replica].flatMap((place) => partsOf(place).flatMap((part) => tablesOf(part, database)))
        : [],
    ),
  ];
  return named.map(withSchema);
}

function tablesOf(place: SinglePlaceSection, database: string): readonly string[] {
  if (place.kind !== 'table' && place.kind !== 'query') return [];
  if (place.database !== database) return [];
  return place.kind === 'table' ? [place.table] : place.tables;
}

function connectorEdges({ stage, carries }: Carrier): FlowEdge[] {
  return carries.map(({ from, to }) => ({ from, to, stage }));
}

/** A reported table leads where its outbox leads: to the topics of the connector that reads it, or of its own polling. */
function outboxEdges(pipeline: Pipeline, connectors: readonly Carrier[]): readonly FlowEdge[] {
  return originals(pipeline).flatMap((service) => {
    const { name, outbox } = service;
    if (outbox === undefined) return [];
    const { database, table, sent, failure, created, topics } = outbox;
    const published = publications(service, pipeline);
    const queues = published.map(({ queue }) => queue);
    const place = tablePlace(database, table);
    const polling: FlowStage | undefined =
      sent === undefined
        ? undefined
        : { kind: 'outbox', name, database, table, sent, failure, created, topics, queues };
    const onwards: ReadonlyArray<Omit<FlowEdge, 'from'>> = [
      ...(polling === undefined ? [] : topics.map((topic) => ({ to: topicPlace(topic), stage: polling }))),
      ...(polling === undefined
        ? []
        : published.map(({ queue, ...exchange }) => ({ to: queuePlace(queue), stage: polling, ...exchange }))),
      ...connectors.flatMap(({ stage, carries }) =>
        carries.filter(({ from }) => from === place).map(({ to }) => ({ to, stage })),
      ),
    ];
    const reported = outbox.reports.map((one) => tablePlace(database, one)).filter((from) => from !== place);
    const own = onwards.filter(({ stage }) => stage === polling); // its own rows can be compared too
    return [
      ...reported.flatMap((from) => onwards.map((onward) => ({ from, ...onward }))),
      ...own.map((onward) => ({ from: place, ...onward })),
    ];
  });
}

function serviceEdges(pipeline: Pipeline): readonly FlowEdge[] {
  return originals(pipeline).flatMap((service): readonly FlowEdge[] => {
    const { name, consumes, writes, produces } = service;
    if (consumes === undefined) return [];
    const published = ownPublications(service, pipeline);
    const stage: FlowStage = {
      kind: 'group',
      name,
      group: consumes.group,
      reads: consumes.topics,
      writes: produces,
      queues: published.map(({ queue }) => queue),
      applied: appliedOf(writes),
    };
    const targets = targetsOf(service, published);
    return consumes.topics.flatMap((topic) => targets.map((target) => ({ from: topicPlace(topic), ...target, stage })));
  });
}

const appliedOf = (writes: WritesSection | undefined) =>
  writes?.kind === 'tables' && writes.applied !== undefined
    ? { database: writes.database, query: writes.applied }
    : undefined;

type Publication = ReturnType<typeof publications>[number];
type Target = Pick<FlowEdge, 'to' | 'exchange'>;

/** Where what a service reads leads. */
const targetsOf = ({ writes, produces }: ServiceSection, published: readonly Publication[]): readonly Target[] => [
  ...writtenPlaces(writes).map((to) => ({ to })),
  ...produces.map((topic) => ({ to: topicPlace(topic) })),
  ...published.map(({ queue, ...exchange }) => ({ to: queuePlace(queue), ...exchange })),
];

/** What an outbox publishes comes from the tables that it reports. */
const ownPublications = (service: ServiceSection, pipeline: Pipeline): readonly Publication[] =>
  service.outbox === undefined ? publications(service, pipeline) : [];

/** The queues that a service's messages end in, and the exchange that leads there. */
export function publications(
  { publishes }: Pick<ServiceSection, 'publishes'>,
  { rabbitmq }: Pick<Pipeline, 'rabbitmq'>,
): ReadonlyArray<{ readonly queue: string; readonly exchange?: string }> {
  return publishes.flatMap((name) => {
    if (rabbitmq?.exchanges.some((exchange) => exchange.name === name) !== true) return [{ queue: name }];
    const bound = rabbitmq.bindings.filter(({ exchange }) => exchange === name).map(({ queue }) => queue);
    return [...new Set(bound)].map((queue) => ({ queue, exchange: name }));
  });
}

function receiverEdges(pipeline: Pipeline): readonly FlowEdge[] {
  return originals(pipeline).flatMap((service): readonly FlowEdge[] => {
    const { name, receives, produces } = service;
    const published = ownPublications(service, pipeline);
    const queues = published.map(({ queue }) => queue);
    const stage: FlowStage = { kind: 'receiver', name, receives, writes: produces, queues };
    const targets = targetsOf(service, published);
    return receives.flatMap((queue) => targets.map((target) => ({ from: queuePlace(queue), ...target, stage })));
  });
}

function writtenPlaces(writes: WritesSection | undefined): readonly Place[] {
  if (writes === undefined) return [];
  return writes.kind === 'tables'
    ? writes.tables.map((table) => tablePlace(writes.database, table))
    : writes.collections.map((collection) => documentsPlace(writes.store, collection));
}

interface KsqlFlow {
  readonly edges: readonly FlowEdge[];
  /** Configs of connectors that migrations make. */
  readonly connectors: ReadonlyMap<string, ConnectorConfig>;
}

/** Copies of a service share its group: what flows through them flows through it. */
const originals = ({ services }: Pipeline): readonly ServiceSection[] =>
  services.filter(({ copyOf }) => copyOf === undefined);

/** What the ksql migrations make, as far as their text tells. A file that does not parse is lint's to report: it adds nothing here. */
function readKsql(files: readonly KsqlFile[]): KsqlFlow {
  const topicOf = new Map<string, string>();
  const connectors = new Map<string, ConnectorConfig>();
  const edges: FlowEdge[] = [];
  for (const { statement, effects } of files.flatMap(({ statements }) => statements)) {
    const { creates, startsQuery: name, writesSource: sink } = effects;
    if (creates?.kind === 'connector') connectors.set(creates.name, creates.config);
    if (creates?.kind === 'stream' || creates?.kind === 'table') topicOf.set(creates.name, creates.topic);
    if (name === undefined || sink === undefined) continue;
    const topic = (source: string): string => topicOf.get(source) ?? source;
    const reads = effects.readsSources.map(topic);
    const write = topic(sink);
    const stage: FlowStage = { kind: 'query', name, sink, text: statement.text, reads, writes: [write] };
    for (const read of reads) edges.push({ from: topicPlace(read), to: topicPlace(write), stage });
  }
  return { edges, connectors };
}
