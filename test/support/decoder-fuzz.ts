import { parseTree } from '../../src/pipeline/document.js';
import { decodeTable, encodeTable, type FieldValue } from '../../src/protocol/amqp/field-table.js';
import { compileAvroDecoder } from '../../src/protocol/avro/decode.js';
import { compilePlainEncoder } from '../../src/protocol/avro/encode.js';
import { AvroInput } from '../../src/protocol/avro/input.js';
import { compileSkip } from '../../src/protocol/avro/read.js';
import { parseAvroSchema } from '../../src/protocol/avro/schema.js';
import { parseJson } from '../../src/protocol/json/parse.js';
import { decodeRequest, decodeRequestHeader, encodeRequest } from '../../src/protocol/kafka/codec.js';
import { encodeBatch } from '../../src/protocol/kafka/encode-batch.js';
import { fetch } from '../../src/protocol/kafka/messages/fetch.js';
import { metadata } from '../../src/protocol/kafka/messages/metadata.js';
import { Reader } from '../../src/protocol/kafka/reader.js';
import { recordsOf } from '../../src/protocol/kafka/record-batch.js';
import { decodePgoutput } from '../../src/protocol/pgoutput/decode.js';
import { seeded } from './seeded.js';

/** A decoder and whole inputs for it. It may throw any Error but one: that the stack is too small. */
export interface FuzzedDecoder {
  readonly name: string;
  readonly whole: readonly Buffer[];
  /** How many times dearer than the others one input is: so many fewer are tried. */
  readonly cost?: number;
  decode(bytes: Buffer): unknown;
}

const NODE = parseAvroSchema(
  JSON.stringify({
    type: 'record',
    name: 'Node',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'name', type: ['null', 'string'], default: null },
      { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 20, scale: 4 } },
      { name: 'tags', type: { type: 'array', items: ['null', 'int'] } },
      { name: 'nothing', type: { type: 'array', items: 'null' } },
      { name: 'sizes', type: { type: 'map', values: 'double' } },
      { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'] } },
      { name: 'next', type: ['null', 'Node'], default: null },
    ],
  }),
);
const node = {
  id: 2n ** 60n,
  name: 'grün',
  price: Buffer.from([1, 2, 3]),
  tags: [1, null, -3],
  nothing: [null, null],
  sizes: { a: 1.5, b: -2 },
  kind: 'B',
};
const encodeNode = compilePlainEncoder(NODE);
const decodeNode = compileAvroDecoder(NODE);
const skipNode = compileSkip(NODE);

const TABLE = new Map<string, FieldValue>([
  ['x-max-length', { type: 'signedint', value: 5 }],
  [
    'list',
    {
      type: 'array',
      value: [
        { type: 'bool', value: true },
        { type: 'longstr', value: 'ä' },
      ],
    },
  ],
  ['table', { type: 'table', value: new Map([['t', { type: 'timestamp', value: 5n }]]) }],
]);

const HEADER = { correlationId: 7, clientId: 'fuzz' };
const FETCHED = { topic: 't', partitions: [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 9 }] };

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const texts = (...all: readonly string[]): readonly Buffer[] => all.map((text) => Buffer.from(text));

