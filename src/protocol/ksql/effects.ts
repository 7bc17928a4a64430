import type { Query, Statement, WithClause } from './ast.js';
import { connectorConfig, withText } from './with-values.js';

/** Formats whose schemas stand in the registry. */
const REGISTRY_FORMATS: ReadonlySet<string> = new Set(['AVRO', 'PROTOBUF', 'JSON_SR']);

export interface CreatedSource {
  readonly kind: 'stream' | 'table';
  readonly name: string;
  /** Named like the source where the statement does not say. */
  readonly topic: string;
}

export interface CreatedConnector {
  readonly kind: 'connector';
  readonly type: 'SOURCE' | 'SINK';
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
}

export interface CreatedType {
  readonly kind: 'type';
  readonly name: string;
}

/** What a statement does to the world outside it, as far as its text alone shows. */
export interface StatementEffects {
  readonly creates: CreatedSource | CreatedConnector | CreatedType | undefined;
  /** The prefix of the id of the query that it starts: CSAS_X, CTAS_X, INSERTQUERY; or the id in WITH (QUERY_ID). */
  readonly startsQuery: string | undefined;
  /** Streams and tables (resolved names) that its query reads. */
  readonly readsSources: readonly string[];
  /** The stream or table that its query writes into. */
  readonly writesSource: string | undefined;
  /** The topic that a CREATE STREAM/TABLE without a query is a view of. */
  readonly topic: string | undefined;
  /** Subjects that have to exist in the registry before it, because its columns come from them. */
  readonly infersFrom: readonly string[];
  /** Subjects that it registers. */
  readonly registers: readonly string[];
  readonly drops: string | undefined;
  /** SET: a property for the statements after it. */
  readonly sets: { readonly property: string; readonly value: string | undefined } | undefined;
}

const NOTHING: StatementEffects = {
  creates: undefined,
  startsQuery: undefined,
  readsSources: [],
  writesSource: undefined,
  topic: undefined,
  infersFrom: [],
  registers: [],
  drops: undefined,
  sets: undefined,
};

export function statementEffects(statement: Statement): StatementEffects {
  switch (statement.kind) {
    case 'create-source': {
      const topic = withText(statement.with, 'KAFKA_TOPIC') ?? statement.name;
      const kind = statement.type === 'STREAM' ? 'stream' : 'table';
      const [key, value] = formats(statement.with);
      const hasKey = statement.columns.some(({ role }) => role === 'KEY' || role === 'PRIMARY KEY');
      const hasValue = statement.columns.some(({ role }) => role === undefined);
      const infersFrom = [
        ...(!hasKey && REGISTRY_FORMATS.has(key) ? [`${topic}-key`] : []),
        ...(!hasValue && REGISTRY_FORMATS.has(value) ? [`${topic}-value`] : []),
      ];
      const registers = [
        ...(hasKey && REGISTRY_FORMATS.has(key) ? [`${topic}-key`] : []),
        ...(hasValue && REGISTRY_FORMATS.has(value) ? [`${topic}-value`] : []),
      ];
      return { ...NOTHING, creates: { kind, name: statement.name, topic }, topic, infersFrom, registers };
    }
    case 'create-as-select': {
      const topic = withText(statement.with, 'KAFKA_TOPIC') ?? statement.name;
      const kind = statement.type === 'STREAM' ? 'stream' : 'table';
      const prefix = statement.type === 'STREAM' ? 'CSAS' : 'CTAS';
      const [key, value] = formats(statement.with);
      return {
        ...NOTHING,
        creates: { kind, name: statement.name, topic },
        startsQuery: withText(statement.with, 'QUERY_ID') ?? `${prefix}_${statement.name}`,
        readsSources: sourcesOf(statement.query),
        writesSource: statement.name,
        registers: [
          ...(REGISTRY_FORMATS.has(key) ? [`${topic}-key`] : []),
          ...(REGISTRY_FORMATS.has(value) ? [`${topic}-value`] : []),
        ],
      };
    }
    case 'insert-select':
      return {
        ...NOTHING,
        startsQuery: withText(statement.with, 'QUERY_ID') ?? 'INSERTQUERY',
        readsSources: sourcesOf(statement.query),
        writesSource: statement.target,
      };
    case 'insert-values':
      return { ...NOTHING, writesSource: statement.target };
    case 'create-connector': {
      const { type, name } = statement;
      return { ...NOTHING, creates: { kind: 'connector', type, name, config: connectorConfig(statement.with) } };
    }
    case 'create-type':
      return { ...NOTHING, creates: { kind: 'type', name: statement.name } };
    case 'drop-source':
    case 'drop-connector':
    case 'drop-type':
      return { ...NOTHING, drops: statement.name };
    case 'set':
      return { ...NOTHING, sets: { property: statement.property, value: statement.value } };
    case 'unset':
      return { ...NOTHING, sets: { property: statement.property, value: undefined } };
    case 'select':
      return { ...NOTHING, readsSources: sourcesOf(statement.query) };
    default:
      return NOTHING;
  }
}

const sourcesOf = (query: Query): string[] => [query.from.name, ...query.joins.map(({ source }) => source.name)];

/** Key and value format, upper case; '' where the statement leaves it to its source or to a default. */
function formats(properties: WithClause): [key: string, value: string] {
  const both = withText(properties, 'FORMAT');
  const key = withText(properties, 'KEY_FORMAT') ?? both ?? '';
  const value = withText(properties, 'VALUE_FORMAT') ?? both ?? '';
  return [key.toUpperCase(), value.toUpperCase()];
}
