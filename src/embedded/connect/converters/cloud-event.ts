import { OPTIONAL_STRING, Schema, STRING, Struct, type Value } from '../data/schema.js';

/** What an event says of itself, from the value or from headers. */
export interface Metadata {
  readonly source: Struct;
  readonly operation: string;
  readonly transaction: Struct | undefined;
  /** Whether there is a place for a transaction, be it null. */
  readonly hasTransaction: boolean;
  /** Undefined: made of the source. */
  readonly id: string | undefined;
  readonly type: string | undefined;
}

/** Of an event; all are text. */
export interface Attribute {
  readonly name: string;
  readonly value: string | null;
  readonly optional: boolean;
}

interface Form {
  readonly contentType: string;
  readonly dataSchema: string | undefined;
  readonly extensions: boolean;
}

const TRANSACTION_FIELDS = ['id', 'total_order', 'data_collection_order'];

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md; those of Debezium's own begin with `iodebezium`. */
export function attributesOf(metadata: Metadata, { contentType, dataSchema, extensions }: Form): readonly Attribute[] {
  const { source } = metadata;
  const at = (name: string): string => String(source.get(name));
  const attribute = (name: string, value: string): Attribute => ({ name, value, optional: false });
  const id = `name:${at('name')};lsn:${at('lsn')};txId:${at('txId')};sequence:${at('sequence')}`;
  return [
    attribute('id', metadata.id ?? id),
    attribute('source', `/debezium/${at('connector')}/${at('name')}`),
    attribute('specversion', '1.0'),
    attribute('type', metadata.type ?? `io.debezium.connector.${at('connector')}.DataChangeEvent`),
    attribute('time', new Date(Number(source.get('ts_ms'))).toISOString()),
    attribute('datacontenttype', contentType),
    ...(dataSchema === undefined ? [] : [attribute('dataschema', dataSchema)]),
    ...(extensions ? extensionsOf(metadata) : []),
  ];
}

function extensionsOf({ source, operation, transaction, hasTransaction }: Metadata): readonly Attribute[] {
  const own = (name: string, value: Value | undefined, optional: boolean): Attribute => ({
    name: `iodebezium${name.replaceAll('_', '')}`,
    value: value === null || value === undefined ? null : String(value),
    optional,
  });
  return [
    own('op', operation, false),
    ...source.schema.fields.map(({ name, index, schema }) => own(name, source.values[index], schema.optional)),
    ...(hasTransaction ? TRANSACTION_FIELDS.map((name) => own(`tx${name}`, transaction?.get(name), true)) : []),
  ];
}

const DATA_FIELDS = ['before', 'after'];
const DATA_NAME = 'io.debezium.connector.postgresql.Data';

/** The row before and after, or the value as it is where the metadata are not within it. */
export function dataMaker(isEnvelope: boolean): (value: Struct) => Struct {
  const schemas = new WeakMap<Schema, Schema>();
  return (value) => {
    const wanted = value.schema.fields.filter(({ name }) => !isEnvelope || DATA_FIELDS.includes(name));
    let schema = schemas.get(value.schema);
    if (schema === undefined) {
      schema = new Schema('struct', {
        name: DATA_NAME,
        fields: wanted.map((field) => [field.name, field.schema] as const),
      });
      schemas.set(value.schema, schema);
    }
    return new Struct(
      schema,
      wanted.map(({ index }) => value.values[index] ?? null),
    );
  };
}

const eventSchemas = new Map<string, Schema>();
const EVENT_SCHEMAS_MAX = 1000;

/** The event for Avro, where its data are bytes. */
export function envelopeStruct(
  { source }: Metadata,
  attributes: readonly Attribute[],
  data: Buffer | null,
  { name, adjusts }: { readonly name: string | undefined; readonly adjusts: boolean },
): Struct {
  const full = name ?? `${String(source.get('name'))}.${String(source.get('db'))}.CloudEvents.Envelope`;
  const adjusted = adjusts ? full.replace(/[^\w.]/g, '_') : full;
  const key = `${adjusted} ${attributes.map((one) => `${one.name}${one.optional ? '?' : ''}`).join(' ')}`;
  let schema = eventSchemas.get(key);
  if (schema === undefined) {
    schema = new Schema('struct', {
      name: adjusted,
      fields: [
        ...attributes.map((one) => [one.name, one.optional ? OPTIONAL_STRING : STRING] as const),
        ['data', new Schema('bytes')] as const,
      ],
    });
    if (eventSchemas.size >= EVENT_SCHEMAS_MAX) eventSchemas.clear();
    eventSchemas.set(key, schema);
  }
  return new Struct(schema, [...attributes.map(({ value }) => value), data]);
}
