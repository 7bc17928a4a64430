import type { JsonObject } from '../../../../../src/protocol/json/parse.js';
import { change, envelope, type GivenRecord, maybe, record, schema, struct, type TransformCase } from './records.js';

type Options = Readonly<Record<string, string>>;
const on =
  (type: string) =>
  (options: Options, given: GivenRecord): TransformCase => ({ type: `io.debezium.${type}`, options, ...given });

const columns = {
  id: schema('int32'),
  name: maybe('string'),
  score: maybe('double'),
  big: maybe('int64', { default: 5 }),
  raw: maybe('bytes'),
};
const created = (more: Partial<GivenRecord> = {}, row: JsonObject = {}) =>
  change(columns, 'c', null, { id: 1, name: 'Ada', score: 1.5, big: 7, raw: 'AQI=', ...row }, more);
const ROW = { id: 1, name: 'Ada', score: 1.5, big: 7, raw: 'AQI=' };
const updated = (before: JsonObject, after: JsonObject) =>
  change(columns, 'u', { ...ROW, ...before }, { ...ROW, ...after });
const deleted = (more: Partial<GivenRecord> = {}) => change(columns, 'd', ROW, null, more);
const tombstone = record({});
const heartbeat = record({
  topic: '__debezium-heartbeat.shop',
  key: envelope(struct({ serverName: schema('string') }, { name: 'io.debezium.connector.common.ServerNameKey' }), {
    serverName: 'shop',
  }),
  value: envelope(struct({ ts_ms: schema('int64') }, { name: 'io.debezium.connector.common.Heartbeat' }), { ts_ms: 5 }),
});

const unwrap = on('transforms.ExtractNewRecordState');
const changedState = on('transforms.ExtractChangedRecordState');
const fromHeader = on('transforms.HeaderToValue');
const zone = on('transforms.TimezoneConverter');
const partition = on('transforms.partitions.PartitionRouting');
const vectors = on('transforms.VectorToJsonConverter');
const decode = on('connector.postgresql.transforms.DecodeLogicalDecodingMessageContent');
const withSchema = on('transforms.ExtractSchemaToNewRecord');
const schemaChanges = on('transforms.SchemaChangeEventFilter');
const router = on('transforms.outbox.EventRouter');
const reroute = on('transforms.ByLogicalTableRouter');

const dropHeader = (names: readonly string[]) =>
  [['drop', envelope(schema('array', { items: maybe('string') }), [...names])]] as const;

const header = (value: string) => envelope(schema('string'), value);

