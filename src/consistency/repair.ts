import { createHash } from 'node:crypto';
import { quoteLiteral } from '../protocol/sql.js';
import { chunksOf } from './compare.js';
import type { CompareCheck } from './confirm.js';
import type { CheckReport } from './report.js';
import { type Key, keyText, type Row, type WritableColumn, type WritableTable } from './side.js';
import { TEXT_SETTINGS } from './table-place.js';

/** Rows of both sides that are in memory at once. */
const ROWS_AT_ONCE = 20;
/** Longer values are told by their hash in a guard. */
const GUARD_MAX = 200;

export interface RepairOptions {
  readonly signal: AbortSignal;
  /** When the time that was given is over, on the clock of `performance.now()`: what is not written by then is left out. */
  readonly endMs?: number | undefined;
}

/**
 * SQL that makes the replica's rows what the source's are, for the differences that the report lists, in pieces. Each
 * statement changes a row only if it is still as it was found, so running it again, or late, changes nothing else.
 */
export async function* repairOf(
  check: CompareCheck,
  report: CheckReport,
  { signal, endMs = Number.POSITIVE_INFINITY }: RepairOptions,
): AsyncGenerator<string> {
  const { source, replica } = check;
  const into = replica.writable;
  const cannot = whyNoRepair(check);
  if (typeof into === 'string' || cannot !== undefined) {
    yield comment(cannot ?? '');
    return;
  }
  yield comment(
    `check ${check.name}: run in the database of ${replica.label}. Rows that have changed since are left alone.`,
  );
  yield `BEGIN;\n${Object.entries(TEXT_SETTINGS)
    .map(([name, value]) => `SET LOCAL ${name} = ${quoteLiteral(value)};\n`)
    .join('')}`;
  let written = 0;
  for (const findings of chunksOf(report.findings, ROWS_AT_ONCE)) {
    const keys = findings.map(({ key }) => key);
    const read = async (within: AbortSignal) => [
      byKey(await source.rowsOf(keys, within)),
      byKey(await replica.rowsOf(keys, within)),
    ];
    const rows = await unlessOver(read, signal, endMs);
    if (rows === undefined) break;
    const [sources, replicas] = rows;
    yield keys.map((key) => statement(into, key, sources?.get(keyText(key)), replicas?.get(keyText(key)))).join('');
    written += findings.length;
  }
  yield 'COMMIT;\n';
  const total = report.missing + report.extra + report.different;
  if (written < report.findings.length)
    yield comment(`--timeout ran out: ${total - written} more keys differ, and are not repaired here`);
  else if (written < total) yield comment(`${total - written} more keys differ; --max-differences lists more`);
}

/** The answer, or undefined once the time is over: the work is cancelled then, and not waited for. */
async function unlessOver<T>(
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
  endMs: number,
): Promise<T | undefined> {
  const leftMs = endMs - performance.now();
  if (leftMs <= 0) return undefined;
  if (leftMs === Number.POSITIVE_INFINITY) return work(signal);
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const ended = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
      over.abort(new Error('the time is over'));
    }, leftMs);
  });
  try {
    return await Promise.race([work(AbortSignal.any([signal, over.signal])), ended]);
  } finally {
    clearTimeout(timer);
  }
}

const comment = (text: string): string => `-- ${text.replaceAll(/[\r\n]+/g, ' ')}\n`;

/** Why no SQL can repair the replica, as a sentence; undefined where it can. */
export function whyNoRepair({ name, replica: { label, writable } }: CompareCheck): string | undefined {
  const altered =
    typeof writable === 'string' ? undefined : [...writable.key, ...writable.columns].find((one) => !one.exact);
  if (typeof writable !== 'string' && altered === undefined) return undefined;
  const why =
    typeof writable === 'string'
      ? writable
      : `column ${altered?.name} is compared without its letters' case, blanks or digits, so its own value is not known`;
  return `check ${name}: ${label} can't be repaired by SQL: ${why}`;
}

function byKey(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const found = new Map<string, readonly Row[]>();
  for (const row of rows) found.set(keyText(row.key), [...(found.get(keyText(row.key)) ?? []), row]);
  return found;
}

function statement(
  { table, key, columns }: WritableTable,
  values: Key,
  [source, ...moreSources]: readonly Row[] = [],
  [replica, ...moreReplicas]: readonly Row[] = [],
): string {
  if (moreSources.length > 0 || moreReplicas.length > 0)
    return comment(`key ${JSON.stringify(values)} is there more than once: decide by hand which row stays`);
  if (source?.digest === replica?.digest) return comment(`key ${JSON.stringify(values)} agrees by now`);
  const here = key.map((column, index) => isKey(column, values[index] ?? null));
  if (replica === undefined) {
    const all = [...key, ...columns];
    const literals = [...values, ...(source?.values ?? [])].map((value, index) => literal(value, all[index]));
    return `INSERT INTO ${table} (${all.map(({ name }) => name).join(', ')}) SELECT ${literals.join(', ')}
  WHERE NOT EXISTS (SELECT FROM ${table} AS t WHERE ${here.join(' AND ')});\n`;
  }
  const asFound = columns.map((column, index) => isValue(column, replica.values[index] ?? null));
  const where = [...here, ...asFound].join(' AND ');
  if (source === undefined) return `DELETE FROM ${table} AS t WHERE ${where};\n`;
  const set = columns.flatMap((column, index) => {
    const value = source.values[index] ?? null;
    return value === replica.values[index] ? [] : [`${column.name} = ${literal(value, column)}`];
  });
  return `UPDATE ${table} AS t SET ${set.join(', ')} WHERE ${where};\n`;
}

/** A text with a backslash or line break is safe as it is: standard_conforming_strings is on by default since 9.1. */
const literal = (value: string | null, column: WritableColumn | undefined): string =>
  value === null ? 'NULL' : `${quoteLiteral(value)}::${column?.type ?? 'text'}`;

function isKey(column: WritableColumn, value: string | null): string {
  return column.findable && value !== null ? `t.${column.name} = ${literal(value, column)}` : isValue(column, value);
}

function isValue({ form }: WritableColumn, value: string | null): string {
  if (value === null) return `(${form}) IS NULL`;
  if (value.length <= GUARD_MAX) return `(${form}) = ${quoteLiteral(value)}`;
  return `md5(${form}) = ${quoteLiteral(createHash('md5').update(value).digest('hex'))}`;
}