export const DECODERS: readonly FuzzedDecoder[] = [
  {
    name: 'Avro values',
    whole: [encodeNode(node), encodeNode({ ...node, next: { ...node, next: node } })],
    decode: (bytes) => decodeNode(bytes),
  },
  {
    name: 'Avro values that are skipped',
    whole: [encodeNode(node)],
    decode: (bytes) => skipNode(new AvroInput(bytes)),
  },
  {
    name: 'Avro schemas',
    whole: texts(
      '{"type":"record","name":"a.R","fields":[{"name":"b","type":["null","long"],"default":null},{"name":"c","type":{"type":"array","items":"R"},"default":[]}]}',
      '{"type":"enum","name":"E","symbols":["A","B"],"default":"A"}',
    ),
    decode: (bytes) => parseAvroSchema(bytes.toString('utf8')),
  },
  {
    name: 'JSON',
    whole: texts('{"a":[1,2.50,-3e4,12345678901234567890],"b":{"c":"\\u00e4\\n","d":[true,false,null]}}', '[[[[{}]]]]'),
    decode: (bytes) => parseJson(bytes.toString('utf8'), 'text'),
  },
  { name: 'AMQP field tables', whole: [encodeTable(TABLE)], decode: decodeTable },
  {
    name: 'Kafka requests',
    whole: [
      Buffer.concat(encodeRequest(metadata, 12, HEADER, { topics: null })).subarray(4),
      Buffer.concat(encodeRequest(fetch, 12, HEADER, { minBytes: 1, topics: [FETCHED] })).subarray(4),
    ],
    decode(bytes) {
      const reader = new Reader(bytes);
      const { apiKey } = decodeRequestHeader(reader);
      return apiKey === fetch.key ? decodeRequest(fetch, 12, reader) : decodeRequest(metadata, 12, reader);
    },
  },
  {
    name: 'Kafka record batches',
    whole: [
      encodeBatch({}, [
        { offsetDelta: 0, timestampMs: 1, key: Buffer.from('k'), value: Buffer.from('v'), headers: [['h', null]] },
        { offsetDelta: 1, timestampMs: 2, key: null, value: Buffer.alloc(300) },
      ]),
    ],
    decode: (bytes) => recordsOf(bytes),
  },
  {
    name: 'pgoutput messages',
    whole: [
      hex('42 0000000001B86A48 0000000000000001 0000033E'),
      hex('52 00004001 7075626C696300 7400 64 0002 01 696400 00000017 FFFFFFFF 00 7600 00000413 00000018'),
      hex('49 00004001 4E 0003 74 00000001 35 6E 75'),
      hex('55 00004001 4B 0001 74 00000001 35 4E 0001 74 00000002 C3BC'),
      hex('54 00000002 01 00000007 00000008'),
    ],
    decode: decodePgoutput,
  },
  {
    name: 'pipeline files',
    cost: 20,
    whole: texts(
      'name: shop\ntopics:\n  orders: { partitions: 3 }\n  other: &o\n    config: { a: "b" }\n  third: *o\nlist:\n  - 1\n  - >\n    text\n',
    ),
    decode: (bytes) => parseTree(bytes.toString('utf8'), 'evpipe.yaml'),
  },
];

/** Numbers that readers of lengths and counts stumble over. */
const SPITEFUL = [
  hex('feffffff0f'),
  hex('ffffffff0f'),
  hex('7fffffff'),
  hex('80000000'),
  hex('ffffffffffffffffff01'),
  Buffer.from('['.repeat(3000)),
  Buffer.from('{"a":'.repeat(2000)),
  Buffer.from('9'.repeat(2000)),
];

/** Half of them whole up to a spoiled place, the others noise behind a whole first byte. */
function damaged(whole: Buffer, random: () => number): Buffer {
  const below = (bound: number): number => Math.floor(random() * bound);
  const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, () => below(256)));
  if (random() < 0.5) return Buffer.concat([whole.subarray(0, 1), noise(below(64))]);
  const at = below(whole.length);
  const spiteful = SPITEFUL[below(SPITEFUL.length)] ?? Buffer.alloc(0);
  switch (below(4)) {
    case 0:
      return Buffer.concat([whole.subarray(0, at), noise(1), whole.subarray(at + 1)]);
    case 1:
      return whole.subarray(0, at);
    case 2:
      return Buffer.concat([whole.subarray(0, at), spiteful, whole.subarray(at)]);
    default:
      return Buffer.concat([whole.subarray(0, at), noise(below(32)), whole.subarray(at)]);
  }
}

/** For one input, of processor time and of memory; a whole one takes a thousandth. */
const CPU_MS_MAX = 1_000;
const HEAP_BYTES_MAX = 64 * 1024 * 1024;

/** What went wrong, with the input that did it; undefined where nothing did. */
export function fuzz({ whole, decode, cost = 1 }: FuzzedDecoder, rounds: number, seed: number): string | undefined {
  for (const bytes of whole) decode(bytes);
  const random = seeded(seed);
  for (let round = 0; round < rounds / cost; round++) {
    const bytes = damaged(whole[Math.floor(random() * whole.length)] ?? Buffer.alloc(0), random);
    const heap = process.memoryUsage().heapUsed;
    const cpu = process.cpuUsage();
    const failure = failureOf(() => decode(bytes));
    const { user, system } = process.cpuUsage(cpu);
    const grown = process.memoryUsage().heapUsed - heap;
    const problem =
      failure ??
      ((user + system) / 1000 > CPU_MS_MAX ? `it took ${(user + system) / 1000} ms` : undefined) ??
      (grown > HEAP_BYTES_MAX ? `it took ${grown} bytes` : undefined);
    if (problem !== undefined) return `round ${round} of seed ${seed}: ${problem}: ${bytes.toString('hex')}`;
  }
  return undefined;
}

function failureOf(decode: () => unknown): string | undefined {
  try {
    decode();
    return undefined;
  } catch (failure) {
    if (!(failure instanceof Error)) return `it threw ${String(failure)}`;
    return failure.message.includes('call stack') || failure.message.includes('Array buffer allocation')
      ? failure.message
      : undefined;
  }
}
