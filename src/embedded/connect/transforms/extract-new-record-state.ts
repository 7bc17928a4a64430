import { type Options, optional, splitList } from '../config/option.js';
import { ConnectFailure } from '../data/failure.js';
import type { ConnectRecord, RecordHeader } from '../data/record.js';
import { OPTIONAL_STRING, type Schema, STRING, Struct, type Value } from '../data/schema.js';
import { bySchema, DEBEZIUM, isEnvelope, type TransformPlugin } from './transform.js';

type DeleteMode = 'drop' | 'tombstone' | 'rewrite' | 'rewrite-with-tombstone' | 'delete-to-tombstone';

/** ExtractNewRecordState: the row's new state instead of the change event; tombstones are kept by default. */
export const extractNewRecordState: TransformPlugin = {
  className: `${DEBEZIUM}.ExtractNewRecordState`,
  options: [
    optional('STRING', 'delete.tombstone.handling.mode', 'tombstone', 'What becomes of deletes and their tombstones.', {
      oneOf: ['drop', 'tombstone', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone'],
    }),
    optional('STRING', 'delete.handling.mode', null, 'Older name: drop, rewrite, none.', {
      oneOf: ['drop', 'rewrite', 'none'],
    }),
    optional('BOOLEAN', 'drop.tombstones', null, 'Older name: whether tombstones are dropped.'),
    optional('LIST', 'add.fields', null, 'Fields of the event to be added to the row: [struct.]field[:alias].'),
    optional('STRING', 'add.fields.prefix', '__', 'Prefix of added fields.'),
    optional('LIST', 'add.headers', null, 'Fields of the event to be added as headers.'),
    optional('STRING', 'add.headers.prefix', '__', 'Prefix of added headers.'),
    optional('STRING', 'route.by.field', null, 'Field of the row that names the topic.'),
    optional('LIST', 'drop.fields.header.name', null, 'Header that lists fields to be dropped.'),
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
    const routeBy = options.text('route.by.field');
    const deletedField = `${options.string('add.fields.prefix') || '__'}deleted`;
    const rewrites = mode === 'rewrite' || mode === 'rewrite-with-tombstone';
    const rowSchema = bySchema((envelope) =>
      bySchema((row) => extend(row, envelope, fields, rewrites ? deletedField : undefined)),
    );
    const headerSchemas = bySchema((envelope) => headers.map((one) => schemaAt(envelope, one.path)));
    return (record) => {
      if (record.value === null) {
        const kept = mode === 'rewrite-with-tombstone';
        return kept ? withHeaders(record, undefined, headers, headerSchemas) : undefined;
      }
      if (!isEnvelope(record)) return record;
      const event = record.value as Struct;
      const operation = event.get('op');
      if (operation === 't' || operation === 'm') return undefined;
      const carried = withHeaders(record, event, headers, headerSchemas);
      if (operation === 'd' && !rewrites) {
        // The deletion itself becomes the tombstone, so that it carries the headers; the tombstone after it goes.
        return mode === 'drop'
          ? undefined
          : { ...carried, valueSchema: event.schema.field('after')?.schema, value: null };
      }
      const row = event.get(operation === 'd' ? 'before' : 'after');
      if (!(row instanceof Struct))
        return { ...carried, valueSchema: event.schema.field('after')?.schema, value: null };
      const schema = rowSchema(event.schema)(row.schema);
      const deleted = rewrites ? [operation === 'd' ? 'true' : 'false'] : [];
      const added = fields.map((one) => valueAt(event, one.path));
      const topic = routeBy === undefined ? carried.topic : String(row.get(routeBy) ?? carried.topic);
      return {
        ...carried,
        topic,
        valueSchema: schema,
        value: new Struct(schema, [...row.values, ...deleted, ...added]),
      };
    };
  },
};

function deleteMode(options: Options): DeleteMode {
  const handling = options.text('delete.handling.mode')?.toLowerCase();
  const drop = options.text('drop.tombstones')?.toLowerCase();
  if (options.raw['delete.tombstone.handling.mode'] !== undefined || (handling === undefined && drop === undefined))
    return options.choice('delete.tombstone.handling.mode') as DeleteMode;
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

/** Added fields are optional and have no default. */
function schemaAt(envelope: Schema, path: readonly string[]): Schema {
  let schema: Schema | undefined = envelope;
  for (const step of path) schema = schema?.field(step)?.schema;
  if (schema === undefined)
    throw new ConnectFailure(`Unable to find field '${path.join('.')}' in the event, to be added by add.fields`);
  return schema.with({ optional: true, defaultValue: undefined });
}

function extend(row: Schema, envelope: Schema, fields: readonly Addition[], deletedField: string | undefined): Schema {
  return row.with({
    optional: false,
    fields: [
      ...row.fields.map((field) => [field.name, field.schema] as const),
      ...(deletedField === undefined ? [] : [[deletedField, OPTIONAL_STRING] as const]),
      ...fields.map((one) => [one.name, schemaAt(envelope, one.path)] as const),
    ],
  });
}

function withHeaders(
  record: ConnectRecord,
  event: Struct | undefined,
  headers: readonly Addition[],
  schemasOf: (envelope: Schema) => readonly Schema[],
): ConnectRecord {
  if (headers.length === 0) return record;
  const schemas = event === undefined ? [] : schemasOf(event.schema);
  const added = headers.flatMap((one, index): RecordHeader[] => {
    if (event !== undefined) return [{ name: one.name, schema: schemas[index], value: valueAt(event, one.path) }];
    // A tombstone carries no event: only that it is a delete is known.
    return one.path[0] === 'op' ? [{ name: one.name, schema: STRING, value: 'd' }] : [];
  });
  return { ...record, headers: [...record.headers, ...added] };
}
