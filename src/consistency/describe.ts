import { kindOf } from './compare.js';
import { versionMark } from './differences.js';
import { withinTolerance } from './meaning.js';
import { shownValue } from './rendering.js';
import type { ColumnDifference, Finding } from './report.js';
import { keyOfText, type Row, type Side } from './side.js';

/** A differing key with the values that stand there now. */
export interface Described {
  /** `keyText`. */
  readonly key: string;
  /** False where the rows agree by now, or by the tolerance that is declared. */
  readonly differs: boolean;
  /** `versionMark` when their values were read; undefined where the source has no row, or either side has several. */
  readonly versions: { readonly source: number; readonly replica: number | undefined } | undefined;
  readonly finding: Finding;
  /** About how much memory the finding takes. */
  readonly bytes: number;
}

interface Sides {
  readonly source: Side;
  readonly replica: Side;
  readonly tolerances: ReadonlyMap<string, string>;
  readonly changed?: string | undefined;
}

/** Bytes of rows held at once: a single row may have megabytes. */
const BLOCK_BYTES = 8 * 2 ** 20;
const BLOCK_KEYS = 500;
/** The same of a side that each look-up reads as a whole. */
const BLOCK_KEYS_OF_SCANS = 10_000;
/** How many times as many keys as before are looked up at most, as the next rows may be larger. */
const GROWTH = 8;
const GROWTH_OF_SCANS = 64;

/** Reads the rows of these keys, replica first, and says column by column where they differ. */
export async function* describeDifferences(
  sides: Sides,
  keys: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Described> {
  const scans = [sides.source, sides.replica].some((side) => side.scans === true);
  const [growth, most] = scans ? [GROWTH_OF_SCANS, BLOCK_KEYS_OF_SCANS] : [GROWTH, BLOCK_KEYS];
  let count = 1;
  for (let first = 0; first < keys.length; ) {
    const some = keys.slice(first, first + count);
    const wanted = some.map(keyOfText);
    const replicas = byKey(await sides.replica.rowsOf(wanted, signal));
    const sources = byKey(await sides.source.rowsOf(wanted, signal));
    for (const key of some) yield describe(sides, key, sources.get(key) ?? [], replicas.get(key) ?? []);
    first += count;
    const bytes = bytesOf(sources) + bytesOf(replicas);
    const room = Math.floor((BLOCK_BYTES * count) / Math.max(1, bytes));
    count = Math.max(1, Math.min(room, count * growth, most));
  }
}

function byKey(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const key = row.text;
    const same = found.get(key);
    if (same === undefined) found.set(key, [row]);
    else same.push(row);
  }
  return found;
}

const bytesOf = (rows: ReadonlyMap<string, readonly Row[]>): number =>
  [...rows.values()]
    .flat()
    .reduce((sum, { values }) => sum + values.reduce((all, one) => all + (one?.length ?? 0), 64), 0);

function describe(sides: Sides, key: string, sources: readonly Row[], replicas: readonly Row[]): Described {
  const alone = unmatched(sources, replicas);
  const aloneInReplica = unmatched(replicas, sources);
  const [source] = alone;
  const [replica] = aloneInReplica;
  const columns =
    source === undefined || replica === undefined ? [] : differingColumns(sides, source.values, replica.values);
  const single = sources.length === 1 && replicas.length === 1;
  const counts = { source: sources.length, replica: replicas.length };
  const isStale = columns.some((one) => one.column === sides.changed && isOlder(one.replica, one.source));
  const isMultiple = counts.source > 1 || counts.replica > 1;
  const kind = isMultiple ? 'duplicated' : isStale ? 'stale' : kindOf(counts);
  const bytes = columns.reduce(
    (sum, one) => sum + (one.source?.length ?? 0) + (one.replica?.length ?? 0),
    key.length + 200,
  );
  return {
    key,
    differs: single ? columns.length > 0 : alone.length + aloneInReplica.length > 0,
    versions:
      sources[0] !== undefined && sources.length === 1 && replicas.length <= 1
        ? { source: versionMark(sources[0].version), replica: replicas[0] && versionMark(replicas[0].version) }
        : undefined,
    finding: {
      kind,
      key: keyOfText(key).map(shownValue),
      columns,
      ...(kind === 'duplicated' ? { rows: counts } : {}),
    },
    bytes,
  };
}

/** The rows that are left where each equal row of the other side takes one away. */
function unmatched(rows: readonly Row[], others: readonly Row[]): readonly Row[] {
  const left = new Map<string, number>();
  for (const { digest } of others) left.set(digest, (left.get(digest) ?? 0) + 1);
  return rows.filter(({ digest }) => {
    const count = left.get(digest) ?? 0;
    left.set(digest, count - 1);
    return count <= 0;
  });
}

function differingColumns(
  { source, tolerances }: Sides,
  wanted: Row['values'],
  found: Row['values'],
): readonly ColumnDifference[] {
  return source.columns.flatMap(({ name }, index) => {
    const [a, b] = [wanted[index] ?? null, found[index] ?? null];
    const tolerance = tolerances.get(name);
    const equal = a === b || (tolerance !== undefined && a !== null && b !== null && withinTolerance(a, b, tolerance));
    return equal ? [] : [{ column: name, source: shownValue(a), replica: shownValue(b) }];
  });
}

const NUMBER = /^-?\d+(\.\d+)?$/;

/** Of two values of a column that only grows: numbers by their size, times and other texts as they are written. */
function isOlder(value: string | null, than: string | null): boolean {
  if (than === null || value === null) return value === null && than !== null;
  if (!NUMBER.test(value) || !NUMBER.test(than)) return value < than;
  const [[whole, part = ''], [otherWhole, otherPart = '']] = [value.split('.'), than.split('.')] as const;
  const digits = Math.max(part.length, otherPart.length);
  return BigInt(`${whole}${part.padEnd(digits, '0')}`) < BigInt(`${otherWhole}${otherPart.padEnd(digits, '0')}`);
}
