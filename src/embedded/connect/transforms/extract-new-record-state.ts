import { optional, splitList } from '../../../protocol/connect/option.js';
import type { Options } from '../config/options.js';
import type { ConnectRecord, RecordHeader } from '../data/record.js';
import { OPTIONAL_STRING, type Schema, STRING, Struct, type Value } from '../data/schema.js';
import { bySchema, DEBEZIUM, fieldValue, isEnvelope, type Transform, type TransformPlugin } from './transform.js';

const DELETE_MODES = ['drop', 'tombstone', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone'] as const;
type DeleteMode = (typeof DELETE_MODES)[number];

export const extractNewRecordState: TransformPlugin = {
  className: `${DEBEZIUM}.ExtractNewRecordState`,
  meaning: 'The row’s new state instead of the change event; tombstones are kept by default.',
  options: [
    optional('STRING', 'delete.tombstone.handling.mode', 'tombstone', 'What becomes of deletes and their tombstones.', {
      oneOf: DELETE_MODES,
    }),
    optional('STRING', 'delete.handling.mode', null, 'Older name: drop, rewrite, none.', {
      oneOf: ['drop', 'rewrite', 'none'],
    }),
    optional('BOOLEAN', 'drop.tombstones', null, 'Older name: whether tombstones are dropped.'),
    optional('LIST', 'add.fields', null, 'Fields of the event to be added to the row: [struct.]field[:alias].'),
    optional('STRING', 'add.fields.prefix', '__', 'Prefix of added fields.'),
    optional('LIST', 'add.headers', null, 'Fields of the event to be added as headers.'),
    optional('STRING', 'add.headers.prefix', '__', 'Prefix of added headers.'),
    optional('STRING', 'route.by.field', '', 'Field of the row that names the topic.'),
    optional('STRING', 'drop.fields.header.name', null, 'Header that lists fields to be dropped.'),
    optional('BOOLEAN', 'drop.fields.from.key', 'false', 'Whether these fields are dropped from the key, too.'),
    optional('BOOLEAN', 'drop.fields.keep.schema.compatible', 'true', 'Whether required fields are kept.'),
    optional(
      'BOOLEAN',
      'replace.null.with.default',
      'true',
      'Whether null becomes the default of a field that has one.',
    ),
  ],
  create(options) {
    const mode = deleteMode(options);
    const fields = additions(options, 'add.fields', 'add.fields.prefix');
    const headers = additions(options, 'add.headers', 'add.headers.prefix');
    const routeBy = options.string('route.by.field');
    const topicOf = (record: ConnectRecord, row: Value): string =>
      routeBy === '' || !(row instanceof Struct) ? record.topic : String(fieldValue(row, routeBy));
    const rewrites = mode === 'rewrite' || mode === 'rewrite-with-tombstone';
    const rowSchema = bySchema((envelope) => bySchema((row) => extend(row, fieldsIn(envelope), rewrites)));
    const fieldsIn = bySchema((envelope) => present(fields, envelope));
    const headersIn = bySchema((envelope) => present(headers, envelope));
    const drop = fieldDropper(options);
    const unwrapped: Transform = (record) => {
      if (record.value === null) {
        const kept = mode === 'rewrite-with-tombstone';
        return kept ? withTombstoneHeaders(record, headers) : undefined;
      }
      if (!isEnvelope(record)) return record;
      const event = record.value as Struct;
      const operation = event.get('op');
      if (operation === 't' || operation === 'm') return undefined;
      const carried = withHeaders(record, event, headersIn(event.schema));
      if (operation === 'd' && !rewrites) {
        // The deletion itself becomes the tombstone, so that it carries the headers; the tombstone after it goes.
        if (mode === 'drop') return undefined;
        const valueSchema = mode === 'delete-to-tombstone' ? undefined : event.schema.field('after')?.schema;
        return { ...carried, topic: topicOf(carried, event.get('before')), valueSchema, value: null };
      }
      const row = event.get(operation === 'd' ? 'before' : 'after');
      if (!(row instanceof Struct))
        return { ...carried, valueSchema: event.schema.field('after')?.schema, value: null };
      const schema = rowSchema(event.schema)(row.schema);
      const added = fieldsIn(event.schema);
      const values: readonly Value[] =
        added.length === 0 && !rewrites
          ? row.values
          : [
              ...row.values,
              ...(rewrites ? [operation === 'd' ? 'true' : 'false'] : []),
              ...added.map((one) => valueAt(event, one.path)),
            ];
      // Written out: this is done with each record, and spreading the old one takes longer than all else here.
      return {
        topic: topicOf(carried, row),
        partition: carried.partition,
        keySchema: carried.keySchema,
        key: carried.key,
        valueSchema: schema,
        value: new Struct(schema, values),
        timestampMs: carried.timestampMs,
        headers: carried.headers,
      };
    };
    return (record) => {
      const result = unwrapped(record);
      return result === undefined ? undefined : drop(result);
    };
  },
};

const DELETED = '__deleted';

/** Removes the fields that a header lists, from the value and perhaps the key. */
function fieldDropper(options: Options): (record: ConnectRecord) => ConnectRecord {
  const header = options.string('drop.fields.header.name');
  if (header === '') return (record) => record;
  const fromKey = options.boolean('drop.fields.from.key');
  const keepsRequired = options.boolean('drop.fields.keep.schema.compatible');
  const without = (value: Value, names: ReadonlySet<Value>): Value => {
    if (!(value instanceof Struct)) return value;
    const kept = value.schema.fields.filter(
      (field) => !names.has(field.name) || (keepsRequired && !field.schema.optional),
    );
    if (kept.length === value.values.length) return value;
    const schema = value.schema.with({ fields: kept.map((field) => [field.name, field.schema] as const) });
    return new Struct(
      schema,
      kept.map((field) => value.values[field.index] ?? null),
    );
  };
  const schemaOf = (value: Value, schema: Schema | undefined) => (value instanceof Struct ? value.schema : schema);
  return (record) => {
    const list = record.headers.findLast((one) => one.name === header)?.value;
    if (!Array.isArray(list)) return record;
    const names = new Set<Value>(list);
    const value = without(record.value, names);
    const key = fromKey ? without(record.key, names) : record.key;
    return {
      ...record,
      value,
      valueSchema: schemaOf(value, record.valueSchema),
      key,
      keySchema: schemaOf(key, record.keySchema),
    };
  };
}

function deleteMode(options: Options): DeleteMode {
  const handling = options.text('delete.handling.mode')?.toLowerCase();
  const drop = options.text('drop.tombstones')?.toLowerCase();
  if (options.raw['delete.tombstone.handling.mode'] !== undefined || (handling === undefined && drop === undefined))
    return options.oneOf('delete.tombstone.handling.mode', DELETE_MODES);
  const dropsTombstones = drop !== 'false';
  if (handling === 'rewrite') return dropsTombstones ? 'rewrite' : 'rewrite-with-tombstone';
  if (handling === 'none') return 'delete-to-tombstone';
  return dropsTombstones ? 'drop' : 'tombstone';
}

interface Addition {
  /** Within the event: ['op'], ['source', 'lsn'], ['before', 'a']. */
  readonly path: readonly string[];
  readonly name: string;
}

/** "source.snapshot" → `__source_snapshot`; "before.a:was" → `__was`; "table" is the source's. */
function additions(options: Options, list: string, prefixOption: string): Addition[] {
  const prefix = options.string(prefixOption);
  return splitList(options.text(list) ?? '').map((item) => {
    const [path = '', alias] = item.split(':');
    const steps = path.split('.');
    const inEvent = ['op', 'ts_ms', 'ts_us', 'ts_ns', 'transaction', 'source', 'before', 'after'].includes(
      steps[0] ?? '',
    );
    return { path: inEvent ? steps : ['source', ...steps], name: `${prefix}${alias ?? steps.join('_')}` };
  });
}

function valueAt(event: Struct, path: readonly string[]): Value {
  let value: Value = event;
  for (const step of path) value = value instanceof Struct ? value.get(step) : null;
  return value;
}

/** Added fields are optional and have no default. Undefined where the event has no such field. */
function schemaAt(envelope: Schema, path: readonly string[]): Schema | undefined {
  let schema: Schema | undefined = envelope;
  for (const step of path) schema = schema?.field(step)?.schema;
  return schema?.with({ optional: true, defaultValue: undefined });
}

interface Present extends Addition {
  readonly schema: Schema;
}

/** Those that the event has. Debezium leaves the others out without a word. */
const present = (additions: readonly Addition[], envelope: Schema): readonly Present[] =>
  additions.flatMap((one) => {
    const schema = schemaAt(envelope, one.path);
    return schema === undefined ? [] : [{ ...one, schema }];
  });

const extend = (row: Schema, added: readonly Present[], rewrites: boolean): Schema =>
  row.with({
    optional: false,
    fields: [
      ...row.fields.map((field) => [field.name, field.schema] as const),
      ...(rewrites ? [[DELETED, OPTIONAL_STRING] as const] : []),
      ...added.map((one) => [one.name, one.schema] as const),
    ],
  });

function withHeaders(record: ConnectRecord, event: Struct, headers: readonly Present[]): ConnectRecord {
  if (headers.length === 0) return record;
  const added = headers.map(
    (one): RecordHeader => ({ name: one.name, schema: one.schema, value: valueAt(event, one.path) }),
  );
  return { ...record, headers: [...record.headers, ...added] };
}

/** A tombstone carries no event: only that it is a delete is known. */
function withTombstoneHeaders(record: ConnectRecord, headers: readonly Addition[]): ConnectRecord {
  const added = headers
    .filter((one) => one.path[0] === 'op')
    .map((one): RecordHeader => ({ name: one.name, schema: STRING, value: 'd' }));
  return { ...record, headers: [...record.headers, ...added] };
}
