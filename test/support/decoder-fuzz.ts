import { CsvReader } from '../../src/clients/documents/csv.js';
import { incompatibilities, parseSchema } from '../../src/embedded/schema-registry/parsed-schema.js';
import { SchemaState } from '../../src/embedded/schema-registry/schema-state.js';
import type { SchemaType } from '../../src/embedded/schema-registry/schemas-topic.js';
import { parseTree } from '../../src/pipeline/document.js';
import { decodeProperties, encodeProperties } from '../../src/protocol/amqp/basic-properties.js';
import { decodeTable, encodeTable, type FieldValue } from '../../src/protocol/amqp/field-table.js';
import { decodeMethod } from '../../src/protocol/amqp/methods.js';
import { compileAvroDecoder } from '../../src/protocol/avro/decode.js';
import { compilePlainEncoder } from '../../src/protocol/avro/encode.js';
import { AvroInput } from '../../src/protocol/avro/input.js';
import { parseAvroSchema } from '../../src/protocol/avro/parse-schema.js';
import { compileSkip } from '../../src/protocol/avro/read.js';
import { parseJson } from '../../src/protocol/json/parse.js';
import { decodeRequest, decodeRequestHeader, encodeRequest } from '../../src/protocol/kafka/codec.js';
import { encodeBatch } from '../../src/protocol/kafka/encode-batch.js';
import { fetch } from '../../src/protocol/kafka/messages/fetch.js';
import { metadata } from '../../src/protocol/kafka/messages/metadata.js';
import { Reader } from '../../src/protocol/kafka/reader.js';
import { recordsOf } from '../../src/protocol/kafka/record-batch.js';
import { parseStatements } from '../../src/protocol/ksql/parse.js';
import { decodePgoutput } from '../../src/protocol/pgoutput/decode.js';
import { describeProtobuf } from '../../src/protocol/protobuf/describe.js';
import { decodeFileDescriptor, encodeFileDescriptor } from '../../src/protocol/protobuf/file-descriptor.js';
import { printFileDescriptor } from '../../src/protocol/protobuf/print-descriptor.js';
import { parseProtobufSchema } from '../../src/protocol/protobuf/schema.js';
import { CONNECT_DATA } from './fuzz/connect-data.js';
import { defectIn } from './fuzz/defect.js';
import { Dice } from './fuzz/dice.js';
import { AVRO_SCHEMA, JSON_SCHEMA, KSQL_STATEMENTS, PROTOBUF_SCHEMA } from './fuzz/languages.js';
import { spoilBytes, spoilJsonText, spoilText } from './fuzz/spoil.js';
import { STORED_RECORDS } from './fuzz/stored-records.js';

/** A decoder and whole inputs for it. It may throw any Error but those that only a defect throws. */
export interface FuzzedDecoder {
  readonly name: string;
  readonly whole: readonly Buffer[];
  /** How many times dearer than the others one input is: so many fewer are tried. */
  readonly cost?: number;
  readonly isText?: boolean;
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
    isText: true,
    whole: texts(
      '{"type":"record","name":"a.R","fields":[{"name":"b","type":["null","long"],"default":null},{"name":"c","type":{"type":"array","items":"R"},"default":[]}]}',
      '{"type":"enum","name":"E","symbols":["A","B"],"default":"A"}',
    ),
    decode: (bytes) => parseAvroSchema(bytes.toString('utf8')),
  },
  {
    name: 'JSON',
    isText: true,
    whole: texts('{"a":[1,2.50,-3e4,12345678901234567890],"b":{"c":"\\u00e4\\n","d":[true,false,null]}}', '[[[[{}]]]]'),
    decode: (bytes) => parseJson(bytes.toString('utf8'), 'text'),
  },
  {
    name: 'Protobuf descriptors',
    whole: [encodeFileDescriptor(describeProtobuf(PROTOBUF_SCHEMA).file)],
    decode: (bytes) => parseProtobufSchema(printFileDescriptor(decodeFileDescriptor(bytes))),
  },
  { name: 'AMQP field tables', whole: [encodeTable(TABLE)], decode: decodeTable },
  {
    name: 'AMQP methods',
    whole: [
      hex('0032000a 0000 066f7264657273 02 00000000'),
      hex('003c0028 0000 0473686f70 0161 01'),
      hex('003c0014 0000 0171 0163 08 00000007 0178 49 00000005'),
      hex('000a000b 00000000 05 504c41494e 00000003 006162 05 656e5f5553'),
    ],
    decode: decodeMethod,
  },
  {
    name: 'AMQP properties',
    whole: [encodeProperties({ headers: TABLE, expiration: '5', timestamp: 7 })],
    decode: decodeProperties,
  },
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
  ...registryDecoders(),
  ...STORED_RECORDS,
  ...CONNECT_DATA,
  {
    name: 'CSV',
    isText: true,
    whole: texts('id,"note, ""quoted""\nmore",,""\n1,a,b,c'),
    decode: (bytes) => csvRowsOf(bytes.toString()),
  },
  {
    name: 'ksqlDB statements',
    isText: true,
    cost: 5,
    whole: texts(...KSQL_STATEMENTS.filter(isParsed)),
    decode: (bytes) => parseStatements(bytes.toString()),
  },
  {
    name: 'pipeline files',
    isText: true,
    cost: 20,
    whole: texts(
      'name: shop\ntopics:\n  orders: { partitions: 3 }\n  other: &o\n    config: { a: "b" }\n  third: *o\nlist:\n  - 1\n  - >\n    text\n',
    ),
    decode: (bytes) => parseTree(bytes.toString('utf8'), 'evpipe.yaml'),
  },
];

