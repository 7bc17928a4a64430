import {
  javaRegex,
  javaReplacement,
  optional,
  regexProblem,
  splitList,
  unused,
} from '../../../protocol/connect/option.js';
import type { Options } from '../config/options.js';
import { ConnectFailure, dataFailure } from '../data/failure.js';
import { javaText } from '../data/java-text.js';
import type { ConnectRecord, RecordHeader } from '../data/record.js';
import { OPTIONAL_STRING, Schema, STRING, Struct, type Value } from '../data/schema.js';
import { expandJson, NotExpandable } from './expand-json.js';
import {
  bySchema,
  fieldOf,
  fieldValue,
  isEnvelope,
  requireStruct,
  type Transform,
  type TransformContext,
  type TransformPlugin,
} from './transform.js';

export const eventRouter: TransformPlugin = {
  className: 'io.debezium.transforms.outbox.EventRouter',
  meaning: 'Rows of an outbox table become events, each in the topic that a column names.',
  options: [
    optional('STRING', 'table.field.event.id', 'id', 'Column of the event’s id.'),
    optional('STRING', 'table.field.event.key', 'aggregateid', 'Column of the event’s key.'),
    optional('STRING', 'table.field.event.type', 'type', 'Column of the event’s type.'),
    optional('STRING', 'table.field.event.payload', 'payload', 'Column of the payload.'),
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
    unused(
      optional(
        'STRING',
        'tracing.span.context.field',
        'tracingspancontext',
        'embedded Connect sends no tracing spans.',
      ),
    ),
    unused(optional('STRING', 'tracing.operation.name', 'debezium-read', 'embedded Connect sends no tracing spans.')),
    unused(optional('BOOLEAN', 'tracing.with.context.field.only', 'false', 'embedded Connect sends no tracing spans.')),
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
    key: options.string('table.field.event.key'),
    payload: options.string('table.field.event.payload'),
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
  const envelopes = new Map<string, (row: Schema) => (payload: Schema) => Schema>();
  const envelopeSchema = (row: Struct, payload: Schema): Schema => {
    const topic = String(fieldValue(row, options.routeBy));
    const version = options.schemaVersion === undefined ? undefined : Number(fieldValue(row, options.schemaVersion));
    const id = `${version} ${topic}`;
    let schemas = envelopes.get(id);
    if (schemas === undefined) {
      schemas = bySchema((one) => bySchema((other) => eventSchema(topic, version, one, other, options)));
      envelopes.set(id, schemas);
    }
    return schemas(row.schema)(payload);
  };
  return (record) => {
    if (record.value === null) return undefined; // a tombstone of the outbox table itself
    if (!isEnvelope(record)) return record; // heartbeats and the like
    const change = record.value as Struct;
    const operation = change.get('op');
    if (operation === 'd') return undefined;
    if (operation === 'u') return refuseUpdate(record, options, context);
    const row = requireStruct(change.get('after'), 'Read Outbox Event');
    const { payloadSchema, payload } = payloadOf(row, options, context);
    const { headers, extras, partition } = placedColumns(row, options);
    const isEmpty =
      payload === null || (!(payload instanceof Struct) && javaText(payloadSchema, payload).trim() === '');
    let [valueSchema, value]: [Schema | undefined, Value] = [payloadSchema, payload];
    if (options.envelope.length > 0) {
      valueSchema = envelopeSchema(row, payloadSchema ?? OPTIONAL_STRING);
      value = new Struct(valueSchema, [payload, ...extras]);
    }
    if (isEmpty && options.tombstones) [valueSchema, value] = [undefined, null];
    return {
      ...record,
      topic: topicOf(row, options),
      partition,
      ...keyOf(row, options),
      valueSchema,
      value,
      timestampMs: timestampOf(change, row, options),
      headers: [...record.headers, { name: 'id', ...column(row, options.id) }, ...headers],
    };
  };
}

/** What `table.fields.additional.placement` puts into headers, the envelope and the partition. */
function placedColumns(row: Struct, options: RouterOptions) {
  const headers: RecordHeader[] = [];
  const extras: Value[] = [];
  let partition: number | undefined;
  for (const placed of options.placed) {
    if (row.schema.field(placed.column) === undefined && !options.failOnMissing) {
      if (placed.place === 'envelope') extras.push(null);
      continue;
    }
    const { schema, value } = column(row, placed.column);
    if (placed.place === 'header') headers.push({ name: placed.alias, schema, value });
    else if (placed.place === 'envelope') extras.push(value);
    else partition = value === null ? undefined : Number(requireType(placed.column, schema, 'int32', value));
  }
  return { headers, extras, partition };
}

function refuseUpdate(record: ConnectRecord, options: RouterOptions, context: TransformContext): undefined {
  const message = `Unexpected update message received ${javaText(record.keySchema, record.key)}`;
  if (options.invalidOperation === 'fatal')
    throw new ConnectFailure(`${message}, fail.`, { className: 'java.lang.IllegalStateException' });
  context.warn(`${message} and ignored`);
  return undefined;
}

function column(row: Struct, name: string): { readonly schema: Schema; readonly value: Value } {
  return { schema: fieldOf(row.schema, name).schema, value: fieldValue(row, name) };
}

/** Where Debezium says what it looked for. */
function namedColumn(row: Struct, name: string, what: string) {
  if (row.schema.field(name) === undefined) throw new ConnectFailure(`Unable to find ${what} field ${name} in event`);
  return column(row, name);
}

function requireType(name: string, schema: Schema, type: Schema['type'], value: Value): Value {
  if (schema.type === type) return value;
  throw dataFailure(`Field '${name}' is not of type ${type.toUpperCase()}`);
}

function payloadOf(row: Struct, options: RouterOptions, context: TransformContext) {
  const { schema, value } = namedColumn(row, options.payload, 'payload');
  if (!options.expandJson || value === null) return { payloadSchema: schema, payload: value };
  if (typeof value !== 'string') {
    context.warn('Expand JSON payload is turned on but payload is not a string');
    return { payloadSchema: schema, payload: value };
  }
  try {
    const expanded = expandJson(value, options.nullsAsBytes, 'payload');
    return { payloadSchema: expanded.schema, payload: expanded.value };
  } catch (failure) {
    if (!(failure instanceof NotExpandable)) throw failure;
    context.warn(`JSON expansion failed: ${failure.message}`);
    return { payloadSchema: schema, payload: value };
  }
}

function topicOf(row: Struct, options: RouterOptions): string {
  const value = fieldValue(row, options.routeBy);
  const routed = value === null ? '' : String(value);
  const match = options.regex.exec(routed);
  return match === null ? routed : options.replacement(match);
}

function keyOf(row: Struct, options: RouterOptions): { readonly keySchema: Schema; readonly key: Value } {
  const { schema, value } = column(row, options.key);
  return { keySchema: schema, key: value };
}

function timestampOf(change: Struct, row: Struct, options: RouterOptions): number {
  const processed = Number(change.get('ts_ms'));
  if (options.timestamp === undefined) return processed;
  const { schema, value } = namedColumn(row, options.timestamp, 'timestamp');
  if (value === null) return processed;
  if (schema.name !== 'io.debezium.time.ZonedTimestamp') requireType(options.timestamp, schema, 'int64', value);
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

function eventSchema(
  topic: string,
  version: number | undefined,
  row: Schema,
  payload: Schema,
  options: RouterOptions,
): Schema {
  const extras = options.envelope.map((placed) => [placed.alias, row.field(placed.column)?.schema ?? STRING] as const);
  return new Schema('struct', {
    name: row.name?.replace(/\.Value$/, `.${topic}.Value`),
    version,
    fields: [['payload', payload], ...extras],
  });
}