const UNWRAP = {
  'unwrap: a create': unwrap({}, created()),
  'unwrap: a delete': unwrap({}, deleted()),
  'unwrap: a tombstone': unwrap({}, tombstone),
  'unwrap: a heartbeat': unwrap({}, heartbeat),
  'unwrap: rewrite, create': unwrap({ 'delete.tombstone.handling.mode': 'rewrite' }, created()),
  'unwrap: rewrite, delete': unwrap({ 'delete.tombstone.handling.mode': 'rewrite' }, deleted()),
  'unwrap: rewrite, tombstone': unwrap({ 'delete.tombstone.handling.mode': 'rewrite' }, tombstone),
  'unwrap: rewrite-with-tombstone, tombstone': unwrap(
    { 'delete.tombstone.handling.mode': 'rewrite-with-tombstone', 'add.headers': 'op,table' },
    tombstone,
  ),
  'unwrap: delete-to-tombstone, delete': unwrap({ 'delete.tombstone.handling.mode': 'delete-to-tombstone' }, deleted()),
  'unwrap: delete-to-tombstone, tombstone': unwrap(
    { 'delete.tombstone.handling.mode': 'delete-to-tombstone' },
    tombstone,
  ),
  'unwrap: drop, delete': unwrap({ 'delete.tombstone.handling.mode': 'drop' }, deleted()),
  'unwrap: drop, tombstone': unwrap({ 'delete.tombstone.handling.mode': 'drop' }, tombstone),
  'unwrap: tombstone mode, tombstone with headers': unwrap({ 'add.headers': 'op' }, tombstone),
  'unwrap: route by a field': unwrap({ 'route.by.field': 'name' }, created()),
  'unwrap: route by a field of a deleted row': unwrap({ 'route.by.field': 'name' }, deleted()),
  'unwrap: route by a missing field': unwrap({ 'route.by.field': 'nope' }, created()),
  'unwrap: added fields': unwrap({ 'add.fields': 'op,source.lsn,table,after.name:who,ts_ms' }, created()),
  'unwrap: added fields of before and transaction': unwrap(
    { 'add.fields': 'before.name:was,transaction.id' },
    updated({ name: 'Eve' }, {}),
  ),
  'unwrap: an added field that is missing': unwrap({ 'add.fields': 'nope' }, created()),
  'unwrap: an added field of source that is missing': unwrap({ 'add.fields': 'source.nope' }, created()),
  'unwrap: added headers of a delete': unwrap({ 'add.headers': 'op,table', 'add.headers.prefix': 'x.' }, deleted()),
  'unwrap: another prefix, rewritten': unwrap(
    { 'add.fields.prefix': '@', 'add.fields': 'op', 'delete.tombstone.handling.mode': 'rewrite' },
    created(),
  ),
  'unwrap: fields dropped by a header': unwrap(
    { 'drop.fields.header.name': 'drop' },
    created({ headers: dropHeader(['name', 'score']) }),
  ),
  'unwrap: required fields are kept for compatibility': unwrap(
    { 'drop.fields.header.name': 'drop' },
    created({ headers: dropHeader(['id', 'name']) }),
  ),
  'unwrap: required fields dropped': unwrap(
    { 'drop.fields.header.name': 'drop', 'drop.fields.keep.schema.compatible': 'false' },
    created({ headers: dropHeader(['id', 'name']) }),
  ),
  'unwrap: fields dropped from the key': unwrap(
    {
      'drop.fields.header.name': 'drop',
      'drop.fields.keep.schema.compatible': 'false',
      'drop.fields.from.key': 'true',
    },
    created({ headers: dropHeader(['id']) }),
  ),
  'unwrap: no header that drops': unwrap({ 'drop.fields.header.name': 'drop' }, created()),
  'unwrap: a truncation': unwrap({}, change(columns, 't', null, null)),
};

const CHANGED = {
  'changed: an update': changedState(
    { 'header.changed.name': 'Changed', 'header.unchanged.name': 'Unchanged' },
    updated({ name: 'Eve', raw: null }, { big: null, raw: null }),
  ),
  'changed: a create': changedState({ 'header.changed.name': 'Changed' }, created()),
  'changed: nothing changed': changedState({ 'header.changed.name': 'Changed' }, updated({ raw: null }, { raw: null })),
  'changed: a delete': changedState({ 'header.changed.name': 'Changed', 'header.unchanged.name': 'Same' }, deleted()),
  'changed: no names': changedState({}, updated({ name: null }, {})),
  'changed: a tombstone': changedState({ 'header.changed.name': 'C' }, tombstone),
};

const HEADERS = {
  'from header: moved': fromHeader(
    { headers: 'h', fields: 'extra', operation: 'move' },
    record({
      value: envelope(struct({ a: schema('int32') }), { a: 1 }),
      headers: [
        ['h', header('x')],
        ['other', header('y')],
      ],
    }),
  ),
  'from header: copied': fromHeader(
    { headers: 'h,k', fields: 'one,two', operation: 'copy' },
    record({
      value: envelope(struct({ a: schema('int32') }, { name: 'n', version: 3 }), { a: 1 }),
      headers: [
        ['k', envelope(schema('int64'), 5)],
        ['h', header('x')],
      ],
    }),
  ),
  'from header: nested in the change': fromHeader(
    { headers: 'h', fields: 'after.extra', operation: 'copy' },
    created({ headers: [['h', header('x')]] }),
  ),
  'from header: no such header': fromHeader({ headers: 'h', fields: 'a', operation: 'move' }, created()),
  'from header: counts differ': fromHeader({ headers: 'h,k', fields: 'a', operation: 'move' }, created()),
  'from header: no operation': fromHeader({ headers: 'h', fields: 'a' }, created()),
  'from header: a tombstone': fromHeader({ headers: 'h', fields: 'a', operation: 'move' }, tombstone),
  'from header: the field is there already': fromHeader(
    { headers: 'h', fields: 'a', operation: 'move' },
    record({ value: envelope(struct({ a: schema('string') }), { a: 'old' }), headers: [['h', header('x')]] }),
  ),
};

