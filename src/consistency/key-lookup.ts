import type { ColumnType } from './column-types.js';
import type { Form } from './meaning.js';
import type { Key } from './side.js';

interface KeyColumn {
  readonly expression: string;
  readonly type: ColumnType;
  readonly form: Form;
  readonly column?: string | undefined;
}

/** How one statement finds rows by their keys. */
export interface KeyLookup {
  /** Adds the keys to `FROM table AS t`. */
  readonly join: (table: string) => string;
  readonly condition: string;
  readonly values: readonly unknown[];
  readonly byIndex: boolean;
}

/**
 * Lookups that find at least the rows of these keys: by their columns, which an index may serve, where each part of the
 * key can be read back from its text; the others by the text itself, which reads the whole table.
 */
export function lookupsFor(
  columns: readonly KeyColumn[],
  keys: readonly Key[],
  indexed: ReadonlySet<string>,
): readonly KeyLookup[] {
  const readable = columns.map(({ form, type }) => (form.findable === true ? READABLE.get(type.base) : undefined));
  const byColumn: Key[] = [];
  const byText: Key[] = [];
  for (const key of keys) {
    const states = key.map((text, index) => stateOf(text, readable[index]));
    if (states.includes('never')) continue;
    (states.includes('unreadable') ? byText : byColumn).push(key);
  }
  const usable = columns.some(({ column }) => column !== undefined && indexed.has(column));
  return [
    ...(byColumn.length === 0 ? [] : [columnLookup(columns, byColumn, usable)]),
    ...(byText.length === 0 ? [] : [textLookup(columns, byText)]),
  ];
}

type Readable = (text: string) => boolean | 'maybe';

/** `never`: no value of the type has this text, so no row has this key. */
function stateOf(text: string | null | undefined, readable: Readable | undefined): 'value' | 'never' | 'unreadable' {
  // PostgreSQL's texts have no NUL; what documents hold may.
  if (text?.includes('\0')) return 'never';
  if (text == null || readable === undefined) return 'unreadable';
  const answer = readable(text);
  if (answer === 'maybe') return 'unreadable';
  return answer ? 'value' : 'never';
}

const integer =
  (bits: bigint): Readable =>
  (text) =>
    /^-?\d{1,19}$/.test(text) && BigInt.asIntN(Number(bits), BigInt(text)) === BigInt(text);
const shaped =
  (pattern: RegExp): Readable =>
  (text) =>
    pattern.test(text) || 'maybe';
const time = shaped(/^\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d+)?([+-]\d\d(:\d\d)?)?)?$/);
const text: Readable = () => true;

const READABLE: ReadonlyMap<string, Readable> = new Map<string, Readable>([
  ['smallint', integer(16n)],
  ['integer', integer(32n)],
  ['bigint', integer(64n)],
  ['numeric', shaped(/^-?\d+(\.\d+)?$/)],
  ['uuid', (value) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)],
  ['text', text],
  ['character varying', text],
  ['boolean', (value) => value === 'true' || value === 'false'],
  ['date', time],
  ['timestamp without time zone', time],
  ['timestamp with time zone', time],
]);

function columnLookup(columns: readonly KeyColumn[], keys: readonly Key[], byIndex: boolean): KeyLookup {
  const names = columns.map((_, index) => `k${index}`);
  const arrays = columns.map((_, index) => `$${index + 1}::text[]`);
  const equal = columns.map(({ expression, type }, index) => `(${expression}) = wanted.k${index}::${type.base}`);
  return {
    join: (table) =>
      `unnest(${arrays.join(', ')}) AS wanted(${names.join(', ')}) JOIN ${table} ON ${equal.join(' AND ')}`,
    condition: 'true',
    values: columns.map((_, index) => keys.map((key) => key[index])),
    byIndex,
  };
}

function textLookup(columns: readonly KeyColumn[], keys: readonly Key[]): KeyLookup {
  const names = columns.map((_, index) => `k${index}`).join(', ');
  const arrays = columns.map((_, index) => `$${index + 1}::text[]`).join(', ');
  const forms = columns.map(({ expression, form }) => form.text(expression)).join(', ');
  const array = (of: string): string => `jsonb_build_array(VARIADIC ARRAY[${of}]::text[])`;
  return {
    join: (table) => table,
    condition: `${array(forms)} IN (SELECT ${array(names)} FROM unnest(${arrays}) AS wanted(${names}))`,
    values: columns.map((_, index) => keys.map((key) => key[index] ?? null)),
    byIndex: false,
  };
}
