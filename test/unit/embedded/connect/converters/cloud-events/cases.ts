import type { Json } from '../../../../../../src/protocol/json/parse.js';

/** A value and headers, as envelopes of JsonConverter, and the options of the converter. */
export interface CloudEventCase {
  readonly topic: string;
  readonly options: Readonly<Record<string, string>>;
  readonly value: Json;
  readonly headers: ReadonlyArray<readonly [name: string, value: Json]>;
}

const text = (optional = false): Json => ({ type: 'string', optional });
const long = (optional = true): Json => ({ type: 'int64', optional });
const struct = (
  name: string,
  optional: boolean,
  fields: Readonly<Record<string, Json>>,
): { readonly [key: string]: Json } => ({
  type: 'struct',
  name,
  optional,
  fields: Object.entries(fields).map(([field, schema]) => ({ ...(schema as object), field })),
});

const SOURCE_SCHEMA = struct('io.debezium.connector.postgresql.Source', false, {
  version: text(),
  connector: text(),
  name: text(),
  ts_ms: long(false),
  snapshot: { ...(text(true) as object), default: 'false' },
  db: text(),
  sequence: text(true),
  ts_us: long(),
  schema: text(),
  table: text(),
  txId: long(),
  lsn: long(),
  xmin: long(),
});
const SOURCE: Json = {
  version: '3.4.0.Final',
  connector: 'postgresql',
  name: 'shop',
  ts_ms: 1_700_000_000_120,
  snapshot: 'false',
  db: 'sales',
  sequence: '["1","2"]',
  ts_us: 1_700_000_000_120_456,
  schema: 'public',
  table: 'note',
  txId: 555,
  lsn: 123_456,
  xmin: null,
};
const TRANSACTION_SCHEMA = struct('event.block', true, {
  id: text(),
  total_order: long(false),
  data_collection_order: long(false),
});
const TRANSACTION: Json = { id: '555:1', total_order: 1, data_collection_order: 2 };
const ROW_SCHEMA = struct('shop.public.no-te.Value', true, {
  id: { type: 'int32', optional: false },
  a: { type: 'int32', optional: false, default: 2 },
  body: text(true),
});
const ENVELOPE = struct('shop.public.no-te.Envelope', false, {
  before: ROW_SCHEMA,
  after: ROW_SCHEMA,
  source: SOURCE_SCHEMA,
  transaction: TRANSACTION_SCHEMA,
  op: text(),
  ts_ms: long(),
});
const ROW: Json = { id: 2, a: 3, body: 'x' };
const event = (more: object = {}): Json => ({
  schema: ENVELOPE,
  payload: { before: null, after: ROW, source: SOURCE, transaction: null, op: 'c', ts_ms: 1_700_000_001_000, ...more },
});
const row: Json = { schema: ROW_SCHEMA, payload: ROW };
const header = (name: string, schema: Json, payload: Json): readonly [string, Json] => [name, { schema, payload }];
const METADATA = [
  header('source', SOURCE_SCHEMA, SOURCE),
  header('op', text(), 'c'),
  header('transaction', TRANSACTION_SCHEMA, TRANSACTION),
];
const one = (
  options: Readonly<Record<string, string>>,
  value: Json,
  headers: CloudEventCase['headers'] = [],
): CloudEventCase => ({ topic: 'shop.public.no-te', options, value, headers });

const AVRO_DATA = { 'data.serializer.type': 'avro', 'avro.schema.registry.url': 'REGISTRY' };
const AVRO = { ...AVRO_DATA, 'serializer.type': 'avro' };

export const CLOUD_EVENT_CASES: Readonly<Record<string, CloudEventCase>> = {
  'an event': one({}, event()),
  'an event on a whole second': one({}, event({ source: { ...(SOURCE as object), ts_ms: 1_700_000_000_000 } })),
  'a deletion of a snapshot, without a sequence and an LSN': one(
    {},
    event({
      before: ROW,
      after: null,
      op: 'd',
      source: { ...(SOURCE as object), snapshot: 'last', sequence: null, lsn: null },
    }),
  ),
  'an event within a transaction': one({}, event({ before: ROW, op: 'u', transaction: TRANSACTION })),
  'an event without attributes of its own': one({ 'extension.attributes.enable': 'false' }, event()),
  'data without a schema': one({ 'json.schemas.enable': 'false' }, event()),
  'names as they are': one({ 'schema.name.adjustment.mode': 'none', 'schema.cloudevents.name': 'my.Event' }, event()),
  'a row is no event': one({}, row),
  'null is no event': one({}, null),
  'metadata in headers': one({ 'metadata.source': 'header,id:generate,type:generate' }, row, METADATA),
  'metadata in headers, of a whole event': one(
    { 'metadata.source': 'header,id:generate,type:generate' },
    event(),
    METADATA,
  ),
  'metadata in headers that are not there': one({ 'metadata.source': 'header' }, row),
  'id and type in headers': one({ 'metadata.source': 'value,id:header,type:header' }, event(), [
    header('id', text(), 'one'),
    header('type', text(), 'made'),
  ]),
  'an id in a header that is not there': one({ 'metadata.source': 'value,id:header' }, event()),
  'headers alone do by default': one({ 'metadata.source': 'header' }, row, METADATA),
  'data in Avro': one(AVRO_DATA, event()),
  'an event in Avro': one(AVRO, event({ transaction: TRANSACTION })),
  'an event in Avro, of a name': one({ ...AVRO, 'schema.cloudevents.name': 'my.Event' }, event()),
  'an event in Avro, without attributes of its own': one({ ...AVRO, 'extension.attributes.enable': 'false' }, event()),
  'an event in Avro, names as they are': one(
    { ...AVRO, 'schema.name.adjustment.mode': 'none' },
    { ...(event() as object), schema: JSON.parse(JSON.stringify(ENVELOPE).replaceAll('no-te', 'note')) },
  ),
  'an event in Avro from headers': one(
    { ...AVRO, 'metadata.source': 'header,id:generate,type:generate' },
    row,
    METADATA,
  ),
};