const times = {
  z: maybe('string', { name: 'io.debezium.time.ZonedTimestamp', version: 1 }),
  ms: maybe('int64', { name: 'io.debezium.time.Timestamp', version: 1 }),
  us: maybe('int64', { name: 'io.debezium.time.MicroTimestamp', version: 1 }),
  ns: maybe('int64', { name: 'io.debezium.time.NanoTimestamp', version: 1 }),
  connect: maybe('int64', { name: 'org.apache.kafka.connect.data.Timestamp', version: 1 }),
  day: maybe('int32', { name: 'io.debezium.time.Date', version: 1 }),
  plain: maybe('int64'),
};
const TIMES = {
  z: '2024-07-01T12:00:00.123456Z',
  ms: 1_719_835_200_123,
  us: 1_719_835_200_123_456,
  ns: 1_700_000_000_123_456,
  connect: 1_704_110_400_000,
  day: 19_000,
  plain: 5,
};
const timed = (op = 'c', values: JsonObject = TIMES) =>
  change(times, op, op === 'd' ? values : null, op === 'd' ? null : values);
const ZONES = {
  'zone: a fixed offset': zone({ 'converted.timezone': '+05:30' }, timed()),
  'zone: a place with summer time': zone({ 'converted.timezone': 'Europe/Berlin' }, timed()),
  'zone: a place in the West': zone({ 'converted.timezone': 'America/Los_Angeles' }, timed('d')),
  'zone: UTC': zone({ 'converted.timezone': 'UTC' }, timed()),
  'zone: included fields': zone(
    { 'converted.timezone': '+01:00', 'include.list': 'source:orders:z,source:orders:ms' },
    timed(),
  ),
  'zone: an included table': zone({ 'converted.timezone': '+01:00', 'include.list': 'source:orders' }, timed()),
  'zone: another table included': zone({ 'converted.timezone': '+01:00', 'include.list': 'source:customers' }, timed()),
  'zone: an included topic': zone(
    { 'converted.timezone': '+01:00', 'include.list': 'topic:shop.public.orders:us' },
    timed(),
  ),
  'zone: without a prefix': zone({ 'converted.timezone': '+01:00', 'include.list': 'orders:z' }, timed()),
  'zone: an excluded field': zone({ 'converted.timezone': '+01:00', 'exclude.list': 'source:orders:z' }, timed()),
  'zone: an excluded table': zone({ 'converted.timezone': '+01:00', 'exclude.list': 'source:orders' }, timed()),
  'zone: both lists': zone(
    { 'converted.timezone': '+01:00', 'exclude.list': 'source:a', 'include.list': 'source:b' },
    timed(),
  ),
  'zone: unknown': zone({ 'converted.timezone': 'Mars/Olympus' }, timed()),
  'zone: missing': zone({}, timed()),
  'zone: a malformed list': zone({ 'converted.timezone': 'UTC', 'include.list': 'a:b:c:d' }, timed()),
  'zone: nulls': zone({ 'converted.timezone': '+01:00' }, timed('c', {})),
  'zone: whole seconds, negative time': zone(
    { 'converted.timezone': 'Europe/Berlin' },
    timed('c', { ...TIMES, z: '1969-12-31T23:59:59Z', ms: -1, us: -1, ns: -1 }),
  ),
  'zone: an unwrapped row': zone({ 'converted.timezone': '+01:00' }, record({ value: envelope(struct(times), TIMES) })),
};

const by = (fields: string, more: Options = {}) => ({
  'partition.payload.fields': fields,
  'partition.topic.num': '10',
  ...more,
});
const PARTITIONS = {
  'partition: text': partition(by('after.name'), created()),
  'partition: an int': partition(by('after.id'), created({}, { id: 123_456 })),
  'partition: a long beyond 32 bits': partition(by('after.big'), created({}, { big: -9_007_199_254_740_991 })),
  'partition: a double': partition(by('after.score'), created()),
  'partition: two fields': partition(by('change.name, source.table'), created()),
  'partition: change of a delete': partition(by('change.name'), deleted()),
  'partition: a missing field': partition(by('after.nope'), created()),
  'partition: a missing field beside another': partition(by('after.nope,after.name'), created()),
  'partition: null': partition(by('after.name'), created({}, { name: null })),
  'partition: after of a delete': partition(by('after.name'), deleted()),
  'partition: the operation': partition(by('op'), created()),
  'partition: an unknown hash': partition(by('after.name', { 'partition.hash.function': 'md5' }), created()),
  'partition: no number': partition({ 'partition.payload.fields': 'after.id' }, created()),
  'partition: zero partitions': partition(by('after.id', { 'partition.topic.num': '0' }), created()),
  'partition: a tombstone': partition(by('after.id'), tombstone),
};

