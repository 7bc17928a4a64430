import type { Json, JsonObject } from '../../../../../src/protocol/json/parse.js';
import { envelope, type GivenRecord, maybe, record, schema, struct, type TransformCase } from './records.js';

type Options = Readonly<Record<string, string>>;
const on =
  (type: string) =>
  (options: Options, given: GivenRecord): TransformCase => ({
    type: `org.apache.kafka.connect.transforms.${type}`,
    options,
    ...given,
  });

const columns = {
  i: schema('int32'),
  l: maybe('int64'),
  d: maybe('double'),
  f: maybe('float'),
  b: maybe('boolean'),
  t: maybe('string'),
  raw: maybe('bytes'),
  small: maybe('int16', { default: 7 }),
  list: maybe('array', { items: schema('int32') }),
  map: maybe('map', { keys: schema('string'), values: schema('string') }),
  in: struct({ x: schema('int32'), y: maybe('string', { default: 'why' }) }, { optional: true }),
};
const VALUES = {
  i: 1,
  l: 9_007_199_254_740_991,
  d: 2.75,
  f: 1.5,
  b: true,
  t: 'text',
  raw: 'AQI=',
  small: 3,
  list: [1, 2],
  map: { k: 'v' },
  in: { x: 5, y: 'z' },
};
const row = struct(columns, { name: 'Row', version: 2, optional: true });
const full = (values: JsonObject = {}): GivenRecord => record({ value: envelope(row, { ...VALUES, ...values }) });
const nulls = full({ l: null, d: null, b: null, t: null, small: null, in: null });
const nullRow = record({ value: envelope(row, null) });
const tombstone = record({});
const loose = (payload: Json): GivenRecord => record({ value: envelope(null, payload) });
const LOOSE = { i: 1, d: 1.5, t: 'text', b: true, n: null, in: { x: 1, deep: { y: 'z' } } };
const alone = (one: JsonObject, payload: Json): GivenRecord => record({ value: envelope(one, payload) });
const KEEP = { 'replace.null.with.default': 'false' };
const each = (given: Readonly<Record<string, TransformCase>>) => given;

const cast = on('Cast$Value');
const CAST = each({
  'cast: numbers': cast({ spec: 'i:int8,l:int16,d:int32,f:int64,small:float64' }, full({ i: 300, l: 70_000 })),
  'cast: to text': cast({ spec: 'i:string,l:string,d:string,f:string,b:string,small:string' }, full()),
  'cast: to boolean': cast({ spec: 'i:boolean,d:boolean,t:boolean' }, full({ i: 0, t: 'TRUE' })),
  'cast: from boolean': cast({ spec: 'b:int32' }, full()),
  'cast: from text': cast({ spec: 't:float64' }, full({ t: '12.5' })),
  'cast: text with a fraction to int': cast({ spec: 't:int32' }, full({ t: '12.5' })),
  'cast: text that is no number': cast({ spec: 't:int32' }, full()),
  'cast: text out of range': cast({ spec: 't:int8' }, full({ t: '300' })),
  'cast: bytes to text': cast({ spec: 'raw:string' }, full()),
  'cast: bytes to int': cast({ spec: 'raw:int32' }, full()),
  'cast: nulls': cast({ spec: 'l:string,small:string,t:int32' }, nulls),
  'cast: nulls are kept': cast({ spec: 'l:string,small:string', ...KEEP }, nulls),
  'cast: a null row': cast({ spec: 'i:string' }, nullRow),
  'cast: a tombstone': cast({ spec: 'i:string' }, tombstone),
  'cast: a missing field': cast({ spec: 'nope:string' }, full()),
  'cast: the whole': cast({ spec: 'string' }, alone(maybe('int64'), 5)),
  'cast: the whole, null': cast({ spec: 'string' }, alone(maybe('int64'), null)),
  'cast: a row as a whole': cast({ spec: 'string' }, full()),
  'cast: without a schema': cast({ spec: 'i:string,d:int32,t:boolean' }, loose(LOOSE)),
  'cast: the whole without a schema': cast({ spec: 'float64' }, loose('1.5')),
  'cast: a large double': cast({ spec: 'd:int32,f:int64' }, full({ d: 1e300, f: 1e30 })),
  'cast: negative': cast({ spec: 'd:int32,l:float32' }, full({ d: -2.75, l: -5 })),
  'cast: an unknown type': cast({ spec: 'i:uuid' }, full()),
  'cast: two whole types': cast({ spec: 'string,int32' }, full()),
  'cast: a decimal': cast(
    { spec: 'p:string' },
    record({
      value: envelope(
        struct({
          p: maybe('bytes', { name: 'org.apache.kafka.connect.data.Decimal', version: 1, parameters: { scale: '2' } }),
        }),
        { p: 'BNI=' },
      ),
    }),
  ),
  'cast: a timestamp to a number': cast(
    { spec: 'at:int64' },
    record({
      value: envelope(struct({ at: maybe('int64', { name: 'org.apache.kafka.connect.data.Timestamp', version: 1 }) }), {
        at: 1_700_000_000_123,
      }),
    }),
  ),
  'cast: a timestamp to text': cast(
    { spec: 'at:string' },
    record({
      value: envelope(struct({ at: maybe('int64', { name: 'org.apache.kafka.connect.data.Timestamp', version: 1 }) }), {
        at: 1_700_000_000_123,
      }),
    }),
  ),
  'cast: the key': on('Cast$Key')({ spec: 'id:string' }, full()),
});

