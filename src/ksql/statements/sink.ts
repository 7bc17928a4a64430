import { isDeepStrictEqual } from 'node:util';
import type { Expression, Query, StatementOf } from '../../protocol/ksql/ast.js';
import { formatExpression } from '../../protocol/ksql/format.js';
import { parseStatement } from '../../protocol/ksql/parse.js';
import { columnsIn } from '../expressions/children.js';
import { registerSchema } from '../formats/register-schema.js';
import type { Registry } from '../formats/registry.js';
import type { Metastore } from '../metadata/metastore.js';
import type { Source } from '../metadata/source.js';
import { keySourceOf } from '../query/logical-plan.js';
import type { QueryPlan } from '../query/plan.js';
import { planQuery, type QueryRequest } from '../query/plan-query.js';
import { qualified } from '../query/qualified.js';
import { during, StatementError } from '../statement-error.js';
import type { Circumstances } from './circumstances.js';
import { alreadyExists, checkReplacement, checkTimestamp } from './source.js';
import { checkTopicName, readSourceProperties, recordFormat, type SourceProperties } from './with-properties.js';

type CreateAsSelect = StatementOf<'create-as-select'>;

export type DeclaredSink =
  /** IF NOT EXISTS: nothing to do. */
  | { readonly kind: 'exists'; readonly existing: Source }
  | {
      readonly kind: 'new';
      /** With its query written out. */
      readonly statement: CreateAsSelect;
      readonly plan: QueryPlan;
      readonly sink: Source;
      readonly properties: SourceProperties;
    };

/** CREATE STREAM or TABLE … AS SELECT, as far as topics play no part. Throws StatementError. */
export function declareSink(statement: CreateAsSelect, circumstances: Circumstances): DeclaredSink {
  const existing = circumstances.metastore.sources.get(statement.name);
  if (existing !== undefined && statement.ifNotExists && !statement.orReplace) return { kind: 'exists', existing };
  const planned = planSink(statement, circumstances);
  if (existing !== undefined && !statement.orReplace) throw alreadyExists(statement.type.toLowerCase(), existing);
  const query = qualified(requestOf(statement, circumstances));
  if (existing !== undefined) {
    checkReplacement(existing, planned.sink);
    checkUpgrade(existing, query, circumstances);
  }
  return { kind: 'new', statement: { ...statement, query }, ...planned };
}

export async function registerSink(sink: Source, registry: Registry | undefined): Promise<void> {
  for (const role of ['key', 'value'] as const) await registerSchema(sink, role, registry);
}

const requestOf = ({ query, name }: CreateAsSelect, { metastore, world, properties }: Circumstances): QueryRequest => ({
  query,
  use: 'persistent',
  sink: name,
  metastore,
  world,
  properties,
});

export function planSink(
  statement: CreateAsSelect,
  circumstances: Circumstances,
): { plan: QueryPlan; sink: Source; properties: SourceProperties } {
  const { properties: session } = circumstances;
  const properties = readSourceProperties(statement.with, 'query', session);
  const topic = properties.topic ?? `${session.get('ksql.output.topic.name.prefix') ?? ''}${statement.name}`;
  return during('Could not determine output schema for query due to error', () => {
    const plan = planQuery(requestOf(statement, circumstances));
    if (plan.type !== statement.type) {
      throw new StatementError(
        `Invalid result type. Your SELECT query produces a ${plan.type}. Please use CREATE ${plan.type} AS SELECT statement instead.`,
      );
    }
    return { plan, sink: sinkOf(statement, plan, { ...properties, topic }), properties };
  });
}