const vector = (name: string, type: string) =>
  maybe('array', { items: schema(type), name: `io.debezium.data.${name}`, version: 1 });
const sparse = maybe('struct', {
  name: 'io.debezium.data.SparseDoubleVector',
  version: 1,
  fields: [
    { ...schema('int16'), field: 'dimensions' },
    { ...schema('map', { keys: schema('int16'), values: schema('double') }), field: 'vector' },
  ],
});
const VECTORS = {
  'vector: doubles, floats and sparse ones': vectors(
    {},
    change(
      { d: vector('DoubleVector', 'double'), f: vector('FloatVector', 'float'), s: sparse, t: maybe('string') },
      'c',
      null,
      {
        d: [1, 2.5, 1e10],
        f: [0.1, 3],
        s: {
          dimensions: 25,
          vector: [
            [5, 1.5],
            [1, 2],
          ],
        },
        t: 'x',
      },
    ),
  ),
  'vector: nulls': vectors(
    {},
    change({ d: vector('DoubleVector', 'double'), s: sparse }, 'c', null, { d: null, s: null }),
  ),
  'vector: a tombstone': vectors({}, tombstone),
};

const message = (content: string): GivenRecord =>
  record({
    topic: 'shop.message',
    key: envelope(struct({ prefix: schema('string') }, { name: 'io.debezium.connector.postgresql.MessageKey' }), {
      prefix: 'p',
    }),
    value: envelope(
      struct(
        {
          op: schema('string'),
          ts_ms: maybe('int64'),
          source: struct({ lsn: maybe('int64') }),
          message: struct(
            { prefix: maybe('string'), content: maybe('bytes') },
            { name: 'io.debezium.connector.postgresql.Message' },
          ),
        },
        { name: 'io.debezium.connector.postgresql.MessageValue' },
      ),
      {
        op: 'm',
        ts_ms: 5,
        source: { lsn: 7 },
        message: { prefix: 'p', content: Buffer.from(content).toString('base64') },
      },
    ),
  });
const MESSAGES = {
  'message: JSON': decode({}, message('{"id": 1, "name": "Ada", "gone": null, "tags": ["a", "b"], "in": {"x": 1.5}}')),
  'message: nulls included': decode({ 'fields.null.include': 'true' }, message('{"id": 1, "gone": null}')),
  'message: no JSON': decode({}, message('hello')),
  'message: broken JSON': decode({}, message('{"a"')),
  'message: an array': decode({}, message('[1]')),
  'message: a row': decode({}, created()),
};

const typed = (type: string, more: JsonObject = {}) => ({
  parameters: { '__debezium.source.column.type': type, '__debezium.source.column.name': type.toLowerCase(), ...more },
});
const SCHEMAS = {
  'schema block: propagated types': withSchema(
    {},
    change(
      {
        id: schema('int32', typed('INT4', { '__debezium.source.column.length': '10' })),
        name: maybe(
          'string',
          typed('VARCHAR', { '__debezium.source.column.length': '20', '__debezium.source.column.scale': '2' }),
        ),
      },
      'c',
      null,
      { id: 1, name: 'x' },
    ),
  ),
  'schema block: types are not propagated': withSchema({}, created()),
  'schema block: a tombstone': withSchema({}, tombstone),
  'schema block: a truncation': withSchema({}, change(columns, 't', null, null)),
  'schema changes: other records pass': schemaChanges({ 'schema.change.event.exclude.list': 'ALTER' }, created()),
  'schema changes: no list': schemaChanges({}, created()),
};

const outboxColumns = {
  id: schema('string'),
  aggregatetype: schema('string'),
  aggregateid: maybe('string'),
  type: schema('string'),
  payload: maybe('string', { name: 'io.debezium.data.Json', version: 1 }),
  at: maybe('int64', { name: 'io.debezium.time.MicroTimestamp', version: 1 }),
  version: maybe('int32'),
};
const OUTBOX = {
  id: 'e1',
  aggregatetype: 'order',
  aggregateid: 'k1',
  type: 'Created',
  payload: '{"a":1}',
  at: 1_700_000_000_123_456,
  version: 3,
};
const event = (values: JsonObject = {}) => change(outboxColumns, 'c', null, { ...OUTBOX, ...values });
const expanded = (payload: string, more: Options = {}) =>
  router({ 'table.expand.json.payload': 'true', ...more }, event({ payload }));
