import type { Form } from './meaning.js';

/**
 * How rows become digests of 64 bits. `columns`: of each column by its type's hash function, under a seed of its own; text is
 * hashed as the database encodes it, so both need the same encoding. `record`: PostgreSQL's own hash of the row's bytes as
 * the protocol sends them, in twice the time. Both sides need version 14 for these. `md5`: of the row's text, which anything
 * can make.
 */
export type RowHash = 'record' | 'columns' | 'md5';

/** Hashing records came with this version. */
export const RECORD_HASH_SINCE = 140_000;

interface HashedColumn {
  readonly expression: string;
  readonly form: Form;
}

export interface HashSql {
  /** bigint of the key: its low bits choose the bucket, others the sample. */
  readonly keyHash: string;
  /** bigint of key and values. */
  readonly digest: string;
}

/** SQL over the table's row. */
export function hashSql(key: readonly HashedColumn[], compared: readonly HashedColumn[], hash: RowHash): HashSql {
  const all = [...key, ...compared];
  if (hash === 'md5') {
    return {
      keyHash: `('x' || substr(${jsonMd5(key)}, 1, 8))::bit(32)::bigint`,
      digest: `('x' || substr(${jsonMd5(all)}, 1, 16))::bit(64)::bigint`,
    };
  }
  const [first, another] = key;
  return {
    // Of a single column without the record around it: the same for less.
    keyHash:
      first !== undefined && another === undefined
        ? columnHash(first, 0)
        : `hash_record_extended(ROW(${binaries(key)}), 0)`,
    digest: hash === 'columns' ? columnsDigest(all) : recordDigest(all),
  };
}

const jsonMd5 = (columns: readonly HashedColumn[]): string =>
  `md5(jsonb_build_array(VARIADIC ARRAY[${columns.map(({ expression, form }) => form.text(expression)).join(', ')}]::text[])::text)`;

const binaries = (columns: readonly HashedColumn[]): string =>
  columns.map(({ expression, form }) => form.binary(expression)).join(', ');

/**
 * Of the bytes of the row as the protocol would send them. hash_record itself won't do: it combines columns so that sums
 * over rows don't see values swapped between two rows, and folds bigint to 32 bits.
 */
const recordDigest = (columns: readonly HashedColumn[]): string =>
  `hash_record_extended(ROW(record_send(ROW(${binaries(columns)}))), 1)`;

/** Each column under a seed of its own, and the whole hashed once more, so that sums over rows see what is swapped. */
const columnsDigest = (columns: readonly HashedColumn[]): string =>
  `hashint4extended(0, ${columns.map((column, index) => columnHash(column, index + 1)).join(' # ')})`;

function columnHash({ expression, form }: HashedColumn, index: number): string {
  const value = form.binary(expression);
  const seed = seedOf(index);
  const hash = HASHES.get(form.binaryType ?? 'text')?.(value, seed) ?? `hash_record_extended(ROW(${value}), ${seed})`;
  return `coalesce(${hash}, ${seedOf(index + NULLS)})`;
}

/** Added to the index of a column for what stands for its NULL. */
const NULLS = 100_000;
/** The golden ratio's bits: far apart for each index, and never the 0 that the functions take as no seed. */
const seedOf = (index: number): bigint => BigInt.asUintN(62, BigInt(index + 1) * 0x9e3779b97f4a7c15n);

/**
 * By type of a form's binary: functions under which equal values, as `=` has them, are equal, and others are not. Where a
 * function folds 64 bits to 32, something else goes in that tells the folded apart. They decide where a row of a hash
 * partition is, so they are the same in all versions.
 */
const HASHES: ReadonlyMap<string, (value: string, seed: bigint) => string> = new Map([
  ['smallint', (value: string, seed: bigint) => `hashint2extended(${value}, ${seed})`],
  ['integer', (value, seed) => `hashint4extended(${value}, ${seed})`],
  // 0 and 2^32 + 1 fold to the same, but not their seeds.
  ['bigint', (value, seed) => `hashint8extended(${value}, ${value} # ${seed})`],
  ['boolean', (value, seed) => `hashint4extended((${value})::int, ${seed})`],
  ['uuid', (value, seed) => `uuid_hash_extended(${value}, ${seed})`],
  // Neither the sign is hashed, nor what NaN and infinity are; and the power of 10000 is joined to the hash of the digits
  // by XOR, so that 1 and 10000 swapped between two columns would cancel out.
  [
    'numeric',
    (value, seed) =>
      `hashint4extended(CASE WHEN ${value} < 0 THEN 1 WHEN ${value} = 'NaN' THEN 2 ELSE 3 END, hash_numeric_extended(${value}, ${seed}))`,
  ],
  ['real', (value, seed) => `hashfloat4extended(${value}, ${seed})`],
  ['double precision', (value, seed) => `hashfloat8extended(${value}, ${seed})`],
  ['text', (value, seed) => `hashtextextended((${value}) COLLATE "C", ${seed})`],
  // A number of days, as fast as an integer; those that have none are told apart by their names.
  [
    'date',
    (value, seed) =>
      `CASE WHEN isfinite(${value}) THEN hashint4extended((${value}) - date '2000-01-01', ${seed}) ELSE hashtextextended((${value})::text COLLATE "C", ${seed}) END`,
  ],
  ['time without time zone', (value, seed) => `hash_record_extended(ROW(time_send(${value})), ${seed})`],
  ...['timestamp', 'timestamp without time zone'].map(
    (type) => [type, (value: string, seed: bigint) => timestampHash(value, value, seed)] as const,
  ),
  // An interval is found at once; a time zone's name would be looked up for each row.
  ...['timestamptz', 'timestamp with time zone'].map(
    (type) =>
      [
        type,
        (value: string, seed: bigint) => timestampHash(`((${value}) AT TIME ZONE interval '0')`, value, seed),
      ] as const,
  ),
]);

/** Folded to 32 bits, and as seconds, which a float holds to the microsecond for as long as the folded don't repeat. */
function timestampHash(timestamp: string, moment: string, seed: bigint): string {
  return `timestamp_hash_extended(${timestamp}, ${seed}) # hashfloat8extended(date_part('epoch', ${moment}), ${seed})`;
}
