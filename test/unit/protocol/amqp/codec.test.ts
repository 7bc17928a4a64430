import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeProperties, encodeProperties } from '../../../../src/protocol/amqp/basic-properties.js';
import { ByteReader } from '../../../../src/protocol/amqp/byte-reader.js';
import { ByteWriter } from '../../../../src/protocol/amqp/byte-writer.js';
import {
  decodeTable,
  encodeTable,
  type FieldTable,
  type FieldValue,
} from '../../../../src/protocol/amqp/field-table.js';
import { writeMethodFrame } from '../../../../src/protocol/amqp/frame.js';
import { MalformedFrame } from '../../../../src/protocol/amqp/malformed.js';
import { type Args, readArgs, writeArgs } from '../../../../src/protocol/amqp/method.js';
import { basicPublish, decodeMethod, METHODS } from '../../../../src/protocol/amqp/methods.js';

const short = fc.string({ unit: 'binary', maxLength: 40 });
const number = (type: string, value: fc.Arbitrary<number>): fc.Arbitrary<FieldValue> =>
  value.map((one) => ({ type, value: one }) as FieldValue);

const { table } = fc.letrec<{ value: FieldValue; table: FieldTable }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.boolean().map((value): FieldValue => ({ type: 'bool', value })),
    number('byte', fc.integer({ min: -128, max: 127 })),
    number('unsignedbyte', fc.nat(255)),
    number('short', fc.integer({ min: -32768, max: 32767 })),
    number('unsignedshort', fc.nat(65535)),
    number('signedint', fc.integer()),
    number('unsignedint', fc.nat(2 ** 32 - 1)),
    number('float', fc.float({ noNaN: true })),
    number('double', fc.double({ noNaN: true })),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): FieldValue => ({ type: 'long', value })),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value): FieldValue => ({ type: 'timestamp', value })),
    fc
      .record({ scale: fc.nat(255), unscaled: fc.nat(2 ** 32 - 1) })
      .map((value): FieldValue => ({ type: 'decimal', value })),
    fc.string({ unit: 'binary' }).map((value): FieldValue => ({ type: 'longstr', value })),
    fc.uint8Array().map((value): FieldValue => ({ type: 'binary', value: Buffer.from(value) })),
    fc.constant<FieldValue>({ type: 'void', value: null }),
    fc.array(tie('value'), { maxLength: 4 }).map((value): FieldValue => ({ type: 'array', value })),
    tie('table').map((value): FieldValue => ({ type: 'table', value })),
  ),
  table: fc.array(fc.tuple(short, tie('value')), { maxLength: 6 }).map((entries) => new Map(entries)),
}));

const fields: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  octet: fc.nat(255),
  short: fc.nat(65535),
  long: fc.nat(2 ** 32 - 1),
  longlong: fc.maxSafeNat(),
  shortstr: short,
  longstr: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  table,
  bit: fc.boolean(),
};

describe('AMQP on the wire', () => {
  it.each([
    ['kombu writes for a long', 'L', 8, { type: 'long', value: -1n }],
    ['AMQP-CPP writes for a short without a sign', 'u', 2, { type: 'unsignedshort', value: 65535 }],
    ['AMQP-CPP writes for an octet', 'B', 1, { type: 'unsignedbyte', value: 255 }],
    ['rabbitmq-c writes for an integer without a sign', 'i', 4, { type: 'unsignedint', value: 2 ** 32 - 1 }],
  ] as const)('what %s (%s) is read as RabbitMQ does', (_, letter, size, value) => {
    const field = Buffer.concat([Buffer.from(`\u0001a${letter}`), Buffer.alloc(size, 0xff)]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    expect(decodeTable(Buffer.concat([length, field])).get('a')).toEqual(value);
  });

  it('field tables come back with their types and values', () => {
    fc.assert(
      fc.property(table, (one) => {
        expect(decodeTable(encodeTable(one))).toEqual(one);
      }),
    );
  });

  it.each(METHODS.map((method) => [method.name, method] as const))('%s comes back as it was', (_name, method) => {
    const args = fc.record(
      Object.fromEntries(Object.entries(method.fields).map(([name, type]) => [name, fields[type] ?? fc.constant(0)])),
    );
    fc.assert(
      fc.property(args, (one) => {
        const writer = new ByteWriter(1);
        writeArgs(writer, method, one as Args);
        const reader = new ByteReader(writer.view());
        expect(readArgs(method, reader)).toEqual({ ...one });
        expect(reader.left).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  it('properties come back, those that are absent too', () => {
    const text = fc.option(short, { nil: undefined });
    const octet = fc.option(fc.nat(255), { nil: undefined });
    const properties = fc.record(
      {
        contentType: text,
        contentEncoding: text,
        headers: table,
        deliveryMode: octet,
        priority: octet,
        correlationId: text,
        replyTo: text,
        expiration: text,
        messageId: text,
        timestamp: fc.maxSafeNat(),
        type: text,
        userId: text,
        appId: text,
        clusterId: text,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(properties, (one) => {
        const present = Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined));
        expect(decodeProperties(encodeProperties(one))).toEqual(present);
      }),
    );
  });

  it('a frame lies on the wire as the specification has it', () => {
    const writer = new ByteWriter();
    const args = { reserved1: 0, exchange: 'x', routingKey: 'key', mandatory: true, immediate: false };
    writeMethodFrame(writer, 3, basicPublish, args);
    expect(writer.view().toString('hex')).toBe(
      '01' + '0003' + '0000000d' + '003c0028' + '0000' + '0178' + '036b6579' + '01' + 'ce',
    );
  });

  it('cut or random bytes are malformed, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const decode of [decodeTable, decodeMethod, decodeProperties]) {
          try {
            decode(Buffer.from(bytes));
          } catch (failure) {
            expect(failure).toBeInstanceOf(MalformedFrame);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('tables within tables end somewhere', () => {
    let deep: FieldTable = new Map();
    for (let depth = 0; depth < 300; depth++) deep = new Map([['t', { type: 'table', value: deep }]]);
    expect(() => decodeTable(encodeTable(deep))).toThrow(MalformedFrame);
  });
});