const keepNulls = { 'table.json.payload.null.behavior': 'optional_bytes' };
const ROUTER = {
  'outbox: an event': router({}, event()),
  'outbox: a null payload': router({}, event({ payload: null })),
  'outbox: a null payload as tombstone': router(
    { 'route.tombstone.on.empty.payload': 'true' },
    event({ payload: null }),
  ),
  'outbox: a blank payload as tombstone': router(
    { 'route.tombstone.on.empty.payload': 'true' },
    event({ payload: ' ' }),
  ),
  'outbox: a null key': router({}, event({ aggregateid: null })),
  'outbox: another key column': router({ 'table.field.event.key': 'type' }, event()),
  'outbox: a key column that is missing': router({ 'table.field.event.key': 'nope' }, event()),
  'outbox: an id column that is missing': router({ 'table.field.event.id': 'nope' }, event()),
  'outbox: a payload column that is missing': router({ 'table.field.event.payload': 'nope' }, event()),
  'outbox: a type column that is missing': router({ 'table.field.event.type': 'nope' }, event()),
  'outbox: a route column that is missing': router({ 'route.by.field': 'nope' }, event()),
  'outbox: a timestamp': router({ 'table.field.event.timestamp': 'at' }, event()),
  'outbox: a null timestamp': router({ 'table.field.event.timestamp': 'at' }, event({ at: null })),
  'outbox: a timestamp of another type': router({ 'table.field.event.timestamp': 'version' }, event()),
  'outbox: a timestamp column that is missing': router({ 'table.field.event.timestamp': 'nope' }, event()),
  'outbox: placed columns': router(
    { 'table.fields.additional.placement': 'type:header:eventType,version:envelope,at:envelope:when' },
    event(),
  ),
  'outbox: an envelope with a version': router(
    { 'table.fields.additional.placement': 'type:envelope', 'table.field.event.schema.version': 'version' },
    event(),
  ),
  'outbox: an envelope with a missing version': router(
    { 'table.fields.additional.placement': 'type:envelope', 'table.field.event.schema.version': 'nope' },
    event(),
  ),
  'outbox: an envelope around expanded JSON': expanded('{"a":1}', {
    'table.fields.additional.placement': 'type:envelope',
  }),
  'outbox: an envelope around null': router(
    { 'table.fields.additional.placement': 'type:envelope' },
    event({ payload: null }),
  ),
  'outbox: a partition': router({ 'table.fields.additional.placement': 'version:partition' }, event()),
  'outbox: a partition from text': router({ 'table.fields.additional.placement': 'type:partition' }, event()),
  'outbox: a placed column that is missing': router({ 'table.fields.additional.placement': 'nope:header' }, event()),
  'outbox: a missing placed column is left out': router(
    {
      'table.fields.additional.placement': 'nope:header,type:header',
      'table.fields.additional.error.on.missing': 'false',
    },
    event(),
  ),
  'outbox: a malformed placement': router({ 'table.fields.additional.placement': 'type:nowhere' }, event()),
  'outbox: a delete': router({}, change(outboxColumns, 'd', OUTBOX, null)),
  'outbox: an update': router({}, change(outboxColumns, 'u', null, OUTBOX)),
  'outbox: an update is an error': router(
    { 'table.op.invalid.behavior': 'error' },
    change(outboxColumns, 'u', null, OUTBOX),
  ),
  'outbox: an update is fatal': router(
    { 'table.op.invalid.behavior': 'fatal' },
    change(outboxColumns, 'u', null, OUTBOX),
  ),
  'outbox: a read': router({}, change(outboxColumns, 'r', null, OUTBOX)),
  'outbox: a truncation': router({}, change(outboxColumns, 't', null, null)),
  'outbox: a tombstone': router({}, tombstone),
  'outbox: a heartbeat': router({}, heartbeat),
  'outbox: another topic pattern': router({ 'route.topic.regex': 'o(.*)', 'route.topic.replacement': 'X$1' }, event()),
  'outbox: a pattern that does not match': router(
    { 'route.topic.regex': 'z(.*)', 'route.topic.replacement': 'X$1' },
    event(),
  ),
};
const EXPANSIONS = {
  'expand: a flat object': expanded('{"a":1,"b":2147483648,"c":1.5,"d":true,"e":"x","f":1.0,"g":1e3}'),
  'expand: nested': expanded('{"a":{"b":{"c":1}}}'),
  'expand: null is left out': expanded('{"a":null,"b":1}'),
  'expand: null as bytes': expanded('{"a":null,"b":1}', keepNulls),
  'expand: an empty object': expanded('{}'),
  'expand: an empty array': expanded('{"a":[],"b":1}'),
  'expand: an array of objects whose fields differ': expanded('{"a":[{"x":1},{"y":"z"},{"x":2,"y":"w"}]}'),
  'expand: an array of objects, null in the first': expanded('{"a":[{"x":null},{"x":2}]}'),
  'expand: an array of objects, null as bytes first': expanded('{"a":[{"x":null},{"x":2}]}', keepNulls),
  'expand: an array of objects, types differ': expanded('{"a":[{"x":1},{"x":"s"}]}'),
  'expand: an array of equal objects': expanded('{"a":[{"x":1},{"x":2}]}'),
  'expand: an array with null between': expanded('{"a":[1,null,2]}'),
  'expand: an array of null': expanded('{"a":[null]}'),
  'expand: an array of null as bytes': expanded('{"a":[null,null]}', keepNulls),
  'expand: an array of mixed types': expanded('{"a":[1,"x"]}'),
  'expand: an array of mixed numbers': expanded('{"a":[1,1.5]}'),
  'expand: an array of int and long': expanded('{"a":[1,3000000000]}'),
  'expand: an array of objects and null': expanded('{"a":[null,{"x":1}]}'),
  'expand: arrays in arrays': expanded('{"a":[[1,2],[3]]}'),
  'expand: an empty array within arrays': expanded('{"a":[[],[3]]}'),
  'expand: an array at the top': expanded('[{"a":1},{"a":2}]'),
  'expand: numbers at the top': expanded('[1,2]'),
  'expand: an empty array at the top': expanded('[]'),
  'expand: text': expanded('hello'),
  'expand: a blank before it': expanded(' {"a":1}'),
  'expand: broken': expanded('{"a":'),
  'expand: an empty text': expanded(''),
  'expand: null': router({ 'table.expand.json.payload': 'true' }, event({ payload: null })),
  'expand: a duplicate name': expanded('{"a":1,"a":"x"}'),
  'expand: a number beyond 64 bits': expanded('{"a":123456789012345678901234567890}'),
  'expand: names with dots and blanks': expanded('{"a.b":{"c d":1}}'),
};

