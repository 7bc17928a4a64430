import { readFileSync } from 'node:fs';
import { statementEffects } from '../protocol/ksql/effects.js';
import { parseStatements } from '../protocol/ksql/parse.js';
import { EvpipeError } from '../support/errors.js';
import type { CompareSection, Located, Pipeline } from './pipeline.js';

/** A place where data rests: a table of a database, or a topic. */
export type Place = `table ${string}.${string}` | `topic ${string}`;

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
      readonly topics: readonly string[];
    }
  | {
      readonly kind: 'query';
      readonly name: string;
      readonly reads: readonly string[];
      readonly writes: readonly string[];
    }
  | {
      readonly kind: 'group';
      readonly name: string;
      readonly group: string;
      readonly reads: readonly string[];
      readonly writes: readonly string[];
    };

export interface FlowEdge {
  readonly from: Place;
  readonly to: Place;
  readonly stage: FlowStage;
}

export const tablePlace = (database: string, table: string): Place =>
  `table ${database}.${table.replace(/^public\./, '')}`;
export const topicPlace = (topic: string): Place => `topic ${topic}`;

/** All edges of the data flow: from connector configs, ksql statements, and what services declare. Reads the ksql files. */
export function flowEdges(pipeline: Pipeline): readonly FlowEdge[] {
  const ksql = readKsql(pipeline);
  const connectors = connectorStages(pipeline, ksql.connectors);
  return [
    ...connectors.flatMap(connectorEdges),
    ...outboxEdges(pipeline, connectors),
    ...ksql.edges,
    ...serviceEdges(pipeline),
  ];
}

/** The stages from a check's source to its replica. Throws EVPIPE_WAY_UNKNOWN or EVPIPE_WAY_AMBIGUOUS (kind usage) with the candidates. */
export function wayOf(check: Located & CompareSection, edges: readonly FlowEdge[]): readonly FlowStage[] {
  if (check.through?.length === 0) return [];
  const from = tablePlace(check.source.database, check.source.table);
  const to = tablePlace(check.replica.database, check.replica.table);
  const ways = pathsBetween(from, to, edges).filter((way) => matches(way, check.through));
  const [way, other] = ways;
  if (way === undefined) {
    const reached = [...new Set(edges.filter((edge) => edge.from === from).map((edge) => edge.stage.name))];
    const known =
      reached.length === 0
        ? `nothing that is declared reads ${from}`
        : `${from} is read by ${reached.join(', ')}, which leads elsewhere`;
    throw wayError(
      check,
      'EVPIPE_WAY_UNKNOWN',
      `no way leads from ${from} to ${to}: ${known}`,
      'Declare what carries it (outbox, consumes, writes, produces), or through: [] where the two just have to agree.',
    );
  }
  if (other !== undefined) {
    const candidates = ways.map((one) => `[${one.map(({ name }) => name).join(', ')}]`).join(' or ');
    throw wayError(
      check,
      'EVPIPE_WAY_AMBIGUOUS',
      `several ways lead from ${from} to ${to}: ${candidates}`,
      'Name the one to check with through: […].',
    );
  }
  return way;
}

function wayError(check: Located, code: `EVPIPE_${string}`, message: string, todo: string): EvpipeError {
  return new EvpipeError(code, `check ${check.name}: ${message}`, { kind: 'usage', todo, location: check.location });
}

function matches(way: readonly FlowStage[], through: readonly string[] | undefined): boolean {
  return (
    through === undefined ||
    (through.length === way.length && through.every((name, index) => way[index]?.name === name))
  );
}

/** Ways longer than this are no declaration but a loop through many others. */
const STAGES_MAX = 12;

/** Every way without circles. Two edges of one stage (a connector of two tables) make one way. */
function pathsBetween(from: Place, to: Place, edges: readonly FlowEdge[]): readonly (readonly FlowStage[])[] {
  const found = new Map<string, readonly FlowStage[]>();
  const walk = (here: Place, way: readonly FlowStage[], seen: ReadonlySet<Place>): void => {
    if (here === to && way.length > 0) {
      found.set(way.map(({ kind, name }) => `${kind} ${name}`).join(' > '), way);
      return;
    }
    if (way.length >= STAGES_MAX) return;
    for (const edge of edges) {
      if (edge.from === here && !seen.has(edge.to)) walk(edge.to, [...way, edge.stage], new Set([...seen, edge.to]));
    }
  };
  walk(from, [], new Set([from]));
  return [...found.values()];
}

type ConnectorFlow = Extract<FlowStage, { kind: 'connector' }> & { readonly tables: readonly string[] };

function connectorStages(
  pipeline: Pipeline,
  made: ReadonlyMap<string, Readonly<Record<string, string>>>,
): readonly ConnectorFlow[] {
  return pipeline.connectors.flatMap((connector) => {
    const config = connector.config ?? made.get(connector.name) ?? {};
    if (connector.database === undefined) return [];
    const tables = (config['table.include.list'] ?? config['table.whitelist'] ?? '')
      .split(',')
      .map((table) => table.trim().replaceAll('\\.', '.'))
      .filter((table) => table !== '');
    const topics =
      connector.produces.length > 0
        ? connector.produces
        : [...new Set(tables.map((table) => routedTopic(table, config)))];
    return [
      {
        kind: 'connector',
        name: connector.name,
        database: connector.database,
        slot: config['slot.name'],
        topics,
        tables,
      },
    ];
  });
}

