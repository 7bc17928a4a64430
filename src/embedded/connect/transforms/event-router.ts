import { javaRegex, javaReplacement, type Options, optional, splitList } from '../config/option.js';
import { ConnectFailure } from '../data/failure.js';
import { javaText } from '../data/java-text.js';
import type { ConnectRecord, RecordHeader } from '../data/record.js';
import { Schema, STRING, Struct, type Value } from '../data/schema.js';
import { regexProblem } from './by-logical-table-router.js';
import { expandJson } from './expand-json.js';
import { bySchema, isEnvelope, type Transform, type TransformContext, type TransformPlugin } from './transform.js';

/** EventRouter: rows of an outbox table become events, each in the topic that a column names. */
export const eventRouter: TransformPlugin = {
  className: 'io.debezium.transforms.outbox.EventRouter',
  options: [
    optional('STRING', 'table.field.event.id', 'id', 'Column of the event’s id.'),
    optional('STRING', 'table.field.event.key', null, 'Column of the event’s key.'),
    optional('STRING', 'table.field.event.type', 'type', 'Column of the event’s type.'),
    optional('STRING', 'table.field.event.payload', 'payload', 'Column of the payload.'),
    optional(
      'STRING',
      'table.field.event.payload.id',
      'aggregateid',
      'Column of the key where no key column is named.',
    ),
    optional('STRING', 'table.field.event.timestamp', null, 'Column of the record’s timestamp.'),
    optional('STRING', 'table.field.event.schema.version', null, 'Column of the schema’s version.'),
    optional('LIST', 'table.fields.additional.placement', null, 'Columns for headers, envelope or partition.', {
      importance: 'HIGH',
      check: placementProblem,
    }),
    optional(
      'BOOLEAN',
      'table.fields.additional.error.on.missing',
      'true',
      'Whether a column that is missing is an error.',
    ),
    optional('BOOLEAN', 'table.expand.json.payload', 'false', 'Whether a JSON payload becomes a structure.'),
    optional('STRING', 'table.json.payload.null.behavior', 'ignore', 'What null in JSON becomes.', {
      oneOf: ['ignore', 'optional_bytes'],
    }),
    optional('STRING', 'table.op.invalid.behavior', 'warn', 'What an update of an outbox row does.', {
      oneOf: ['warn', 'error', 'fatal'],
    }),
    optional('STRING', 'route.by.field', 'aggregatetype', 'Column that decides on the topic.', { importance: 'HIGH' }),
    optional('STRING', 'route.topic.regex', '(?<routedByValue>.*)', 'Pattern on that column.', { check: regexProblem }),
    optional('STRING', 'route.topic.replacement', 'outbox.event.${routedByValue}', 'Name of the topic.', {
      importance: 'HIGH',
    }),
    optional('BOOLEAN', 'route.tombstone.on.empty.payload', 'false', 'Whether an empty payload is a tombstone.'),
    optional('STRING', 'tracing.span.context.field', 'tracingspancontext', 'Not used: no tracing here.'),
    optional('STRING', 'tracing.operation.name', 'debezium-read', 'Not used: no tracing here.'),
    optional('BOOLEAN', 'tracing.with.context.field.only', 'false', 'Not used: no tracing here.'),
  ],
  create: (options, context) => routeEvents(readOptions(options), context),
};

interface Placed {
  readonly column: string;
  readonly place: 'header' | 'envelope' | 'partition';
  readonly alias: string;
}

function placementProblem(list: string): string | undefined {
  const wrong = splitList(list).some((item) => {
    const parts = item.split(':');
    return (
      parts.length < 2 ||
      parts.length > 3 ||
      !['header', 'envelope', 'partition'].includes((parts[1] ?? '').toLowerCase())
    );
  });
  return wrong ? `A comma-separated list of valid String pairs or trios is expected but got: ${list}` : undefined;
}

type RouterOptions = ReturnType<typeof readOptions>;

function readOptions(options: Options) {
  const placed = options.list('table.fields.additional.placement').map((item): Placed => {
    const [column = '', place = '', alias = column] = item.split(':').map((part) => part.trim());
    return { column, place: place.toLowerCase() as Placed['place'], alias };
  });
  return {
    id: options.string('table.field.event.id'),
    key: options.text('table.field.event.key'),
    payload: options.string('table.field.event.payload'),
    fallbackKey: options.string('table.field.event.payload.id'),
    timestamp: options.text('table.field.event.timestamp'),
    schemaVersion: options.text('table.field.event.schema.version'),
    placed,
    envelope: placed.filter((one) => one.place === 'envelope'),
    failOnMissing: options.boolean('table.fields.additional.error.on.missing'),
    expandJson: options.boolean('table.expand.json.payload'),
    nullsAsBytes: options.choice('table.json.payload.null.behavior') === 'optional_bytes',
    invalidOperation: options.choice('table.op.invalid.behavior'),
    routeBy: options.string('route.by.field'),
    regex: javaRegex(`^(?:${options.string('route.topic.regex')})$`, 's'),
    replacement: javaReplacement(options.string('route.topic.replacement')),
    tombstones: options.boolean('route.tombstone.on.empty.payload'),
  };
}