const extract = on('ExtractField$Value');
const EXTRACT = each({
  'extract: a field': extract({ field: 't' }, full()),
  'extract: null with a default': extract({ field: 'small' }, nulls),
  'extract: null with a default is kept': extract({ field: 'small', ...KEEP }, nulls),
  'extract: a nested field': extract({ field: 'in.x', 'field.syntax.version': 'V2' }, full()),
  'extract: a nested field of null': extract({ field: 'in.x', 'field.syntax.version': 'V2' }, nulls),
  'extract: a dot in V1': extract({ field: 'in.x' }, full()),
  'extract: a missing field': extract({ field: 'nope' }, full()),
  'extract: a missing nested field': extract({ field: 'in.nope', 'field.syntax.version': 'V2' }, full()),
  'extract: of a tombstone': extract({ field: 't' }, tombstone),
  'extract: of a null row': extract({ field: 't' }, nullRow),
  'extract: of text': extract({ field: 't' }, alone(schema('string'), 'x')),
  'extract: without a schema': extract({ field: 't' }, loose(LOOSE)),
  'extract: nested without a schema': extract({ field: 'in.deep.y', 'field.syntax.version': 'V2' }, loose(LOOSE)),
  'extract: missing without a schema': extract({ field: 'nope' }, loose(LOOSE)),
  'extract: from the key': on('ExtractField$Key')({ field: 'id' }, full()),
  'extract: quoted names': extract(
    { field: '`a.b`.c', 'field.syntax.version': 'V2' },
    record({ value: envelope(struct({ 'a.b': struct({ c: schema('int32') }) }), { 'a.b': { c: 1 } }) }),
  ),
});

const nested = struct(
  {
    x: schema('int32'),
    y: maybe('string', { default: 'why' }),
    deeper: struct({ v: schema('boolean') }, { optional: true }),
  },
  { optional: true },
);
const deep = (inner: Json) =>
  record({
    value: envelope(struct({ i: schema('int32'), in: nested, list: maybe('array', { items: schema('int32') }) }), {
      i: 1,
      in: inner,
      list: [1],
    }),
  });
const flatten = on('Flatten$Value');
const FLATTEN = each({
  'flatten: a map': flatten({}, full()),
  'flatten: a row': flatten({}, deep({ x: 5, y: 'z', deeper: { v: true } })),
  'flatten: another delimiter': flatten({ delimiter: '_' }, deep({ x: 5, y: null, deeper: null })),
  'flatten: a null structure': flatten({}, deep(null)),
  'flatten: a null row': flatten({}, nullRow),
  'flatten: a tombstone': flatten({}, tombstone),
  'flatten: without a schema': flatten({}, loose({ in: LOOSE.in, t: 'x', n: null })),
  'flatten: an array without a schema': flatten({}, loose({ a: [1] })),
  'flatten: text': flatten({}, alone(schema('string'), 'x')),
});

