import type { Json, JsonObject } from '../../../../../src/protocol/json/parse.js';

/** A record as data: key, value and header values are JsonConverter's envelopes, so that schemas are part of it. */
export interface GivenRecord {
  readonly topic: string;
  readonly timestamp: number | null;
  readonly key: Json;
  readonly value: Json;
  readonly headers: ReadonlyArray<readonly [name: string, value: Json]>;
}

export interface TransformCase extends GivenRecord {
  /** The transform's class. */
  readonly type: string;
  readonly options: Readonly<Record<string, string>>;
}

/** A schema in JsonConverter's spelling: `int32`, `double`, `struct` … */
export type SchemaJson = JsonObject;

export const schema = (type: string, more: JsonObject = {}): SchemaJson => ({ type, optional: false, ...more });
export const maybe = (type: string, more: JsonObject = {}): SchemaJson => schema(type, { optional: true, ...more });
export const struct = (fields: Readonly<Record<string, SchemaJson>>, more: JsonObject = {}): SchemaJson =>
  schema('struct', { fields: Object.entries(fields).map(([field, one]) => ({ ...one, field })), ...more });
export const envelope = (of: SchemaJson | null, payload: Json): Json => ({ schema: of, payload });

/** A plain record; what a case is about replaces the rest. */
export const record = (changes: Partial<GivenRecord>): GivenRecord => ({
  topic: 'shop.public.orders',
  timestamp: 1_700_000_000_123,
  key: envelope(struct({ id: schema('int32') }, { name: 'shop.public.orders.Key' }), { id: 1 }),
  value: null,
  headers: [],
  ...changes,
});

const SOURCE = struct(
  {
    name: schema('string'),
    schema: schema('string'),
    table: schema('string'),
    lsn: maybe('int64'),
    ts_ms: schema('int64'),
  },
  { name: 'io.debezium.connector.postgresql.Source' },
);
const SOURCE_BLOCK = { name: 'shop', schema: 'public', table: 'orders', lsn: 77, ts_ms: 1_700_000_000_000 };

/** Debezium's change event around rows of these columns. */
export const change = (
  columns: Readonly<Record<string, SchemaJson>>,
  op: string,
  before: Json,
  after: Json,
  more: Partial<GivenRecord> = {},
): GivenRecord => {
  const row = (name: string): SchemaJson =>
    struct(columns, { name: 'shop.public.orders.Value', optional: true, field: name });
  const fields = [
    row('before'),
    row('after'),
    { ...SOURCE, field: 'source' },
    {
      ...maybe('struct', { fields: [{ ...schema('string'), field: 'id' }], name: 'event.block' }),
      field: 'transaction',
    },
    { ...schema('string'), field: 'op' },
    { ...maybe('int64'), field: 'ts_ms' },
  ];
  return record({
    value: envelope(schema('struct', { fields, name: 'shop.public.orders.Envelope', version: 2 }), {
      before,
      after,
      source: SOURCE_BLOCK,
      transaction: null,
      op,
      ts_ms: 1_700_000_000_500,
    }),
    ...more,
  });
};