function sinkOf(
  statement: CreateAsSelect,
  plan: QueryPlan,
  properties: SourceProperties & { readonly topic: string },
): Source {
  const first = plan.inputs[0]?.source;
  if (first === undefined) throw new StatementError('the query has no source');
  const { topic } = properties;
  checkTopicName(topic);
  const schema = plan.output;
  const keyed = keySourceOf(plan.logical);
  const keyFormat = properties.keyFormat ?? (schema.key.length === 0 ? 'NONE' : keyed.key.format);
  // A source without a key says nothing of the key that a query gives its rows.
  const inherited = properties.keyFormat === undefined && keyFormat === 'NONE' && schema.key.length > 0;
  const key = recordFormat('key', statement.name, inherited ? 'KAFKA' : keyFormat, schema.key, {
    ...properties,
    keyDelimiter: properties.keyDelimiter ?? keyed.key.delimiter,
    delimiterGiven: properties.keyDelimiter !== undefined,
  });
  const value = recordFormat('value', statement.name, properties.valueFormat ?? first.value.format, schema.value, {
    ...properties,
    valueDelimiter: properties.valueDelimiter ?? first.value.delimiter,
    delimiterGiven: properties.valueDelimiter !== undefined,
  });
  if (properties.timestamp !== undefined) checkTimestamp(schema, properties.timestamp);
  return {
    name: statement.name,
    type: plan.type,
    schema,
    topic,
    key,
    value,
    timestamp: properties.timestamp,
    window: plan.window,
    readOnly: false,
    statement: `${statement.text};`,
    query: undefined,
    madeFrom: [...new Set(plan.inputs.map(({ source }) => source.name))],
  };
}

/**
 * CREATE OR REPLACE keeps the old query's state and offsets, so it may add columns and change filters, no more; of an
 * aggregate only its filter, over the columns that it reads already.
 */
function checkUpgrade(existing: Source, query: Query, circumstances: Circumstances): void {
  if (existing.query === undefined || !circumstances.isRunning(existing.query)) return;
  const why = upgradeProblem(existing, query, circumstances);
  if (why !== undefined) throw new StatementError(`Query is not upgradeable. ${why}`);
}

function upgradeProblem(existing: Source, query: Query, circumstances: Circumstances): string | undefined {
  const { metastore } = circumstances;
  const statement = parseStatement(existing.statement);
  if (statement.kind !== 'create-as-select') return undefined;
  const old = qualified(requestOf(statement, circumstances));
  const [before, after] = [old, query].map(({ from }) => metastore.sources.get(from.name)?.topic);
  if (query.joins.length > 0) return 'Upgrades not yet supported for joins';
  if (query.window !== undefined || existing.window !== undefined) {
    return 'Upgrades not yet supported for windowed queries';
  }
  if (before !== after) {
    const step = `${metastore.source(query.from.name).type === 'STREAM' ? 'Stream' : 'Table'}Source`;
    return `Plan step of type ${step} must have matching topicName. Values differ: ${before} vs. ${after}`;
  }
  if (query.groupBy.length > 0 && !changesOnlyFilter(old, query, metastore)) {
    return 'Upgrades not yet supported for aggregations';
  }
  return undefined;
}

function changesOnlyFilter(old: Query, query: Query, metastore: Metastore): boolean {
  const source = metastore.source(query.from.name);
  if (source.type !== 'STREAM' || source.window !== undefined) return false;
  const [before, after] = [old, query].map((each) => ({
    shape: shapeOf(each),
    reads: [...columnsOf(each)].sort(),
  }));
  return isDeepStrictEqual(before, after);
}

const expressionsOf = ({ select, groupBy, having }: Query): Expression[] => [
  ...select.flatMap((item) => (item.kind === 'expression' ? [item.expression] : [])),
  ...groupBy,
  ...(having === undefined ? [] : [having]),
];

/** All of a query but its filter. */
const shapeOf = (query: Query) => ({
  from: query.from.name,
  names: query.select.map((item) => (item.kind === 'expression' ? item.alias : item.kind)),
  expressions: expressionsOf(query).map(formatExpression),
  joined: query.joins.length + (query.window === undefined ? 0 : 1),
});

function columnsOf(query: Query): ReadonlySet<string> {
  const names = new Set<string>();
  for (const each of [...expressionsOf(query), ...(query.where === undefined ? [] : [query.where])]) {
    columnsIn(each, names);
  }
  return names;
}
