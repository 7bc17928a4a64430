import { CONNECT_EXCEPTION, ConnectFailure } from '../data/failure.js';
import { Schema, STRING, Struct, type Value } from '../data/schema.js';
import type { SinkRecord } from '../worker/sink-task.js';
import type { JdbcSettings } from './settings.js';

/** One field of a record that becomes a column. */
export interface ChangeField {
  readonly name: string;
  readonly schema: Schema;
  readonly isKey: boolean;
}

/** What the records of one topic and one pair of schemas have in common; compiled once, compared by identity. */
export interface Shape {
  /** Keys first. */
  readonly fields: readonly ChangeField[];
  readonly keyCount: number;
  /** Where the row has the fields after the keys. */
  readonly places: readonly number[];
}

export type Change =
  | { readonly kind: 'write'; readonly table: string; readonly shape: Shape; readonly values: readonly Value[] }
  | { readonly kind: 'delete'; readonly table: string; readonly shape: Shape; readonly values: readonly Value[] }
  | { readonly kind: 'truncate'; readonly table: string };

const KAFKA_KEY: readonly ChangeField[] = [
  { name: '__connect_topic', schema: STRING, isKey: true },
  { name: '__connect_partition', schema: new Schema('int32'), isKey: true },
  { name: '__connect_offset', schema: new Schema('int64'), isKey: true },
];

const failure = (message: string): ConnectFailure => new ConnectFailure(message, { className: CONNECT_EXCEPTION });

/** Reads records as changes of rows. */
export class ChangeReader {
  /** By the fields of the key, the schema of the row, and the topic: each of them is one object as long as it is the same. */
  private readonly shapes = new WeakMap<object, WeakMap<object, Map<string, Shape>>>();
  private readonly keys = new KeyReader();

  constructor(private readonly settings: JdbcSettings) {}

  /** Undefined: nothing is to be done. */
  read(record: SinkRecord): Change | undefined {
    const { settings } = this;
    const envelope = settings.flavour === 'debezium' ? envelopeOf(record) : undefined;
    const table = settings.tableOf(record.topic, (field) => sourceField(envelope, field));
    if (table === undefined) return undefined;
    const operation = envelope?.get('op');
    if (operation === 't') return settings.truncates ? { kind: 'truncate', table } : undefined;
    if (record.value === null || operation === 'd') {
      if (settings.deletes) return this.deletion(record, table);
      if (settings.nullValues === 'skip') return undefined;
      throw failure(
        `Sink connector is configured with 'delete.enabled=false' and 'pk.mode=${settings.keyMode}' and therefore requires records with a non-null Struct value and non-null Struct schema, but found record at (topic='${record.topic}',partition=${record.original.partition},offset=${record.original.offset}) with a null value`,
      );
    }
    const row = envelope === undefined ? record.value : envelope.get('after');
    if (!(row instanceof Struct))
      throw failure(
        `A record's value has to be a structure with a schema, found ${row === null ? 'null' : typeof row} at ${record.topic}-${record.original.partition}@${record.original.offset}. Use a converter that keeps schemas`,
      );
    const key = this.key(record, row);
    const shape = this.shape(key.fields, row.schema, record.topic);
    const values = [...key.values];
    for (const place of shape.places)
      values.push(row.values[place] ?? row.schema.fields[place]?.schema.defaultValue ?? null);
    return { kind: 'write', table, shape, values };
  }

  private deletion(record: SinkRecord, table: string): Change {
    const key = this.key(record, undefined);
    return { kind: 'delete', table, shape: this.shape(key.fields, undefined, record.topic), values: key.values };
  }

  private key(record: SinkRecord, row: Struct | undefined): Key {
    const { keyMode, keyFields } = this.settings;
    switch (keyMode) {
      case 'none':
        return NO_KEY;
      case 'kafka': {
        const { topic, partition, offset } = record.original;
        return { fields: KAFKA_KEY, values: [topic, partition, offset] };
      }
      case 'record_key':
        return this.keys.ofKey(record, keyFields);
      case 'record_value':
        if (row === undefined) throw failure('No struct-based primary key defined for record value.');
        return this.keys.ofStruct(row, keyFields, 'value');
      case 'record_header':
        return this.keys.ofHeaders(record, keyFields);
    }
  }