const from = on('HeaderFrom$Value');
const HEADERS = each({
  'header from: copied': from({ fields: 't,i', headers: 'T,I', operation: 'copy' }, full()),
  'header from: moved': from({ fields: 't', headers: 'T', operation: 'move' }, full()),
  'header from: null with a default': from({ fields: 'small', headers: 'S', operation: 'copy' }, nulls),
  'header from: null with a default is kept': from(
    { fields: 'small', headers: 'S', operation: 'copy', ...KEEP },
    nulls,
  ),
  'header from: a missing field': from({ fields: 'nope', headers: 'N', operation: 'copy' }, full()),
  'header from: counts differ': from({ fields: 't,i', headers: 'T', operation: 'copy' }, full()),
  'header from: a tombstone': from({ fields: 't', headers: 'T', operation: 'copy' }, tombstone),
  'header from: a null row': from({ fields: 't', headers: 'T', operation: 'move' }, nullRow),
  'header from: without a schema': from({ fields: 't,n', headers: 'T,N', operation: 'move' }, loose(LOOSE)),
  'header from: an unknown operation': from({ fields: 't', headers: 'T', operation: 'steal' }, full()),
  'header from: the key': on('HeaderFrom$Key')({ fields: 'id', headers: 'I', operation: 'copy' }, full()),
  ...Object.fromEntries(
    [
      '17',
      '3000000000',
      '1.5',
      'true',
      'TRUE',
      'text',
      '',
      '2024-02-29',
      '12:30:00.000Z',
      '2024-02-29T12:30:00.000Z',
      '[1,2]',
      '{"a":1}',
      '"quoted"',
      'null',
      '-128',
      '1e3',
      '12345678901234567890',

      ' 17 ',
    ].map((literal) => [
      `insert header: ${literal}`,
      on('InsertHeader')({ header: 'h', 'value.literal': literal }, full()),
    ]),
  ),
  'drop headers': on('DropHeaders')(
    { headers: 'a,b' },
    record({
      headers: [
        ['a', envelope(schema('string'), 'x')],
        ['c', envelope(schema('string'), 'y')],
      ],
    }),
  ),
});

const hoist = on('HoistField$Value');
const HOIST = each({
  'hoist: a row': hoist({ field: 'row' }, full()),
  'hoist: a null row': hoist({ field: 'row' }, nullRow),
  'hoist: a tombstone': hoist({ field: 'row' }, tombstone),
  'hoist: without a schema': hoist({ field: 'row' }, loose(LOOSE)),
  'hoist: the key': on('HoistField$Key')({ field: 'row' }, full()),
});

const insert = on('InsertField$Value');
const INSERT = each({
  'insert: all': insert(
    {
      'topic.field': 'topic',
      'partition.field': 'p',
      'timestamp.field': 'ts',
      'static.field': 's',
      'static.value': 'x',
    },
    full(),
  ),
  'insert: required': insert(
    { 'topic.field': 'topic!', 'timestamp.field': 'ts!', 'static.field': 's!', 'static.value': 'x' },
    full(),
  ),
  'insert: optional': insert({ 'topic.field': 'topic?' }, full()),
  'insert: a required partition that is not known': insert({ 'partition.field': 'p!' }, full()),
  'insert: no timestamp': insert(
    { 'timestamp.field': 'ts' },
    record({ value: envelope(row, VALUES), timestamp: null }),
  ),
  'insert: an offset': insert({ 'offset.field': 'o' }, full()),
  'insert: nothing': insert({}, full()),
  'insert: a static field without a value': insert({ 'static.field': 's' }, full()),
  'insert: a tombstone': insert({ 'topic.field': 'topic' }, tombstone),
  'insert: a null row': insert({ 'topic.field': 'topic' }, nullRow),
  'insert: without a schema': insert({ 'topic.field': 'topic', 'timestamp.field': 'ts' }, loose(LOOSE)),
  'insert: nulls with defaults': insert({ 'topic.field': 'topic' }, nulls),
  'insert: nulls are kept': insert({ 'topic.field': 'topic', ...KEEP }, nulls),
  'insert: a field that is there': insert({ 'static.field': 't', 'static.value': 'x' }, full()),
});

const mask = on('MaskField$Value');
const MASK = each({
  'mask: every type': mask({ fields: 'i,l,d,f,b,t,small,list,map' }, full()),
  'mask: bytes': mask({ fields: 'raw' }, full()),
  'mask: a structure': mask({ fields: 'in' }, full()),
  'mask: a replacement': mask({ fields: 't', replacement: '***' }, full()),
  'mask: a number as a replacement': mask({ fields: 'i,l,d', replacement: '9' }, full()),
  'mask: a replacement that is no number': mask({ fields: 'i', replacement: 'x' }, full()),
  'mask: a boolean by a replacement': mask({ fields: 'b', replacement: 'x' }, full()),
  'mask: an empty replacement': mask({ fields: 't', replacement: '' }, full()),
  'mask: nulls': mask({ fields: 't,small' }, nulls),
  'mask: nulls are kept': mask({ fields: 't,small', ...KEEP }, nulls),
  'mask: a missing field': mask({ fields: 'nope' }, full()),
  'mask: a tombstone': mask({ fields: 't' }, tombstone),
  'mask: without a schema': mask({ fields: 't,i,n' }, loose(LOOSE)),
});

