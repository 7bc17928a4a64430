import { describe, expect, it } from 'vitest';
import type { TypeOptions } from '../../../../src/embedded/connect/postgresql/column-codec.js';
import { columnCodec, type PgType } from '../../../../src/embedded/connect/postgresql/types.js';

const PLACEHOLDER = '__debezium_unavailable_value';
const BYTES = [...Buffer.from(PLACEHOLDER)];

const OPTIONS: TypeOptions = {
  decimals: 'precise',
  times: 'adaptive',
  binary: 'bytes',
  hstore: 'json',
  intervals: 'numeric',
  moneyFractionDigits: 2,
  includeUnknown: false,
  unavailablePlaceholder: PLACEHOLDER,
};

const NAMES = [
  'text',
  'uuid',
  'int4',
  'int8',
  'date',
  'numeric',
  'interval',
  'money',
  'xml',
  'bytea',
  'hstore',
  'varbit',
];
const TYPES = new Map<number, PgType>();
const define = (oid: number, name: string, more: Partial<PgType> = {}): void => {
  TYPES.set(oid, { oid, name, kind: 'b', elementOid: 0, baseOid: 0, baseModifier: -1, labels: null, ...more });
};
NAMES.forEach((name, at) => {
  define(100 + at, name);
  define(200 + at, `_${name}`, { elementOid: 100 + at });
});
['timestamp', 'timestamptz', 'time'].forEach((name, at) => {
  define(300 + at, name);
});
define(400, 'mood', { kind: 'e', labels: ['ok'] });
define(401, '_mood', { elementOid: 400 });
define(402, 'pair', { kind: 'c' });

function codecOf(name: string, options: Partial<TypeOptions> = {}, modifier = -1) {
  const type = [...TYPES.values()].find((one) => one.name === name);
  return columnCodec(type?.oid ?? 0, modifier, TYPES, { ...OPTIONS, ...options });
}

describe('what stands for a TOASTed value that was not sent', () => {
  it.each([
    ['_uuid', ['b68a35a7-17ad-35b3-af2a-ae46edb4545a']],
    ['_int4', BYTES],
    ['_int8', BYTES],
    ['_date', BYTES],
    ['_text', [PLACEHOLDER]],
    ['_numeric', null],
    ['_mood', null],
    ['varbit', null],
    ['hstore', `{"${PLACEHOLDER}":"${PLACEHOLDER}"}`],
    ['text', PLACEHOLDER],
    ['bytea', Buffer.from(PLACEHOLDER)],
  ])('%s', (name, expected) => {
    expect(codecOf(name)?.placeholder).toEqual(expected);
  });
});

describe('extreme values', () => {
  it.each([
    ['timestamp', { times: 'adaptive' }, 3, 'infinity', 9_223_372_036_825_200n],
    ['timestamp', { times: 'adaptive' }, 3, '-infinity', -9_223_372_036_832_400n],
    ['timestamptz', {}, -1, '12345-01-02 03:04:05+00', '+12345-01-02T03:04:05.000000Z'],
    ['timestamptz', {}, -1, '0044-03-15 12:00:00+00 BC', '-0043-03-15T12:00:00.000000Z'],
    ['interval', {}, -1, '178000000 years', 9_223_372_036_854_775_807n],
    ['interval', {}, -1, '-178000000 years', -9_223_372_036_854_775_808n],
    ['interval', {}, -1, '1 year 2 mons 3 days 04:05:06.789', 37_091_106_789_000],
    ['timestamp', { times: 'isostring' }, -1, 'infinity', '+294247-01-10T04:00:25.2Z'],
    ['timestamp', { times: 'isostring' }, -1, '2026-11-21 02:31:12.5', '2026-11-21T02:31:12.5Z'],
    ['date', { times: 'isostring' }, -1, '12345-01-02', '+12345-01-02Z'],
    ['date', { times: 'isostring' }, -1, '2024-02-29', '2024-02-29Z'],
    ['time', { times: 'isostring' }, -1, '24:00:00', '00:00:00Z'],
  ] as const)('%s %o (%d) %s', (name, options, modifier, text, expected) => {
    expect(codecOf(name, options, modifier)?.decode(text)).toEqual(expected);
  });
});

describe('columns that records do not have', () => {
  it.each(['_interval', '_money', '_xml', 'pair'])('%s', (name) => {
    expect(codecOf(name)).toBeUndefined();
  });

  it('a composite column is there as the bytes of its text where unknown types are asked for', () => {
    expect(codecOf('pair', { includeUnknown: true })?.decode('("a b",2)')).toEqual(Buffer.from('("a b",2)'));
  });
});
