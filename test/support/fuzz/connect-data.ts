import { Options } from '../../../src/embedded/connect/config/options.js';
import { CONVERTERS } from '../../../src/embedded/connect/converters/table.js';
import { parseLiteral } from '../../../src/embedded/connect/data/literal.js';
import { parseArrayLiteral, parseHstore } from '../../../src/embedded/connect/postgresql/array-literal.js';
import type { IncrementalSnapshot } from '../../../src/embedded/connect/postgresql/incremental.js';
import { handleSignal } from '../../../src/embedded/connect/postgresql/signals.js';
import { silentLog } from '../../../src/support/log.js';
import type { FuzzedDecoder } from '../decoder-fuzz.js';

const ENVELOPE = JSON.stringify({
  schema: {
    type: 'struct',
    name: 'shop.Order',
    fields: [
      { field: 'id', type: 'int64', optional: false },
      { field: 'price', type: 'bytes', name: 'org.apache.kafka.connect.data.Decimal', parameters: { scale: '2' } },
      { field: 'at', type: 'int64', name: 'org.apache.kafka.connect.data.Timestamp', default: 5, optional: true },
      { field: 'tags', type: 'array', items: { type: 'string', optional: true } },
      { field: 'sizes', type: 'map', keys: { type: 'string' }, values: { type: 'double' } },
    ],
  },
  payload: { id: 5, price: 'AQI=', at: null, tags: ['a', null], sizes: { a: 1.5 } },
});

/** Those that ask no schema registry; what is understood is written again. */
function converters(): readonly FuzzedDecoder[] {
  const wholes = new Map([
    ['JsonConverter', ENVELOPE],
    ['ShortConverter', '12'],
    ['IntegerConverter', '1234'],
    ['LongConverter', '12345678'],
    ['FloatConverter', '1234'],
    ['DoubleConverter', '12345678'],
    ['BooleanConverter', '\u0001'],
    ['StringConverter', 'gr\u00fcn'],
    ['ByteArrayConverter', 'abc'],
  ]);
  return CONVERTERS.flatMap((plugin) => {
    const name = plugin.className.split('.').at(-1) ?? '';
    const whole = wholes.get(name);
    if (whole === undefined) return [];
    const converter = plugin.create(new Options(plugin.options, {}), false);
    return [
      {
        name,
        isText: name === 'JsonConverter',
        whole: [Buffer.from(whole)],
        decode(bytes) {
          const read = converter.toConnect('t', bytes);
          if (!(read instanceof Promise)) converter.fromConnect('t', read.schema, read.value);
        },
      },
    ];
  });
}

const SNAPSHOT = JSON.stringify({
  type: 'blocking',
  message: 'm',
  'data-collections': ['public\\.orders', 'public.bills'],
  'additional-conditions': [{ 'data-collection': 'public.orders', filter: 'id > 5' }],
  'surrogate-key': 'id',
});

function signals(): readonly FuzzedDecoder[] {
  const nothing = (): void => {};
  const incremental = {
    request: nothing,
    stop: nothing,
    pause: nothing,
    resume: nothing,
  } as unknown as IncrementalSnapshot;
  const targets = { incremental, tables: ['public.orders', 'public.bills'], readBlocking: nothing };
  return ['log', 'execute-snapshot', 'stop-snapshot'].map((type) => ({
    name: `Debezium signals: ${type}`,
    isText: true,
    whole: [Buffer.from(SNAPSHOT)],
    decode: (bytes) => handleSignal({ id: '1', type, data: bytes.toString() }, targets, silentLog),
  }));
}

const literals = (): readonly FuzzedDecoder[] => [
  {
    name: 'PostgreSQL arrays',
    whole: [Buffer.from('{{1,NULL},{"a\\"b",c}}')],
    decode: (bytes) => parseArrayLiteral(bytes.toString()),
  },
  {
    name: 'hstore',
    isText: true,
    whole: [Buffer.from('"a"=>"1", "b"=>NULL')],
    decode: (bytes) => parseHstore(bytes.toString()),
  },
  {
    name: 'values of headers',
    isText: true,
    whole: [Buffer.from('{"a":[1,2.5,true,null]}'), Buffer.from('2024-01-01T00:00:00Z')],
    decode: (bytes) => parseLiteral(bytes.toString()),
  },
];

/** What Connect reads of records, of signals and of PostgreSQL's texts. */
export const CONNECT_DATA: readonly FuzzedDecoder[] = [...converters(), ...signals(), ...literals()];
