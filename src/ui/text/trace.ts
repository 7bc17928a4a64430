import type { Trace, TraceEntry } from '../../operations/trace/trace.js';
import { column, type Line, line, span, truncateLine } from './line.js';
import { printable } from './printable.js';

const DELTA_COLUMNS = 10;

/** A key's chronology, one line an entry: time, since the one before, where, its status, and as much of the value as fits; then where it has not been. */
export function traceLines({ check, key, entries, absent }: Trace, columns: number): readonly Line[] {
  const placeColumns = Math.max(...entries.map(({ place }) => place.length)) + 2;
  const atColumns = Math.max(...entries.map((entry) => placeInTopic(entry).length)) + 2;
  const hasStatus = entries.some(({ status }) => status !== undefined);
  const lines: Line[] = [line(span(`${printable(check)}  ${printable(key)}`, 'strong'))];
  for (const [index, entry] of entries.entries()) {
    const status = hasStatus ? column(String(entry.status ?? ''), 5) : '';
    lines.push(
      line(
        `  ${column(timeOf(entry), 14)}`,
        span(column(deltaOf(entry, entries[index - 1]), DELTA_COLUMNS), 'dim'),
        column(entry.place, placeColumns),
        span(column(placeInTopic(entry), atColumns), 'dim'),
        status,
        printable(JSON.stringify(entry.value, jsonValue) ?? ''),
      ),
    );
  }
  if (absent.length > 0) lines.push(line(span(`  not in ${absent.join(', ')}`, 'dim')));
  return lines.map((one) => truncateLine(one, columns));
}

const jsonValue = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);

const placeInTopic = ({ partition, offset }: TraceEntry): string =>
  partition === undefined ? 'row' : `${partition}@${offset}`;

const timeOf = ({ timestampMs }: TraceEntry): string =>
  timestampMs === undefined ? 'now' : new Date(timestampMs).toISOString().slice(11, 23);

function deltaOf({ timestampMs }: TraceEntry, before: TraceEntry | undefined): string {
  if (timestampMs === undefined || before?.timestampMs === undefined) return '';
  const ms = timestampMs - before.timestampMs;
  return ms < 1_000 ? `+${ms} ms` : `+${(ms / 1_000).toFixed(1)} s`;
}
