import type { Trace } from '../../operations/trace/trace.js';
import type { TraceEntry } from '../../operations/trace/trace-entry.js';
import { columnsOf } from '../../support/text-columns.js';
import { column, type Line, line, span, truncateLine, widthOf, wrapLine } from './line.js';
import { printable } from './printable.js';
import { span as howLong } from './quantities.js';

const DELTA_COLUMNS = 10;

/**
 * A key's chronology: time, since the one before, where, its status, which groups have read it, and its value, on the
 * same line where all of it fits, else below, as much as fits; then where the key has not been.
 */
export function traceLines({ check, key, entries, absent }: Trace, columns: number): readonly Line[] {
  const placeColumns = Math.max(0, ...entries.map(({ place }) => place.length)) + 2;
  const atColumns = Math.max(0, ...entries.map((entry) => placeInTopic(entry).length)) + 2;
  const hasStatus = entries.some(({ status }) => status !== undefined);
  const days = new Set(entries.flatMap(({ timestampMs }) => (timestampMs === undefined ? [] : [dayOf(timestampMs)])));
  const lines: Line[] = wrapLine(line(span(`${printable(check)}  ${printable(key)}`, 'strong')), columns, 2);
  for (const [index, entry] of entries.entries()) {
    const head = line(
      days.size > 1 ? `  ${column(entry.timestampMs === undefined ? '' : dayOf(entry.timestampMs), 11)}` : '  ',
      column(timeOf(entry), 14),
      span(column(deltaOf(entry, entries[index - 1]), DELTA_COLUMNS), 'dim'),
      column(entry.place, placeColumns),
      span(column(placeInTopic(entry), atColumns), 'dim'),
      hasStatus ? column(String(entry.status ?? ''), 5) : '',
    );
    const readers = entry.readBy.map(({ name, done }) =>
      line(span(done ? '✓ ' : '… ', done ? 'good' : 'wait'), `${printable(name)}  `),
    );
    const value = printable(JSON.stringify(entry.value, jsonValue) ?? '');
    const whole = [head, ...readers].flat();
    if (widthOf(whole) + columnsOf(value) <= columns) {
      lines.push([...whole, ...line(value)]);
      continue;
    }
    const fits = widthOf(whole) <= columns;
    lines.push(...(fits ? [whole] : wrapLine(head, columns, VALUE_INDENT.length)));
    for (const below of [...(fits ? [] : readers), line(value)])
      lines.push(truncateLine(line(VALUE_INDENT, ...below), columns));
  }
  if (absent.length > 0)
    lines.push(...wrapLine(line(span(`  not in ${absent.join(', ')}`, 'dim')), columns, VALUE_INDENT.length));
  return lines;
}

const VALUE_INDENT = '      ';

const jsonValue = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);

const placeInTopic = ({ partition, offset, timeIs }: TraceEntry): string =>
  partition !== undefined ? `${partition}@${offset}` : timeIs === 'commit' ? 'committed' : 'row';

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

const timeOf = ({ timestampMs }: TraceEntry): string =>
  timestampMs === undefined ? 'now' : new Date(timestampMs).toISOString().slice(11, 23);

function deltaOf({ timestampMs }: TraceEntry, before: TraceEntry | undefined): string {
  if (timestampMs === undefined || before?.timestampMs === undefined) return '';
  const ms = timestampMs - before.timestampMs;
  if (ms >= 100_000) return `+${howLong(ms)}`;
  return ms < 1_000 ? `+${ms} ms` : `+${(ms / 1_000).toFixed(1)} s`;
}