function routeEvents(options: RouterOptions, context: TransformContext): Transform {
  const perTopic = new Map<string, (row: Schema) => (payload: Schema) => Schema>();
  const envelopeSchema = (topic: string, row: Schema, payload: Schema): Schema => {
    let schemas = perTopic.get(topic);
    if (schemas === undefined) {
      schemas = bySchema((one) => bySchema((other) => eventSchema(topic, one, other, options)));
      perTopic.set(topic, schemas);
    }
    return schemas(row)(payload);
  };
  return (record) => {
    if (record.value === null) return undefined; // a tombstone of the outbox table itself
    if (!isEnvelope(record)) return record; // heartbeats and the like
    const change = record.value as Struct;
    const operation = change.get('op');
    if (operation === 'd') return undefined;
    if (operation === 'u') return refuseUpdate(record, options, context);
    const row = change.get('after');
    if (!(row instanceof Struct)) return record;
    const { payloadSchema, payload } = payloadOf(row, options, context);
    const headers: RecordHeader[] = [...record.headers, { name: 'id', ...column(row, options.id, 'event-id') }];
    let partition: number | undefined;
    const extras: Value[] = [];
    for (const placed of options.placed) {
      const field = row.schema.field(placed.column);
      if (field === undefined) {
        if (options.failOnMissing) throw new ConnectFailure(`Unable to find field: ${placed.column}`);
        if (placed.place === 'envelope') extras.push(null);
        continue;
      }
      const value = row.values[field.index] ?? field.schema.defaultValue ?? null;
      if (placed.place === 'header') headers.push({ name: placed.alias, schema: field.schema, value });
      else if (placed.place === 'envelope') extras.push(value);
      else partition = value === null ? undefined : Number(value);
    }
    const empty = payload === null || (!(payload instanceof Struct) && javaText(payloadSchema, payload).trim() === '');
    const asTombstone = empty && options.tombstones;
    const wrapped = options.envelope.length > 0;
    const schema = asTombstone
      ? undefined
      : wrapped
        ? envelopeSchema(String(row.get(options.routeBy)), row.schema, payloadSchema)
        : payloadSchema;
    const value = asTombstone
      ? null
      : wrapped && schema !== undefined
        ? new Struct(schema, [payload, ...extras])
        : payload;
    return {
      ...record,
      topic: topicOf(row, options),
      partition,
      ...keyOf(row, options),
      valueSchema: schema,
      value,
      timestampMs: timestampOf(change, row, options),
      headers,
    };
  };
}

function refuseUpdate(record: ConnectRecord, options: RouterOptions, context: TransformContext): undefined {
  const message = `Unexpected update message received ${javaText(record.keySchema, record.key)}`;
  if (options.invalidOperation === 'fatal')
    throw new ConnectFailure(`${message}, fail.`, { className: 'java.lang.IllegalStateException' });
  context.warn(`${message} and ignored`);
  return undefined;
}

function column(row: Struct, name: string, what: string): { readonly schema: Schema; readonly value: Value } {
  const field = row.schema.field(name);
  if (field === undefined) throw new ConnectFailure(`Unable to find ${what} field ${name} in event`);
  return { schema: field.schema, value: row.values[field.index] ?? field.schema.defaultValue ?? null };
}

function payloadOf(row: Struct, options: RouterOptions, context: TransformContext) {
  const { schema, value } = column(row, options.payload, 'payload');
  if (!options.expandJson || value === null) return { payloadSchema: schema, payload: value };
  if (typeof value !== 'string') {
    context.warn('Expand JSON payload is turned on but payload is not a string');
    return { payloadSchema: schema, payload: value };
  }
  const expanded = expandJson(value, options.nullsAsBytes);
  if (expanded === undefined) context.warn('JSON expansion failed');
  return expanded === undefined
    ? { payloadSchema: schema, payload: value }
    : { payloadSchema: expanded.schema, payload: expanded.value };
}

function topicOf(row: Struct, options: RouterOptions): string {
  const { value } = column(row, options.routeBy, 'route-by');
  const routed = value === null ? '' : String(value);
  const match = options.regex.exec(routed);
  return match === null ? routed : options.replacement(match);
}

/** The key column, else the payload's id, else null as text. */
function keyOf(row: Struct, options: RouterOptions): { readonly keySchema: Schema; readonly key: Value } {
  const named = options.key === undefined ? undefined : row.schema.field(options.key);
  const fallback = row.schema.field(options.fallbackKey);
  const value = named === undefined ? null : (row.values[named.index] ?? null);
  const other = fallback === undefined ? null : (row.values[fallback.index] ?? null);
  return { keySchema: (named ?? fallback)?.schema ?? STRING, key: value ?? other };
}

function timestampOf(change: Struct, row: Struct, options: RouterOptions): number {
  const processed = Number(change.get('ts_ms'));
  if (options.timestamp === undefined) return processed;
  const { schema, value } = column(row, options.timestamp, 'timestamp');
  if (value === null) return processed;
  switch (schema.name) {
    case 'io.debezium.time.Timestamp':
    case 'org.apache.kafka.connect.data.Timestamp':
      return Number(value);
    case 'io.debezium.time.MicroTimestamp':
      return Math.floor(Number(value) / 1000);
    case 'io.debezium.time.NanoTimestamp':
      return Math.floor(Number(value) / 1_000_000);
    case 'io.debezium.time.ZonedTimestamp':
      return Date.parse(String(value));
    default:
      throw new ConnectFailure(
        schema.name === undefined
          ? `Unsupported field type ${schema.type.toUpperCase()} (without logical schema name) for event timestamp`
          : `Unsupported field type ${schema.name} for event timestamp`,
      );
  }
}

function eventSchema(topic: string, row: Schema, payload: Schema, options: RouterOptions): Schema {
  const extras = options.envelope.map((placed) => [placed.alias, row.field(placed.column)?.schema ?? STRING] as const);
  return new Schema('struct', {
    name: row.name?.replace(/\.Value$/, `.${topic}.Value`),
    fields: [['payload', payload], ...extras],
  });
}