function csvRowsOf(text: string): CsvReader['rows'] {
  const reader = new CsvReader();
  for (const line of text.split('\n')) reader.take(line);
  return reader.rows;
}

/** Among the engine's cases are statements that it refuses. */
function isParsed(statement: string): boolean {
  try {
    return parseStatements(statement).length > 0;
  } catch {
    return false;
  }
}

/** Schemas as the registry takes them, each against the whole one before it. */
function registryDecoders(): readonly FuzzedDecoder[] {
  const types: ReadonlyArray<readonly [type: SchemaType, text: string]> = [
    ['AVRO', AVRO_SCHEMA],
    ['JSON', JSON_SCHEMA],
    ['PROTOBUF', PROTOBUF_SCHEMA],
  ];
  return types.map(([schemaType, schema]) => {
    const state = new SchemaState();
    const before = { subject: 's', version: 1, id: 1, schemaType, schema, references: [], deleted: false };
    return {
      name: `${schemaType} schemas of the registry`,
      isText: true,
      cost: 10,
      whole: [Buffer.from(schema)],
      decode(bytes) {
        const parsed = parseSchema(state, 's', { schemaType, schema: bytes.toString(), references: [] }, true);
        return incompatibilities(state, 'FULL_TRANSITIVE', parsed, [before]);
      },
    };
  });
}

/** Half of the texts are spoiled as texts; some inputs are noise behind a whole first byte. */
function damaged(whole: Buffer, isText: boolean, dice: Dice): Buffer {
  if (dice.chance(0.1)) return Buffer.concat([whole.subarray(0, 1), dice.bytes(64)]);
  if (!isText || dice.chance(0.3)) return spoilBytes(whole, dice);
  const text = whole.toString();
  return Buffer.from(
    /^[[{]/.test(text) && dice.chance(0.5) ? spoilJsonText(JSON.parse(text), dice) : spoilText(text, dice),
  );
}

/** For one input, of processor time and of memory; a whole one takes a thousandth. */
const CPU_MS_MAX = 1_000;
const HEAP_BYTES_MAX = 64 * 1024 * 1024;

export const roundsOf = ({ cost = 1 }: FuzzedDecoder, rounds: number): number => Math.ceil(rounds / cost);

/** What went wrong, with the input that did it; undefined where nothing did. */
export function fuzz(decoder: FuzzedDecoder, rounds: number, seed: number): string | undefined {
  const { whole, decode, isText = false } = decoder;
  for (const bytes of whole) decode(bytes);
  const dice = new Dice(seed);
  for (let round = 0; round < roundsOf(decoder, rounds); round++) {
    const bytes = damaged(dice.pick(whole), isText, dice);
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
    return defectIn(failure.message) === undefined ? undefined : (failure.stack ?? failure.message);
  }
}
