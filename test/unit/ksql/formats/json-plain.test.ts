import { describe, expect, it } from 'vitest';
import { PlainObjects } from '../../../../src/ksql/formats/json-plain.js';
import { jsonReader } from '../../../../src/ksql/formats/json-reader.js';
import { parseJson } from '../../../../src/protocol/json/parse.js';
import type { SqlType } from '../../../../src/protocol/ksql/types.js';
import { seeded } from '../../../support/seeded.js';

const FIELDS = [
  { name: 'ID', type: { kind: 'BIGINT' } },
  { name: 'NAME', type: { kind: 'STRING' } },
  { name: 'QTY', type: { kind: 'INTEGER' } },
  { name: 'PRICE', type: { kind: 'DOUBLE' } },
  { name: 'PAID', type: { kind: 'BOOLEAN' } },
  { name: 'TAGS', type: { kind: 'ARRAY', element: { kind: 'STRING' } } },
] as const satisfies ReadonlyArray<{ name: string; type: SqlType }>;

const plainly = (text: string) => PlainObjects.of(FIELDS)?.read(Buffer.from(text));
const completely = (text: string) => jsonReader({ kind: 'STRUCT', fields: FIELDS })(parseJson(text));

describe('JSON objects in the form in which most records come', () => {
  it.each([
    ['{"ID":1,"NAME":"a b","QTY":-2,"PRICE":0.1,"PAID":true,"TAGS":null}', [1n, 'a b', -2, 0.1, true, null]],
    ['{"PAID":false,"NAME":"grün 🍕","PRICE":-0}', [null, 'grün 🍕', null, -0, false, null]],
    [
      ' { "ID" : 999999999999999 , "PRICE" : 123456789.012345 } \n',
      [999999999999999n, null, null, 123456789.012345, null, null],
    ],
    ['{"OTHER":"x","MORE":1.5,"ID":7,"LEFT":null,"GONE":true}', [7n, null, null, null, null, null]],
    ['{"QTY":3000000000,"ID":1,"ID":2}', [2n, null, -1294967296, null, null, null]],
  ])('%s', (text, values) => {
    expect(plainly(text)).toEqual(values);
    expect(completely(text)).toEqual(values);
  });

  it.each([
    '{}',
    '{"id":1}',
    '{"ID":1.0}',
    '{"ID":1e2}',
    '{"ID":"1"}',
    '{"ID":1234567890123456}',
    '{"ID":01}',
    '{"ID":-}',
    '{"PRICE":.5}',
    '{"PRICE":1.}',
    '{"NAME":5}',
    '{"NAME":"a\\n"}',
    '{"NAME":"a\n"}',
    '{"N\\u0041ME":"a"}',
    '{"TAGS":["a"]}',
    '{"OTHER":{"ID":1}}',
    '{"ſ":1}',
    '{"PAID":tru}',
    '{"ID":1} x',
    '{"ID":1',
    '{"ID":1,}',
    '[1]',
    'null',
    '',
  ])('%s is left to the complete reader', (text) => {
    expect(plainly(text)).toBeUndefined();
  });

  it('of columns that nobody reads no values are made, but what they may not hold is seen', () => {
    const some = PlainObjects.of(FIELDS, { read: new Set(['QTY']) });
    const read = (text: string) => some?.read(Buffer.from(text));
    expect(read('{"ID":1,"NAME":"grün","QTY":3,"OTHER":2}')).toEqual([null, null, 3, null, null, null]);
    for (const text of ['{"ID":1.5,"QTY":3}', '{"ID":"1","QTY":3}', '{"NAME":5,"QTY":3}', '{"NAME":"a\\n","QTY":3}'])
      expect(read(text), text).toBeUndefined();
  });

  it('what waits is made by `complete`, of the object that was read last', () => {
    const some = PlainObjects.of(FIELDS, { read: new Set(['ID', 'NAME', 'QTY']), first: new Set(['QTY']) });
    const values = some?.read(Buffer.from('{"ID":1,"NAME":"grün","QTY":3,"PRICE":2}')) ?? [];
    expect(values).toEqual([null, null, 3, null, null, null]);
    some?.complete(values);
    expect(values).toEqual([1n, 'grün', 3, null, null, null]);
    expect(some?.read(Buffer.from('{"ID":1.5,"QTY":3}'))).toBeUndefined();
    const another = [null, null, null, null, null, null];
    some?.complete(another);
    expect(another).toEqual([null, null, null, null, null, null]);
  });

  it('nor are names that have to be escaped read', () => {
    expect(PlainObjects.of([{ name: 'a"b', type: { kind: 'STRING' } }])).toBeUndefined();
    expect(PlainObjects.of([{ name: 'größe', type: { kind: 'STRING' } }])).toBeUndefined();
  });

  it('what is read is what the complete reader reads, whatever the text', () => {
    const random = seeded(7);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
    const names = [...FIELDS.map(({ name }) => name), 'id', 'Name', 'OTHER', 'ſ', 'A\\"B', '__proto__', 'constructor'];
    const scalars = [
      'null',
      'true',
      'false',
      '"x"',
      '"ü"',
      '"\\u00e9"',
      '0',
      '-0',
      '12',
      '-1.25',
      '1e3',
      '1.50',
      '01',
      '123456789012345',
      '9007199254740993',
      '99999999999.9999',
      '[]',
      '{}',
      'nul',
      '"',
    ];
    // One reader of all, which knows the members of the objects before, and one that makes the values in two steps.
    const known = PlainObjects.of(FIELDS);
    const halves = PlainObjects.of(FIELDS, { first: new Set(['QTY', 'NAME']) });
    let read = 0;
    for (let run = 0; run < 20_000; run++) {
      const blank = () => (random() < 0.1 ? pick([' ', '\n', '\t ']) : '');
      const members = Array.from({ length: Math.floor(random() * 5) }, () => {
        const name = random() < 0.7 ? pick(FIELDS).name : pick(names);
        return `${blank()}"${name}"${blank()}:${blank()}${pick(scalars)}${blank()}`;
      });
      let text = `${blank()}{${members.join(',')}}${blank()}`;
      if (random() < 0.1) text = text.slice(0, Math.floor(random() * text.length));
      const values = plainly(text);
      expect(known?.read(Buffer.from(text)), text).toEqual(values);
      const both = halves?.read(Buffer.from(text));
      if (both !== undefined) halves?.complete(both);
      expect(both, text).toEqual(values);
      if (values === undefined) continue;
      read++;
      expect(values, text).toEqual(completely(text));
    }
    expect(read).toBeGreaterThan(1_000);
  });
});
