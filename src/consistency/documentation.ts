import { markdownTable } from '../support/markdown.js';
import type { ColumnType } from './column-types.js';
import { formsOf, PLAIN_MEANING } from './meaning.js';

const plain = (base: string, digits?: number): ColumnType => ({
  ...{ shown: base, base, isArray: false, origin: 'built-in', digits },
});
const arrayOf = (base: string): ColumnType => ({ ...plain(base), shown: `${base}[]`, isArray: true });

/** Of each sort of type those that are compared otherwise than the rest. */
const TYPES: readonly ColumnType[] = [
  ...['smallint', 'integer', 'bigint', 'numeric'].map((base) => plain(base)),
  { ...plain('numeric', 12), shown: 'numeric(12,2)' },
  ...['money', 'real', 'double precision', 'text', 'character'].map((base) => plain(base)),
  { ...plain('mood'), shown: 'an enum', origin: 'enum' },
  ...['citext', 'boolean', 'uuid', 'date', 'timestamp without time zone', 'timestamp with time zone'].map((base) =>
    plain(base),
  ),
  ...['time without time zone', 'interval', 'json', 'jsonb', 'bytea', 'bit varying', 'inet', 'int4range', 'point'].map(
    (base) => plain(base),
  ),
  ...['integer', 'numeric', 'text'].map(arrayOf),
];

type Answer = 'compared' | 'lossy' | 'refused';

function answerOf(source: ColumnType, replica: ColumnType): Answer {
  if (!('refused' in formsOf(source, replica, PLAIN_MEANING))) return 'compared';
  return 'refused' in formsOf(source, replica, { ...PLAIN_MEANING, lossy: true }) ? 'refused' : 'lossy';
}

/** docs/verify-consistency.md: from the function that decides how two columns are compared. */
export function consistencyDocumentation(): string {
  const others = (type: ColumnType, wanted: Answer): string =>
    TYPES.filter((other) => answerOf(type, other) === wanted)
      .map(({ shown }) => shown)
      .join(', ');
  return [
    '# What `verify-consistency` compares',
    '',
    'Two values are equal where they mean the same, whatever they are written as: 1.5 and 1.50, `1 mon` and `30 days`, `{"a": 1.0}` and',
    '`{"a": 1}`. A number beside a float is equal where the float is the nearest one to it; a date is its midnight, and a timestamp without zone',
    'is in UTC; a text beside another type is read as that type writes it. `compare: strict` compares bytes, and needs the same type.',
    '',
    'A pair of types of which one cannot hold every value of the other is refused before anything is read, unless the column says',
    '`lossy: true` (compared as the narrower type holds it) or, for numbers, a `tolerance`. A pair that is not in this list is refused, as',
    'its types have no value in common; name the source column as an expression then: `{ replica_column: "expression" }`. Domains are',
    'compared as what they are over; types that are not listed with themselves and with texts. All of this is the same for columns of the',
    'key. This page is generated from the function that decides it.',
    '',
    ...markdownTable(
      ['type', 'is compared with', 'only with `lossy` or `tolerance`'],
      TYPES.map((type) => [type.shown, others(type, 'compared'), others(type, 'lossy')]),
    ),
    '',
  ].join('\n');
}