  private shape(key: readonly ChangeField[], row: Schema | undefined, topic: string): Shape {
    const byRow = getOrMake(this.shapes, key, () => new WeakMap<object, Map<string, Shape>>());
    const byTopic = getOrMake(byRow, row ?? NO_KEY, () => new Map<string, Shape>());
    return getOrMake(byTopic, topic, () => {
      const names = new Set(key.map((field) => field.name));
      const rest = (row?.fields ?? []).filter(
        (field) => !names.has(field.name) && this.settings.includes(topic, field.name),
      );
      return {
        fields: [...key, ...rest.map(({ name, schema }) => ({ name, schema, isKey: false }))],
        keyCount: key.length,
        places: rest.map((field) => field.index),
      };
    });
  }
}

interface Key {
  readonly fields: readonly ChangeField[];
  readonly values: readonly Value[];
}

const NO_KEY: Key = { fields: [], values: [] };

const present = (value: Value, schema: Schema): Value => value ?? schema.defaultValue ?? null;

/** Asked of each record, whose schemas are few. */
const envelopes = new WeakMap<Schema, boolean>();

function envelopeOf({ value, valueSchema }: SinkRecord): Struct | undefined {
  if (valueSchema === undefined || !(value instanceof Struct)) return undefined;
  const isEnvelope = getOrMake(envelopes, valueSchema, () => valueSchema.name?.includes('Envelope') === true);
  return isEnvelope ? value : undefined;
}

function sourceField(envelope: Struct | undefined, field: string): string | undefined {
  const source = envelope?.get('source');
  const value = source instanceof Struct ? source.get(field) : null;
  return value === null ? undefined : String(value);
}

/** Reads keys; the list of fields is the same object for the same schema and names. */
class KeyReader {
  private readonly bySchema = new WeakMap<Schema, readonly ChangeField[]>();
  private readonly byNames = new Map<string, readonly ChangeField[]>();

  ofKey(record: SinkRecord, wanted: readonly string[]): Key {
    const { key, keySchema } = record;
    if (key instanceof Struct) return this.ofStruct(key, wanted, 'key');
    const [name] = wanted;
    if (key === null || keySchema === undefined || name === undefined)
      throw failure('No struct-based primary key defined for record key.');
    const fields = getOrMake(this.bySchema, keySchema, () => [{ name, schema: keySchema, isKey: true }]);
    return { fields, values: [key] };
  }

  ofStruct(struct: Struct, wanted: readonly string[], where: 'key' | 'value'): Key {
    const { schema } = struct;
    const fields = getOrMake(this.bySchema, schema, () =>
      (wanted.length === 0 ? schema.fields.map((field) => field.name) : wanted).map((name) => {
        const field = schema.field(name);
        if (field !== undefined) return { name, schema: field.schema, isKey: true };
        const names = schema.fields.map((one) => one.name).join(', ');
        throw failure(`Primary key field ${name} is missing from the record's ${where}, whose fields are ${names}`);
      }),
    );
    return { fields, values: fields.map((field) => present(struct.get(field.name), field.schema)) };
  }

  /** Texts of headers have no schema that lasts: the base type stands for it. */
  ofHeaders(record: SinkRecord, wanted: readonly string[]): Key {
    const names = wanted.length === 0 ? record.headers.map((header) => header.name) : wanted;
    const headers = names.map((name) => {
      const header = record.headers.find((one) => one.name === name);
      if (header === undefined) throw failure(`Primary key field ${name} is missing from the record's headers`);
      return header;
    });
    const id = headers.map(({ name, schema }) => `${name}:${schema?.type ?? 'string'}`).join(',');
    const fields = getOrMake(this.byNames, id, () =>
      headers.map(({ name, schema }) => ({ name, schema: new Schema(schema?.type ?? 'string'), isKey: true })),
    );
    return { fields, values: headers.map((header) => header.value) };
  }
}

function getOrMake<Key, Made>(
  cache: { get(key: Key): Made | undefined; set(key: Key, made: Made): unknown },
  key: Key,
  make: () => Made,
): Made {
  let made = cache.get(key);
  if (made === undefined) {
    made = make();
    cache.set(key, made);
  }
  return made;
}