const replace = on('ReplaceField$Value');
const REPLACE = each({
  'replace: excluded': replace({ exclude: 't,in' }, full()),
  'replace: included': replace({ include: 't,i' }, full()),
  'replace: renamed': replace({ renames: 't:words,i:number' }, full()),
  'replace: renamed and excluded': replace({ exclude: 'list,map,in', renames: 't:words' }, full()),
  'replace: a null row': replace({ exclude: 't' }, nullRow),
  'replace: a tombstone': replace({ exclude: 't' }, tombstone),
  'replace: nulls with defaults': replace({ include: 'small,t' }, nulls),
  'replace: nulls are kept': replace({ include: 'small,t', ...KEEP }, nulls),
  'replace: nothing is left': replace({ include: 'nope' }, full()),
  'replace: without a schema': replace({ exclude: 't', renames: 'i:number' }, loose(LOOSE)),
  'replace: a malformed renaming': replace({ renames: 't' }, full()),
  'replace: excluded and included': replace({ exclude: 't', include: 't,i' }, full()),
});

const metadata = on('SetSchemaMetadata$Value');
const METADATA = each({
  'metadata: name and version': metadata({ 'schema.name': 'New', 'schema.version': '9' }, full()),
  'metadata: name': metadata({ 'schema.name': 'New' }, full()),
  'metadata: nothing': metadata({}, full()),
  'metadata: a null row': metadata({ 'schema.name': 'New' }, nullRow),
  'metadata: a tombstone': metadata({ 'schema.name': 'New' }, tombstone),
  'metadata: without a schema': metadata({ 'schema.name': 'New' }, loose(LOOSE)),
  'metadata: of text': metadata({ 'schema.name': 'New' }, alone(maybe('string', { default: 'd' }), 'x')),
  'metadata: nulls': metadata({ 'schema.name': 'New' }, nulls),
});