const REROUTE = {
  'reroute: a change': reroute({ 'topic.regex': '(.*)orders', 'topic.replacement': '$1all' }, created()),
  'reroute: no match': reroute({ 'topic.regex': 'z(.*)', 'topic.replacement': '$1all' }, created()),
  'reroute: without unique keys': reroute(
    { 'topic.regex': '(.*)orders', 'topic.replacement': '$1all', 'key.enforce.uniqueness': 'false' },
    created(),
  ),
  'reroute: a tombstone': reroute({ 'topic.regex': '(.*)orders', 'topic.replacement': '$1all' }, tombstone),
  'reroute: another key field': reroute(
    { 'topic.regex': '(.*)orders', 'topic.replacement': '$1all', 'key.field.name': 'from' },
    created(),
  ),
  'reroute: a key without a schema': reroute(
    { 'topic.regex': '(.*)orders', 'topic.replacement': '$1all' },
    created({ key: null }),
  ),
  'reroute: no replacement': reroute({ 'topic.regex': '(.*)' }, created()),
  'reroute: a regex for the key without a replacement': reroute(
    { 'topic.regex': '(.*)orders', 'topic.replacement': '$1all', 'key.field.regex': '(.*)' },
    created(),
  ),
};

export const DEBEZIUM_CASES: Readonly<Record<string, TransformCase>> = {
  ...UNWRAP,
  ...CHANGED,
  ...HEADERS,
  ...ZONES,
  ...PARTITIONS,
  ...VECTORS,
  ...MESSAGES,
  ...SCHEMAS,
  ...ROUTER,
  ...EXPANSIONS,
  ...REROUTE,
};
