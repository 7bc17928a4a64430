import { expect, it } from 'vitest';
import { byteWriter, jsonBytes } from '../../../../src/ksql/formats/json-bytes.js';
import { jsonWriter } from '../../../../src/ksql/formats/json-writer.js';
import type { Value } from '../../../../src/ksql/values/value.js';
import { Decimal } from '../../../../src/protocol/decimal.js';
import type { SqlType } from '../../../../src/protocol/ksql/types.js';
import { seeded } from '../../../support/seeded.js';

const SEED = Number(process.env.EVPIPE_SEED ?? 61);

/** Columns of each type with values at its edges; between them, random ones. */
const COLUMNS: ReadonlyArray<readonly [type: SqlType, edges: readonly Value[], of: (random: () => number) => Value]> = [
  [
    { kind: 'STRING' },
    ['', '"quoted"', 'back\\slash', 'new\nline', 'del\u007f', 'größer', '🙂', '\ud83d alone', 'ü'.repeat(20_000)],
    (random) => 'x'.repeat(random() * 100),
  ],
  [{ kind: 'INTEGER' }, [0, -1, 2 ** 31 - 1, -(2 ** 31)], (random) => Math.floor((random() - 0.5) * 2 ** 32)],
  [
    { kind: 'BIGINT' },
    [0n, 2n ** 31n, -(2n ** 31n), 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)],
    (random) => BigInt(Math.floor((random() - 0.5) * 10 ** (random() * 15))),
  ],
  [{ kind: 'TIMESTAMP' }, [0, -1, 1_733_000_000_000, 2 ** 53], (random) => Math.floor(random() * 2 ** 45)],
  [
    { kind: 'DOUBLE' },
    [0, -0, 0.1, 1e7, 1e-5, 1e300, Number.NaN, Number.NEGATIVE_INFINITY],
    (random) => random() * 10 ** (random() * 10),
  ],
  [{ kind: 'BOOLEAN' }, [true, false], (random) => random() < 0.5],
  [{ kind: 'DECIMAL', precision: 10, scale: 2 }, [Decimal.parse('-12.50') ?? null], () => null],
  [{ kind: 'BYTES' }, [Buffer.from([0, 255])], () => null],
  [{ kind: 'ARRAY', element: { kind: 'STRING' } }, [[], ['ä', null]], (random) => [`${random()}`]],
  [{ kind: 'STRUCT', fields: [] }, [[]], () => null],
];

it(`JSON is written as bytes just as it is as text (seed ${SEED})`, () => {
  const random = seeded(SEED);
  const type: SqlType = {
    kind: 'STRUCT',
    fields: COLUMNS.map(([of], at) => ({ name: `C "${at}" ö`, type: of })),
  };
  const [text, bytes] = [jsonWriter(type), byteWriter(type)];
  for (let round = 0; round < 2_000; round += 1) {
    const values = COLUMNS.map(([, edges, of]) => {
      if (random() < 0.1) return null;
      return random() < 0.3 ? (edges[Math.floor(random() * edges.length)] ?? null) : of(random);
    });
    expect(jsonBytes(bytes, values).toString()).toBe(text(values));
  }
  expect(jsonBytes(bytes, null).toString()).toBe('null');
});

it(`doubles are written as they are wherever the memory that they share ends (seed ${SEED})`, () => {
  const random = seeded(SEED);
  const write = byteWriter({ kind: 'DOUBLE' });
  const values = Array.from({ length: 200_000 }, () => -Math.floor(random() * 10_000) / 4);
  expect(values.filter((value) => Number(jsonBytes(write, value).toString()) !== value)).toEqual([]);
});

it('bytes that were written stay as they are when others are written', () => {
  const write = byteWriter({ kind: 'STRING' });
  const texts = Array.from({ length: 2_000 }, (_, at) => `${at} ${'x'.repeat(at % 200)}`);
  const written = texts.map((text) => jsonBytes(write, text));
  expect(written.map((each) => JSON.parse(each.toString()))).toEqual(texts);
});