const time = on('TimestampConverter$Value');
const connectTime = (name: string): JsonObject => ({ name: `org.apache.kafka.connect.data.${name}`, version: 1 });
const times = struct(
  {
    text: maybe('string'),
    unix: maybe('int64'),
    day: maybe('int32', connectTime('Date')),
    ofDay: maybe('int32', connectTime('Time')),
    at: maybe('int64', connectTime('Timestamp')),
    debezium: maybe('int64', { name: 'io.debezium.time.MicroTimestamp', version: 1 }),
    number: maybe('int32'),
  },
  { optional: true },
);
const TIMES = {
  text: '2024-02-29 12:34:56',
  unix: 1_709_210_096_789,
  day: 19_782,
  ofDay: 45_296_789,
  at: 1_709_210_096_789,
  debezium: 1_709_210_096_789_123,
  number: 5,
};
const timed = (values: JsonObject = {}) => record({ value: envelope(times, { ...TIMES, ...values }) });
const FORMAT = { format: 'yyyy-MM-dd HH:mm:ss' };
const matrix = Object.fromEntries(
  ['text', 'unix', 'day', 'ofDay', 'at', 'debezium'].flatMap((field) =>
    ['string', 'unix', 'Date', 'Time', 'Timestamp'].map((target) => [
      `time: ${field} to ${target}`,
      time({ field, 'target.type': target, ...FORMAT }, timed()),
    ]),
  ),
);
const TIME = each({
  ...matrix,
  'time: null': time({ field: 'at', 'target.type': 'string', ...FORMAT }, timed({ at: null })),
  'time: a null row': time(
    { field: 'at', 'target.type': 'string', ...FORMAT },
    record({ value: envelope(times, null) }),
  ),
  'time: a tombstone': time({ field: 'at', 'target.type': 'string', ...FORMAT }, tombstone),
  'time: the whole, null': time(
    { 'target.type': 'string', ...FORMAT },
    alone(maybe('int64', connectTime('Timestamp')), null),
  ),
  'time: the whole': time({ 'target.type': 'string', ...FORMAT }, alone(maybe('int64', connectTime('Timestamp')), 5)),
  'time: a missing field': time({ field: 'nope', 'target.type': 'unix' }, timed()),
  'time: an int': time({ field: 'number', 'target.type': 'unix' }, timed()),
  'time: no format': time({ field: 'at', 'target.type': 'string' }, timed()),
  'time: no format for text': time({ field: 'text', 'target.type': 'unix' }, timed()),
  'time: an unknown target': time({ field: 'at', 'target.type': 'date' }, timed()),
  'time: text that does not fit': time({ field: 'text', 'target.type': 'unix', format: 'yyyy/MM/dd' }, timed()),
  'time: seconds': time({ field: 'at', 'target.type': 'unix', 'unix.precision': 'seconds' }, timed()),
  'time: microseconds': time({ field: 'at', 'target.type': 'unix', 'unix.precision': 'microseconds' }, timed()),
  'time: nanoseconds': time({ field: 'at', 'target.type': 'unix', 'unix.precision': 'nanoseconds' }, timed()),
  'time: from microseconds': time(
    { field: 'debezium', 'target.type': 'Timestamp', 'unix.precision': 'microseconds' },
    timed(),
  ),
  'time: from seconds': time({ field: 'number', 'target.type': 'Timestamp', 'unix.precision': 'seconds' }, timed()),
  'time: before 1970': time({ field: 'at', 'target.type': 'Date' }, timed({ at: -1 })),
  'time: before 1970, seconds': time(
    { field: 'at', 'target.type': 'unix', 'unix.precision': 'seconds' },
    timed({ at: -1 }),
  ),
  'time: before 1970, time of day': time({ field: 'at', 'target.type': 'Time' }, timed({ at: -1 })),
  'time: without a schema': time({ field: 'at', 'target.type': 'string', ...FORMAT }, loose({ at: 1_709_210_096_789 })),
  'time: text without a schema': time(
    { field: 'at', 'target.type': 'unix', ...FORMAT },
    loose({ at: '2024-02-29 12:34:56' }),
  ),
  'time: null without a schema': time({ field: 'at', 'target.type': 'unix' }, loose({ at: null })),
  'time: a zone in the text': time(
    { field: 'text', 'target.type': 'unix', format: "yyyy-MM-dd'T'HH:mm:ss.SSSXXX" },
    timed({ text: '2024-02-29T12:34:56.789+02:00' }),
  ),
  ...Object.fromEntries(
    [
      'yyyyMMdd',
      "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
      'EEE, d MMM yyyy HH:mm:ss Z',
      'yy-M-d h:m a',
      'D',
      'w',
      'k',
      'K',
      'u',
      'G',
      'EEEE MMMM',
      "''yyyy''",
      'SSSSSS',
      'X',
      'XX',
      'z',
      'YYYY',
      'F',
      'q',
    ].map((format) => [`time: format ${format}`, time({ field: 'at', 'target.type': 'string', format }, timed())]),
  ),
});

const ROUTERS = each({
  'topic by time': on('TimestampRouter')({}, full()),
  'topic by time, formats': on('TimestampRouter')(
    { 'topic.format': 'x.${timestamp}.${topic}.${nope}', 'timestamp.format': 'yyyy.MM.dd-HH' },
    full(),
  ),
  'topic by time: none': on('TimestampRouter')({}, record({ timestamp: null })),
  'topic by regex': on('RegexRouter')({ regex: '(.*)\\.public\\.(.*)', replacement: '$2-$1' }, full()),
  'topic by regex: no match': on('RegexRouter')({ regex: 'public', replacement: 'x' }, full()),
  'topic by regex: a named group': on('RegexRouter')({ regex: '(?<db>[^.]*).*', replacement: '${db}' }, full()),
  'key from the value': on('ValueToKey')({ fields: 'i,t' }, full()),
  'key from the value: a missing field': on('ValueToKey')({ fields: 'nope' }, full()),
  'key from the value: a null with a default': on('ValueToKey')({ fields: 'small' }, nulls),
  'key from the value: a null is kept': on('ValueToKey')({ fields: 'small', ...KEEP }, nulls),
  'key from the value: a tombstone': on('ValueToKey')({ fields: 'i' }, tombstone),
  'key from the value: without a schema': on('ValueToKey')({ fields: 'i,nope' }, loose(LOOSE)),
  filter: on('Filter')({}, full()),
});

export const APACHE_CASES: Readonly<Record<string, TransformCase>> = {
  ...CAST,
  ...EXTRACT,
  ...FLATTEN,
  ...HEADERS,
  ...HOIST,
  ...INSERT,
  ...MASK,
  ...REPLACE,
  ...METADATA,
  ...TIME,
  ...ROUTERS,
};
