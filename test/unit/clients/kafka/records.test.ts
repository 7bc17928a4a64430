import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Header } from '../../../../src/clients/kafka/contract.js';
import { FetchedRecords } from '../../../../src/clients/kafka/fetched-records.js';
import { BatchBuilder, recordBytesAtMost, stampProducer } from '../../../../src/protocol/kafka/batch-builder.js';
import { decompress, loadCodec } from '../../../../src/protocol/kafka/compression/codecs.js';
import { keyAndValueAt } from '../../../../src/protocol/kafka/key-and-value.js';

const bytes = fc.option(fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)));
const header = fc.tuple(fc.string(), bytes) as fc.Arbitrary<Header>;
const record = fc.record({
  timestampMs: fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
  key: bytes,
  value: bytes,
  headers: fc.array(header, { maxLength: 3 }),
});

interface Sample {
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly Header[];
}

function batchOf(records: readonly Sample[], codec?: Parameters<BatchBuilder['seal']>[0]): Buffer {
  const builder = new BatchBuilder(16);
  for (const each of records) {
    const before = builder.bytes;
    builder.append(each.timestampMs, each.key, each.value, each.headers);
    expect(builder.bytes - before).toBeLessThanOrEqual(recordBytesAtMost(each.key, each.value, each.headers));
  }
  return builder.seal(codec);
}

const at = (batch: Buffer, baseOffset: bigint): Buffer => {
  const copy = Buffer.from(batch);
  copy.writeBigInt64BE(baseOffset, 0);
  return copy;
};

const taken = (raw: Buffer, from = 0n, aborted: ConstructorParameters<typeof FetchedRecords>[4] = []) =>
  new FetchedRecords('t', 0, raw, from, aborted, decompress);

test('any records come back as they were', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), (records) => {
      const found = taken(at(batchOf(records), 7n)).takeAll();
      expect(found.map(({ timestampMs, key, value, headers }) => ({ timestampMs, key, value, headers }))).toEqual(
        records,
      );
      expect(found.map(({ offset }) => offset)).toEqual(records.map((_, index) => 7n + BigInt(index)));
    }),
  );
});

test('neighbours with the same headers share one list, which others do not get', () => {
  const named = (value: string): Header[] => [['h', Buffer.from(value)]];
  const records = ['a', 'a', 'b', 'a', ''].map((value) => ({
    ...{ timestampMs: 1, key: null, value: null },
    headers: value === '' ? [] : named(value),
  }));
  const found = taken(at(batchOf(records), 0n))
    .takeAll()
    .map(({ headers }) => headers);
  expect(found).toEqual(records.map(({ headers }) => headers));
  expect(found[1]).toBe(found[0]);
});

test.each([1, 2, 3, 4])('records squeezed by codec %i come back', async (number) => {
  const codec = await loadCodec(number);
  const value = Buffer.alloc(3_000_000, 'all work and no play ');
  const records = [{ timestampMs: 5, key: Buffer.from('k'), value, headers: [] }];
  const squeezed = batchOf(records, codec);
  expect(squeezed.length).toBeLessThan(value.length / 3);
  const fetched = taken(squeezed);
  expect([...fetched.codecs]).toEqual([number]);
  const [found] = fetched.takeAll();
  expect(found?.value?.equals(value)).toBe(true); // toEqual takes seconds for megabytes
});