/** `<prefix>.<schema>.<table>` after the routers of the transform chain; Java's replacements read as JavaScript's do. */
function routedTopic(table: string, config: Readonly<Record<string, string>>): string {
  let topic = `${config['topic.prefix'] ?? config['database.server.name'] ?? ''}.${table}`;
  for (const alias of (config.transforms ?? '').split(',').map((one) => one.trim())) {
    const type = config[`transforms.${alias}.type`];
    const logical = type === 'io.debezium.transforms.ByLogicalTableRouter';
    const regex = config[`transforms.${alias}.${logical ? 'topic.regex' : 'regex'}`];
    const replacement = config[`transforms.${alias}.${logical ? 'topic.replacement' : 'replacement'}`];
    const routes = logical || type === 'org.apache.kafka.connect.transforms.RegexRouter';
    if (!routes || regex === undefined || replacement === undefined) continue;
    const pattern = new RegExp(`^(?:${regex})$`);
    if (pattern.test(topic)) topic = topic.replace(pattern, replacement);
  }
  return topic;
}

function connectorEdges({ tables, ...stage }: ConnectorFlow): FlowEdge[] {
  return tables.flatMap((table) =>
    stage.topics.map((topic) => ({ from: tablePlace(stage.database, table), to: topicPlace(topic), stage })),
  );
}

/** A reported table leads where its outbox leads: to the topics of the connector that reads it, or of its own polling. */
function outboxEdges(pipeline: Pipeline, connectors: readonly ConnectorFlow[]): readonly FlowEdge[] {
  return pipeline.services.flatMap((service) => {
    const { outbox } = service;
    if (outbox === undefined) return [];
    const reported = outbox.reports.map((table) => tablePlace(outbox.database, table));
    const polling: FlowStage[] =
      outbox.sent === undefined
        ? []
        : [
            {
              kind: 'outbox',
              name: service.name,
              database: outbox.database,
              table: outbox.table,
              sent: outbox.sent,
              topics: outbox.topics,
            },
          ];
    const place = tablePlace(outbox.database, outbox.table);
    const reading: readonly FlowStage[] = connectors
      .filter(
        (connector) =>
          connector.database === outbox.database &&
          connector.tables.some((table) => tablePlace(outbox.database, table) === place),
      )
      .map(({ tables: _, ...stage }) => stage);
    return [...polling, ...reading].flatMap((stage) =>
      ('topics' in stage ? stage.topics : []).flatMap((topic) =>
        reported.map((from) => ({ from, to: topicPlace(topic), stage })),
      ),
    );
  });
}

function serviceEdges(pipeline: Pipeline): readonly FlowEdge[] {
  return pipeline.services.flatMap(({ name, consumes, writes, produces }) => {
    if (consumes === undefined) return [];
    const stage: FlowStage = { kind: 'group', name, group: consumes.group, reads: consumes.topics, writes: produces };
    const targets: Place[] = [
      ...(writes?.tables ?? []).map((table) => tablePlace(writes?.database ?? '', table)),
      ...produces.map(topicPlace),
    ];
    return consumes.topics.flatMap((topic) => targets.map((to) => ({ from: topicPlace(topic), to, stage })));
  });
}

interface KsqlFlow {
  readonly edges: readonly FlowEdge[];
  /** Configs of connectors that migrations make. */
  readonly connectors: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** What the ksql migrations make, as far as their text tells. A file that does not parse is lint's to report: it adds nothing here. */
function readKsql(pipeline: Pipeline): KsqlFlow {
  const topicOf = new Map<string, string>();
  const connectors = new Map<string, Readonly<Record<string, string>>>();
  const edges: FlowEdge[] = [];
  for (const file of pipeline.ksqldb?.migrations ?? []) {
    for (const effects of effectsOf(file)) {
      const { creates } = effects;
      if (creates?.kind === 'connector') connectors.set(creates.name, creates.config);
      if (creates?.kind === 'stream' || creates?.kind === 'table') topicOf.set(creates.name, creates.topic);
      if (effects.startsQuery === undefined || effects.writesSource === undefined) continue;
      const topic = (source: string): string => topicOf.get(source) ?? source;
      const reads = effects.readsSources.map(topic);
      const writes = [topic(effects.writesSource)];
      const stage: FlowStage = { kind: 'query', name: effects.startsQuery, reads, writes };
      for (const read of reads)
        for (const write of writes) edges.push({ from: topicPlace(read), to: topicPlace(write), stage });
    }
  }
  return { edges, connectors };
}

function effectsOf(file: string): readonly ReturnType<typeof statementEffects>[] {
  try {
    return parseStatements(readFileSync(file, 'utf8')).map(statementEffects);
  } catch {
    return [];
  }
}
