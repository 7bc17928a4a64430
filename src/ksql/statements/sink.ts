import { isDeepStrictEqual } from 'node:util';
import type { Expression, Query, StatementOf } from '../../protocol/ksql/ast.js';
import { formatExpression } from '../../protocol/ksql/format.js';
import { parseStatement } from '../../protocol/ksql/parse.js';
import { columnsIn } from '../expressions/children.js';
import { registerSchema } from '../formats/register-schema.js';
import type { Registry } from '../formats/registry.js';
import type { Source } from '../metadata/source.js';
import { keySourceOf } from '../query/logical-plan.js';
import type { QueryPlan } from '../query/plan.js';
import { planQuery, type QueryRequest } from '../query/plan-query.js';
import { qualified } from '../query/qualified.js';
import { StatementError } from '../statement-error.js';
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
  if (existing !== undefined && !statement.orReplace) {
    if (statement.ifNotExists) return { kind: 'exists', existing };
    throw alreadyExists(statement.type.toLowerCase(), existing);
  }
  const planned = planSink(statement, circumstances);
  const query = qualified(requestOf(statement, circumstances));
  if (existing !== undefined) checkUpgrade(existing, planned.sink, query, circumstances);
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
  const plan = planQuery(requestOf(statement, circumstances));
  if (plan.type !== statement.type) {
    const advice =
      plan.type === 'TABLE'
        ? 'Use `CREATE TABLE AS SELECT` instead.\nSee https://docs.ksqldb.io for the difference of streams and tables.'
        : 'Use `CREATE STREAM AS SELECT` instead.';
    throw new StatementError(
      `Invalid result type. Your SELECT query produces a ${plan.type}. Please use CREATE ${plan.type} AS SELECT statement instead.\n${advice}`.split(
        '\n',
      )[0] ?? '',
    );
  }
  const { properties: session } = circumstances;
  const properties = readSourceProperties(statement.with, 'query', session);
  const topic = properties.topic ?? `${session.get('ksql.output.topic.name.prefix') ?? ''}${statement.name}`;
  const sink = sinkOf(statement, plan, { ...properties, topic });
  return { plan, sink, properties };
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
function checkUpgrade(existing: Source, next: Source, query: Query, circumstances: Circumstances): void {
  const stateful = query.window !== undefined || query.groupBy.length > 0 || query.joins.length > 0;
  if ((stateful || existing.window !== undefined) && !changesOnlyFilter(existing, query, circumstances)) {
    const what = query.joins.length > 0 ? 'joins' : 'aggregations';
    throw new StatementError(
      `Cannot replace ${existing.type.toLowerCase()} '${existing.name}': upgrades are not supported for ${what}`,
    );
  }
  checkReplacement(existing, next);
}

function changesOnlyFilter(existing: Source, query: Query, circumstances: Circumstances): boolean {
  const old = parseStatement(existing.statement);
  if (old.kind !== 'create-as-select' || query.window !== undefined || query.joins.length > 0) return false;
  const source = circumstances.metastore.source(query.from.name);
  if (source.type !== 'STREAM' || source.window !== undefined) return false;
  const [before, after] = [qualified(requestOf(old, circumstances)), query].map((each) => ({
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