describe('a fetch', () => {
  const three = [1, 2, 3].map((n) => ({ timestampMs: n, key: null, value: Buffer.from(`${n}`), headers: [] }));

  test('that begins in the middle of a batch skips what comes before', () => {
    const found = taken(at(batchOf(three), 10n), 11n).takeAll();
    expect(found.map(({ offset }) => offset)).toEqual([11n, 12n]);
  });

  test('that ends in the middle of a batch leaves that one for the next', () => {
    const whole = at(batchOf(three), 0n);
    const fetched = taken(Buffer.concat([whole, at(batchOf(three), 3n).subarray(0, 70)]));
    expect(fetched.takeAll()).toHaveLength(3);
    expect(fetched.nextOffset).toBe(3n);
    expect(taken(whole.subarray(0, 65)).cut).toBe(true);
  });

  test('gives the records of a long batch in steps, and says up to where each went', () => {
    const many = Array.from({ length: 1_700 }, (_, n) => ({ timestampMs: n, key: null, value: null, headers: [] }));
    const fetched = taken(Buffer.concat([at(batchOf(many), 10n), at(batchOf(three), 1_710n)]), 12n);
    const steps: number[] = [];
    const offsets: bigint[] = [];
    while (!fetched.done) {
      const step = fetched.take();
      steps.push(step.length);
      offsets.push(...step.map(({ offset }) => offset));
      expect(fetched.nextOffset).toBe((step.at(-1)?.offset ?? -1n) + 1n);
    }
    expect(steps).toEqual([500, 500, 500, 201]);
    expect(offsets).toEqual(Array.from({ length: 1_701 }, (_, n) => 12n + BigInt(n)));
  });

  test('leaves out transactions that were aborted, and the markers', () => {
    const transactional = (producerId: bigint, offset: bigint, control = false) => {
      const batch = at(batchOf(three.slice(0, 1)), offset);
      batch.writeInt16BE(control ? 0x30 : 0x10, 21);
      stampProducer(batch, { producerId, producerEpoch: 0 }, control ? -1 : 0);
      return batch;
    };
    const raw = Buffer.concat([
      transactional(1n, 0n),
      transactional(2n, 1n),
      transactional(1n, 2n, true), // aborted
      transactional(1n, 3n), // the next transaction of the same producer
      transactional(2n, 4n, true), // committed
      transactional(1n, 5n, true), // committed
    ]);
    const fetched = taken(raw, 0n, [{ producerId: 1n, firstOffset: 0n }]);
    expect(fetched.takeAll().map(({ offset }) => offset)).toEqual([1n, 3n]);
    expect(fetched.nextOffset).toBe(6n);
  });
});

test('LZ4 blocks that could unpack to more than any batch holds are refused unseen', async () => {
  await loadCodec(3);
  const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73]);
  const block = Buffer.from([1, 0, 0, 0, 0]); // of a frame whose blocks may grow to 4 MiB
  const frame = Buffer.concat([header, ...Array.from({ length: 70 }, () => block), Buffer.alloc(4)]);
  expect(() => decompress(3, frame)).toThrow('LZ4 frames too large');
});

test('any records are visited where they lie, those before the offset that was asked for are not', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), fc.nat(5), (records, skipped) => {
      const found: unknown[] = [];
      const visit = ({ bytes: source, at: start }: { bytes: Buffer; at: number }): void => {
        const { keyAt, keyEnd, valueAt, valueEnd } = keyAndValueAt(source, start);
        const key = keyAt < 0 ? null : source.subarray(keyAt, keyEnd);
        found.push({ key, value: valueAt < 0 ? null : source.subarray(valueAt, valueEnd) });
      };
      const batch = at(batchOf(records), 7n);
      const fetched = new FetchedRecords('t', 0, batch, 7n + BigInt(skipped), [], decompress, visit);
      expect(fetched.takeAll()).toEqual([]);
      expect(fetched.nextOffset >= 7n + BigInt(records.length)).toBe(true);
      expect(found).toEqual(records.slice(skipped).map(({ key, value }) => ({ key, value })));
    }),
  );
});

test('a record that is cut off is not visited', () => {
  const batch = batchOf([{ timestampMs: 1, key: Buffer.from('k'), value: Buffer.from('value'), headers: [] }]);
  batch.writeInt8(126, 61 + 4); // the key is longer than its record
  expect(() => new FetchedRecords('t', 0, batch, 0n, [], decompress, () => {}).takeAll()).toThrow(/ends in the middle/);
});
